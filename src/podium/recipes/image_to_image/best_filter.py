"""The one classical filter that comes nearest to the twins, followed by the curve of tones that fits them best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from podium.protocol import Context, Dense, Rows
from podium.recipes.image_to_image.album import framed, inputs, truths
from podium.recipes.image_to_image.filters import FILTERS, Floats32

TONES = 64
LOOKED_AT = 24  # images that filters are tried on
SHARE = 0.6  # of the time left that trying may take


class BestFilter:
    """`features`: `filters`, names of those tried (all). Least squares: the curve is the mean of the twins' values by tone."""

    def __init__(self, features: Mapping[str, Any]) -> None:
        self.names = tuple(features.get("filters", FILTERS))

    def fit(self, train: Rows, ctx: Context) -> BestFilter:
        until = (1.0 - SHARE) * ctx.time_left()
        some = train.take(np.arange(0, len(train), max(1, len(train) // LOOKED_AT)))
        assert some.y is not None, "fit is dealt labelled rows"
        self.channels = ctx.layout.shape[0]
        shown, clean = inputs(some, ctx, self.channels), truths(some.y)
        best = np.inf
        for name in self.names:
            if np.isfinite(best) and ctx.time_left() < until:
                break
            found = np.concatenate([FILTERS[name](p).reshape(-1) for image in shown for p in image[: self.channels]])
            curve, error = _curve(found, np.concatenate([plane.reshape(-1) for image in clean for plane in image]))
            if error < best:
                best, self.name, self.curve = error, name, curve
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        made = []
        for at in range(len(rows)):
            image = inputs(rows.take(np.array([at])), ctx, self.channels)[0][: self.channels]
            tones = [FILTERS[self.name](plane) for plane in image]
            made.append(np.interp(np.stack(tones), np.linspace(0.0, 1.0, TONES), self.curve).astype(np.float32))
        return Dense(framed(made, ctx))


def _curve(found: Floats32, clean: Floats32) -> tuple[Floats32, float]:
    """(values at `TONES` tones, mean squared error): straight lines between tones, by least squares on their hat functions."""
    at = np.clip(found, 0.0, 1.0) * (TONES - 1)
    low = np.minimum(at.astype(np.int64), TONES - 2)
    share = at - low
    gram, target = np.zeros((TONES, TONES)), np.zeros(TONES)
    for shift_a, weight_a in ((0, 1 - share), (1, share)):
        target += np.bincount(low + shift_a, weight_a * clean, minlength=TONES)
        for shift_b, weight_b in ((0, 1 - share), (1, share)):
            np.add.at(gram, (np.arange(TONES - 1) + shift_a, np.arange(TONES - 1) + shift_b),
                      np.bincount(low, weight_a * weight_b, minlength=TONES)[: TONES - 1])  # fmt: skip
    smooth = np.diff(np.eye(TONES), n=2, axis=0)
    curve = np.linalg.solve(gram + 1e-3 * len(found) / TONES * smooth.T @ smooth + 1e-6 * np.eye(TONES), target)
    error = float(np.mean((curve[low] * (1 - share) + curve[low + 1] * share - clean) ** 2))
    return curve.astype(np.float32), error
