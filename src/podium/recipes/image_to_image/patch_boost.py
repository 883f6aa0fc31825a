"""LightGBM on each pixel's surroundings: filters, neighbours, the paper behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from podium.protocol import Context, Dense, Rows
from podium.recipes.grown import grown
from podium.recipes.image_to_image.album import framed, inputs, truths
from podium.recipes.image_to_image.filters import Floats32, responses

SHARE = 0.6  # of the time left that learning may take
MEAN_ERRORS = ("mae", "medae")


class PatchBoost:
    """`features`: none. `pixels`: learned from, in all, evenly over the images; half of them where input and twin differ most."""

    def __init__(
        self,
        features: Mapping[str, Any],
        *,
        pixels: int = 120_000,
        rounds: int = 200,
        num_leaves: int = 31,
        learning_rate: float = 0.1,
    ) -> None:
        self.features, self.pixels, self.rounds = dict(features), pixels, rounds
        self.params = {"num_leaves": num_leaves, "learning_rate": learning_rate}

    def fit(self, train: Rows, ctx: Context) -> PatchBoost:
        self.channels = ctx.layout.shape[0]
        whole = ctx.time_left()
        x, y = self._sampled(train, ctx, until=(1.0 - SHARE / 2) * whole)
        params = {
            "objective": "l1" if ctx.metric in MEAN_ERRORS else "l2", "min_data_in_leaf": 30, "feature_fraction": 0.5,
            "bagging_fraction": 0.8, **self.params,
        }  # fmt: skip
        until = (1.0 - SHARE) * whole
        self.models = [grown(x, y[:, kind], params, self.rounds, ctx, until) for kind in range(self.channels)]
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        made = []
        for at in range(len(rows)):
            image = inputs(rows.take(np.array([at])), ctx, self.channels)[0]
            seen = responses(image)
            found = [np.asarray(model.predict(seen, num_threads=ctx.cores)) for model in self.models]
            made.append(np.stack(found).reshape(self.channels, *image.shape[1:]).astype(np.float32))
        return Dense(framed(made, ctx))

    def _sampled(self, train: Rows, ctx: Context, until: float) -> tuple[Floats32, Floats32]:
        rng = np.random.default_rng(ctx.seed)
        assert train.y is not None, "fit is dealt labelled rows"
        each = max(16, self.pixels // len(train))
        seen, clean = [], []
        for at in rng.permutation(len(train))[: max(1, self.pixels // each)]:
            one = train.take(np.array([at]))
            image, twin = inputs(one, ctx, self.channels)[0], truths(train.y[at : at + 1])[0]
            chosen = rng.choice(twin[0].size, size=min(each, twin[0].size), replace=False)
            seen.append(responses(image)[chosen])
            clean.append(twin.reshape(self.channels, -1).T[chosen])
            if ctx.time_left() < until:
                break
        return np.concatenate(seen), np.concatenate(clean)
