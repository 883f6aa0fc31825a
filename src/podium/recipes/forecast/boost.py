"""LightGBM on lags: one model for all series and all steps ahead, each in the unit of its own last values; one a quantile.

A row is a series at an origin and a step ahead: what came before the origin, the same phase of past periods, the calendar and
what is known of the step that is asked (prices, promotions). The answer is the difference to the origin's level, in the
series' unit, so that series of all sizes teach each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import lightgbm
import numpy as np
from numpy.typing import NDArray

from podium.metrics.distributions import levels_in
from podium.protocol import Context, Dense, Rows
from podium.recipes.forecast.lags import Lags
from podium.recipes.forecast.panel import Panel
from podium.recipes.forecast.paths import cleared

Floats = NDArray[np.float64]
L1 = ("mae", "smape", "mape", "mase", "wmae", "medae")
SAVED_S = 2.0  # left for what comes after boosting
CLIP = 12.0  # units an answer may lie from its level


class BoostedLags:
    """`features`: `horizon`, `period` (0: found), `known` columns of the future; `log` where all values are positive.

    Other parameters are LightGBM's own. `points`: rows of training at most.
    """

    def __init__(
        self, features: Mapping[str, Any] | None = None, rounds: int = 300, points: int = 200_000, log: bool = False,
        lags: int = 16, **params: Any,
    ) -> None:  # fmt: skip
        self.features, self.params = dict(features or {}), params
        self.rounds, self.points, self.log, self.lags = rounds, points, log, lags
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        horizon = max(1, int(self.features.get("horizon", 1)))
        panel = Panel.of(train, train.y)
        self.logs = self.log and all((y > 0).all() for y in panel.values)
        _, _, period = cleared(panel, train, self.features)
        table = Lags.of(panel, train, tuple(self.features.get("known", ())), horizon, period, self.lags, self.logs)
        x, target, weight = table.training(
            self.points, ctx.metric in ("smape", "mape"), np.random.default_rng(ctx.seed)
        )
        params = {
            "objective": "regression_l1" if ctx.metric in L1 else "regression",
            "num_threads": ctx.cores, "seed": ctx.seed, "deterministic": True, "force_row_wise": True, "verbosity": -1,
            "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 50, "feature_fraction": 0.7,
            "bagging_fraction": 0.7, "bagging_freq": 1, **self.params,
        }  # fmt: skip
        self.boosters = []
        for left, asked in enumerate(forms := _forms(levels_in(ctx.metric))):
            now = {**params, **asked}
            data = lightgbm.Dataset(x, np.clip(target, -CLIP, CLIP), weight=weight, params=now)
            callbacks = [] if ctx.deadline is None else [_in_time(ctx, 1 - 1 / (len(forms) - left))]
            self.boosters.append(lightgbm.train(now, data, self.rounds, callbacks=callbacks))
        self.table = table.last()
        self.notes["period"] = period
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        x, level, unit = self.table.asked(rows)
        found = [np.asarray(booster.predict(x, num_threads=ctx.cores)) for booster in self.boosters]
        values = level[:, None] + unit[:, None] * np.clip(np.column_stack(found), -CLIP, CLIP)
        values = np.exp(values) if self.logs else values
        low, high = self.table.bounds(rows)
        return Dense(np.clip(values, low[:, None], high[:, None]))


def _forms(levels: tuple[float, ...]) -> list[dict[str, Any]]:
    """A booster each: one of values, or one a quantile (Koenker and Bassett 1978)."""
    return [{"objective": "quantile", "alpha": level} for level in levels] or [{}]


def _in_time(ctx: Context, share: float) -> Any:
    """A callback that ends boosting where its time does: `share` of what is left now is for the boosters after it."""
    kept = SAVED_S + share * max(0.0, ctx.time_left() - SAVED_S)

    def stop(env: Any) -> None:
        if ctx.time_left() < kept:
            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])

    return stop
