"""LightGBM (Ke et al. 2017): histogram gradient boosting, native categories and missing values."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
from lightgbm.callback import EarlyStopException

from podium.protocol import Context
from podium.recipes.tabular.boosted import Boosted, Labelled
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.model import MARGIN_S
from podium.recipes.tabular.target import Floats, Target

OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "l2": "regression", "l1": "regression_l1"}
METRICS = {"binary": "binary_logloss", "multiclass": "multi_logloss", "l2": "l2", "l1": "l1"}


class LightGBM(Boosted):
    """`params` are LightGBM's own names: learning_rate, num_leaves, min_data_in_leaf, feature_fraction, …"""

    def _boost(
        self, data: Labelled, held: Labelled, rounds: int, target: Target, ctx: Context, keep_s: float
    ) -> tuple[Any, int]:
        params = self._params(target, ctx)
        train = lightgbm.Dataset(
            data.values, data.label, weight=data.weight, categorical_feature=data.categorical, params=params
        )
        callbacks, valid = [], []
        if ctx.deadline is not None:
            callbacks.append(deadline(ctx, keep_s))
        if len(held):
            valid.append(lightgbm.Dataset(held.values, held.label, weight=held.weight, reference=train))
            callbacks.append(lightgbm.early_stopping(self.patience, verbose=False))
        booster = lightgbm.train(params, train, rounds, valid_sets=valid, callbacks=callbacks)
        return booster, booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()

    def _params(self, target: Target, ctx: Context) -> dict[str, Any]:
        fixed = {
            "objective": OBJECTIVES[target.loss],
            "metric": METRICS[target.loss],
            "num_class": target.n_classes or 1,
            "num_threads": ctx.cores,
            "seed": ctx.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        return {**fixed, **self.params}

    def _boosted(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        return [np.asarray(booster.predict(matrix.values, num_threads=ctx.cores)) for booster in self.boosters]


def deadline(ctx: Context, keep_s: float) -> Any:
    """A callback that ends boosting when no more than `keep_s` and a margin are left, at the best round there was; at the last
    one where no rows are held back."""
    best: tuple[float, int, list[Any]] | None = None

    def stop(env: Any) -> None:
        nonlocal best
        seen = env.evaluation_result_list or []
        _, _, value, higher_is_better = seen[0][:4] if seen else ("", "", -float(env.iteration), False)
        loss = -value if higher_is_better else value
        if best is None or loss < best[0]:
            best = loss, env.iteration, seen
        if ctx.time_left() < keep_s + MARGIN_S:
            raise EarlyStopException(best[1], best[2])

    return stop
