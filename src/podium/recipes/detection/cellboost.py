"""A detector without a net: boosted trees say how likely each cell of a grid is a centre, and how far its box reaches.

The same heat maps, distances and peaks as the net's (`targets`, `peaks`), learnt by LightGBM from `cells`: a first answer
within seconds on one core, and one where torch is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import lightgbm
import numpy as np
from lightgbm.callback import EarlyStopException
from numpy.typing import NDArray
from scipy import ndimage

from podium.packing import boxes
from podium.protocol import Context, Dense, Rows
from podium.recipes.detection.cells import features
from podium.recipes.detection.peaks import onto_image, suppress
from podium.recipes.detection.pictures import Pictures, file_column, longest_for
from podium.recipes.detection.targets import draw

Floats = NDArray[np.float32]
FLOOR, OVERLAP, PEAKS = 0.003, 0.5, 4
LEAST = 0.02  # of heat: a cell below it is background
BACKGROUND = 2.0  # cells of background a cell of something
MOST_CELLS = 120_000  # learnt from
MOST_SIDES = 40_000
MOST_IMAGES = 3_000  # looked at
SEEN = 2.5  # cells that a box of the smallest class takes, where the boxes decide the size
BOUNDS = (160, 512)  # pixels of the longer side then
SHARE = 0.75  # of the time left, for fitting
DEFAULTS: dict[str, Any] = {
    "size": 160,
    "cell": 4,
    "rounds": 120,
    "num_leaves": 31,
    "learning_rate": 0.1,
    "smooth": 0.7,
}


class CellBoost:
    """params: size (pixels of the longer side; 0: as the boxes need it), cell (pixels), rounds, num_leaves, learning_rate,
    smooth (cells: how much heat is blurred before its peaks are taken)."""

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        self.features = dict(features or {})
        self.params = {**DEFAULTS, **params}
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train.y`: boxes `(m, 5)` a row, in pixels of the files."""
        assert train.y is not None, "fit needs labelled rows"
        p, rng = self.params, np.random.default_rng(ctx.seed)
        given = [np.asarray(of, dtype=np.float64).reshape(-1, 5) for of in train.y]

        def longest(sizes: NDArray[np.int64]) -> int:
            return int(p["size"]) or longest_for(given, sizes, SEEN * p["cell"], BOUNDS)

        pictures = Pictures(train, file_column(ctx.schema), longest=longest)
        self.canvas, self.n_classes = pictures.canvas, max(1, len(ctx.classes))
        until = (1 - SHARE) * ctx.time_left() if ctx.deadline is not None else 0.0
        looks, heat, sides, weight = self._learnt(pictures, given, rng, ctx, until)
        models = self.n_classes + 4
        told = np.flatnonzero(weight > 0)[:MOST_SIDES]
        self.boosters: list[str] = []
        for at in range(models):
            keep = until + (ctx.time_left() - until) * (1 - 1 / (models - at)) if ctx.deadline is not None else 0.0
            if at < self.n_classes:
                data, objective = lightgbm.Dataset(looks, np.ascontiguousarray(heat[:, at])), "cross_entropy"
            else:
                reach = np.log(np.maximum(sides[told, at - self.n_classes], 0.5))
                data, objective = lightgbm.Dataset(looks[told], reach, weight=weight[told]), "regression"
            self.boosters.append(self._boosted(data, objective, ctx, keep))
        self.notes |= {"cells": len(looks), "canvas": list(self.canvas)}
        return self

    def _learnt(
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
            boxes_ = pictures.laid(truth[row], row)
            heat, sides, weight = draw(boxes_, self.n_classes, grid, cell)
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

    def _boosted(self, data: lightgbm.Dataset, objective: str, ctx: Context, keep_s: float) -> str:
        p = self.params
        params = {
            "objective": objective, "num_leaves": p["num_leaves"], "learning_rate": p["learning_rate"],
            "min_data_in_leaf": 20, "feature_fraction": 0.4, "bagging_fraction": 0.7, "bagging_freq": 1,
            "num_threads": ctx.cores, "seed": ctx.seed, "deterministic": True, "force_row_wise": True, "verbose": -1,
        }  # fmt: skip

        def stop(env: Any) -> None:
            if ctx.time_left() < keep_s:
                raise EarlyStopException(env.iteration, env.evaluation_result_list or [])

        callbacks = [stop] if ctx.deadline is not None else None
        text: str = lightgbm.train(params, data, p["rounds"], callbacks=callbacks).model_to_string()
        return text

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """The surest boxes of each image, in its own pixels."""
        boosters = [lightgbm.Booster(model_str=text) for text in self.boosters]
        pictures, most = Pictures(rows, file_column(ctx.schema), self.canvas), ctx.layout.shape[0]
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
        size = (int(pictures.sizes[row, 0]), int(pictures.sizes[row, 1]))
        return suppress(onto_image(listed, float(pictures.scale[row]), size), OVERLAP, most)
