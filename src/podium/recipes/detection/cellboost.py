"""A detector without a net: boosted trees say how likely each cell of a grid is a centre, and how far its box reaches.

The same heat maps, distances and peaks as the net's (`targets`, `peaks`), learnt by LightGBM from `cells`: a first answer
within seconds on one core, and one where torch is not installed.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from podium.packing import boxes
from podium.protocol import Context, Dense, Rows
from podium.recipes.detection.cells import features
from podium.recipes.detection.detector import PeakDetector
from podium.recipes.detection.pictures import Pictures
from podium.recipes.detection.targets import draw
from podium.recipes.grown import grown

Floats = NDArray[np.float32]
FLOOR, PEAKS = 0.003, 4
LEAST = 0.02  # of heat: a cell below it is background
BACKGROUND = 2.0  # cells of background a cell of something
MOST_CELLS = 120_000  # learnt from
MOST_SIDES = 40_000
MOST_IMAGES = 3_000  # looked at
SHARE = 0.75  # of the time left, for fitting


class CellBoost(PeakDetector):
    """params: size, cell (pixels), rounds, num_leaves, learning_rate, smooth (cells: how much heat is blurred before its
    peaks are taken)."""

    defaults: ClassVar[dict[str, Any]] = {
        "size": 160, "cell": 4, "rounds": 120, "num_leaves": 31, "learning_rate": 0.1, "smooth": 0.7,
    }  # fmt: skip
    bounds = (160, 512)
    overlap = 0.5

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train.y`: boxes `(m, 5)` a row, in pixels of the files."""
        rng = np.random.default_rng(ctx.seed)
        pictures, truth = self.learnt(train, ctx, int(self.params["cell"]))
        until = (1 - SHARE) * ctx.time_left() if ctx.deadline is not None else 0.0
        looks, heat, sides, weight = self._cells(pictures, truth, rng, ctx, until)
        models = self.n_classes + 4
        told = np.flatnonzero(weight > 0)[:MOST_SIDES]
        self.boosters: list[str] = []
        for at in range(models):
            keep = until + (ctx.time_left() - until) * (1 - 1 / (models - at)) if ctx.deadline is not None else 0.0
            if at < self.n_classes:
                text = self._boosted("cross_entropy", looks, np.ascontiguousarray(heat[:, at]), ctx, keep)
            else:
                reach = np.log(np.maximum(sides[told, at - self.n_classes], 0.5))
                text = self._boosted("regression", looks[told], reach, ctx, keep, weight[told])
            self.boosters.append(text)
        self.notes |= {"cells": len(looks), "canvas": list(self.canvas)}
        return self

    def _cells(
        self, pictures: Pictures, truth: list[NDArray[np.float64]], rng: np.random.Generator, ctx: Context, until: float
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """(features, heat, sides, weight) of cells: all that belong to something, and some of the background."""
        cell = int(self.params["cell"])
        parts: list[tuple[Floats, Floats, Floats, Floats]] = []
        share, wait = MOST_CELLS / max(1, min(len(pictures), MOST_IMAGES)), ctx.time_left()
        for row in rng.permutation(len(pictures))[:MOST_IMAGES]:
            if parts and ctx.deadline is not None and ctx.time_left() < until + 0.6 * (wait - until):
                break  # what was looked at has to do
            grid = (self.canvas[0] // cell, self.canvas[1] // cell)
            heat, sides, weight = draw(truth[row], self.n_classes, grid, cell)
            flat = heat.reshape(self.n_classes, -1)
            something = np.flatnonzero(flat.max(axis=0) > LEAST)
            nothing = np.flatnonzero(flat.max(axis=0) <= LEAST)
            few = rng.permutation(nothing)[: max(20, int(BACKGROUND * len(something)))]
            at = np.concatenate([something, few])
            at = rng.permutation(at)[: max(20, int(share))]
            looks = features(pictures[np.array([row])][0], cell)[at]
            parts.append((looks, flat[:, at].T, sides.reshape(4, -1)[:, at].T, weight.reshape(-1)[at]))
        looks, heats, reaches, weights = (
            np.ascontiguousarray(np.concatenate(part)) for part in zip(*parts, strict=True)
        )
        return looks, heats, reaches, weights

    def _boosted(
        self, objective: str, x: Floats, y: Floats, ctx: Context, keep_s: float, weight: Floats | None = None
    ) -> str:
        p = self.params
        params = {
            "objective": objective, "num_leaves": p["num_leaves"], "learning_rate": p["learning_rate"],
            "min_data_in_leaf": 20, "feature_fraction": 0.4, "bagging_fraction": 0.7,
        }  # fmt: skip
        text: str = grown(x, y, params, p["rounds"], ctx, keep_s, weight).model_to_string()
        return text

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """The surest boxes of each image, in its own pixels."""
        boosters = [lightgbm.Booster(model_str=text) for text in self.boosters]
        pictures, most = self.asked(rows, ctx), ctx.layout.shape[0]
        found = [self._found(boosters, pictures, row, most, ctx.cores) for row in range(len(rows))]
        return boxes(found, ctx.layout)

    def _found(
        self, boosters: list[lightgbm.Booster], pictures: Pictures, row: int, most: int, cores: int
    ) -> NDArray[np.float64]:
        if not pictures.sizes[row, 0]:
            return np.zeros((0, 6))
        cell = int(self.params["cell"])
        height, width = self.canvas[0] // cell, self.canvas[1] // cell
        looks = features(pictures[np.array([row])][0], cell)
        heat = np.stack([b.predict(looks, num_threads=cores) for b in boosters[: self.n_classes]])
        heat = heat.reshape(self.n_classes, height, width)
        blurred = ndimage.gaussian_filter(heat, (0, self.params["smooth"], self.params["smooth"]))
        tops = np.argwhere((blurred >= ndimage.maximum_filter(blurred, (1, 3, 3))) & (blurred > FLOOR))
        tops = tops[np.argsort(-blurred[tuple(tops.T)], kind="stable")][: PEAKS * most]
        if not len(tops):
            return np.zeros((0, 6))
        at = tops[:, 1] * width + tops[:, 2]
        reach = np.exp(np.stack([b.predict(looks[at], num_threads=cores) for b in boosters[self.n_classes :]], axis=1))
        centre = (tops[:, [2, 1]] + 0.5) * cell
        corners = np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], axis=1)
        listed = np.column_stack([tops[:, 0], corners, blurred[tuple(tops.T)].clip(0, 1)])
        return self.kept(listed, pictures, row, most)
