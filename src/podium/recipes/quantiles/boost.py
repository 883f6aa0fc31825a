"""LightGBM with the pinball loss (Koenker and Bassett 1978): a booster a level, on one matrix of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import lightgbm
import numpy as np

from podium.metrics.distributions import levels_in
from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.lightgbm_model import deadline
from podium.recipes.tabular.model import split_positions


class QuantileBoost:
    """`features` of `tabular.Encoder`. `rounds` at most a booster; `patience` rounds without progress on a held-back `share` of
    the rows end it. Everything in `params` goes to LightGBM as it is."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, rounds: int = 400, patience: int = 30, share: float = 0.1, **params: Any
    ) -> None:  # fmt: skip
        self.features, self.params = dict(features or {}), params
        self.rounds, self.patience, self.share = rounds, patience, share
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        self.encoder = Encoder(view="tree", **self.features)
        matrix = self.encoder.fit_transform(train, ctx)
        most, held = split_positions(train, ctx, self.share)
        levels = levels_in(ctx.metric)
        self.low, self.high = float(train.y.min()), float(train.y.max())
        self.boosters = []
        for done, level in enumerate(levels):
            keep_s = ctx.time_left() * (1 - 1 / (len(levels) - done)) if ctx.deadline is not None else 0.0
            params = {
                "num_threads": ctx.cores, "seed": ctx.seed, "deterministic": True, "force_row_wise": True, "verbosity": -1,
                **self.params, "objective": "quantile", "alpha": level, "metric": "quantile",
            }  # fmt: skip
            data = lightgbm.Dataset(
                matrix.values[most], train.y[most], weight=train.weight[most],
                categorical_feature=matrix.categorical, params=params,
            )  # fmt: skip
            watched = lightgbm.Dataset(matrix.values[held], train.y[held], weight=train.weight[held], reference=data)
            stops = [lightgbm.early_stopping(self.patience, verbose=False)]
            stops += [deadline(ctx, keep_s)] if ctx.deadline is not None else []
            self.boosters.append(lightgbm.train(params, data, self.rounds, valid_sets=[watched], callbacks=stops))
        self.notes["best_iteration"] = [booster.best_iteration for booster in self.boosters]
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        values = self.encoder.transform(rows).values
        found = [np.asarray(booster.predict(values, num_threads=ctx.cores)) for booster in self.boosters]
        return Dense(np.clip(np.column_stack(found), self.low, self.high))
