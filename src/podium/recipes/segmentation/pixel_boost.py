"""LightGBM on each pixel's surroundings: no net, no GPU; what a first submission is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.grown import grown
from podium.recipes.segmentation.filters import contexts, responses
from podium.recipes.segmentation.reader import Reader, truths
from podium.tasks.resize import resized

SHARE = 0.7  # of the time left that growing trees may take
POSITIVES = 0.4  # of the pixels learned from, as far as there are so many
SIDE = 96  # longest side worked on, where no other is asked for

Bytes = NDArray[np.uint8]
Floats32 = NDArray[np.float32]


class PixelBoost:
    """`features`: as of `UNet` (`side`, `frames`, `differences`). `pixels`: learned from, in all. `context`: whether a second
    model sees what a first one, that never saw the image, believes around the pixel (auto-context: Tu and Bai 2010)."""

    def __init__(
        self,
        features: Mapping[str, Any],
        *,
        pixels: int = 150_000,
        rounds: int = 150,
        num_leaves: int = 31,
        learning_rate: float = 0.08,
        context: bool = False,
        smooth: float = 1.0,
    ) -> None:
        self.features, self.pixels, self.context, self.smooth = dict(features), pixels, context, smooth
        self.params = {"num_leaves": num_leaves, "learning_rate": learning_rate}
        self.rounds = rounds
        self.models: list[list[Any]] = []  # of each class: the first model, and the second

    def fit(self, train: Rows, ctx: Context) -> PixelBoost:
        grid = (ctx.layout.shape[1], ctx.layout.shape[2])
        scale = min(1.0, int(self.features.get("side", SIDE)) / max(grid))
        self.size = (max(1, round(scale * grid[0])), max(1, round(scale * grid[1])))
        self.reader = Reader.learn(train, ctx, self.size, self.features)
        images = self.reader.read(train)
        assert train.y is not None, "fit is dealt labelled rows"
        answers = truths(train.y, self.size)
        self.seconds = SHARE * ctx.time_left() / (ctx.layout.shape[0] * (4 if self.context else 1))
        self.models = [self._of_class(images, answers[:, kind], ctx) for kind in range(answers.shape[1])]
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        out = np.empty((len(rows), *ctx.layout.shape), dtype=ctx.layout.dtype)
        for start in range(0, len(rows), 64):
            part = rows.take(np.arange(start, min(start + 64, len(rows))))
            for at, image in enumerate(self.reader.read(part)):
                seen = responses(image)
                found = np.stack([self._probability(models, seen, ctx) for models in self.models])
                out[start + at] = np.clip(resized(found, *ctx.layout.shape[1:]), 0.0, 1.0)
        return Dense(out.reshape(len(rows), -1))

    def _probability(self, models: list[Any], seen: Floats32, ctx: Context) -> Floats32:
        from scipy import ndimage

        found = _predicted(models[0], seen, self.size, ctx)
        for second in models[1:]:
            found = _predicted(second, np.hstack([seen, contexts(found)]), self.size, ctx)
        return np.asarray(ndimage.gaussian_filter(found, self.smooth) if self.smooth else found, dtype=np.float32)

    def _of_class(self, images: Bytes, answers: Bytes, ctx: Context) -> list[Any]:
        every = np.arange(len(images))
        first = self._boosted(*self._sampled(images, answers, every, ctx), ctx)
        if not self.context or len(images) < 4:
            return [first]
        parts = []
        for half in (0, 1):
            blind = self._boosted(*self._sampled(images, answers, every[every % 2 != half], ctx), ctx)
            parts.append(self._sampled(images, answers, every[every % 2 == half], ctx, blind))
        x, y, weight = (np.concatenate(of) for of in zip(*parts, strict=True))
        return [first, self._boosted(x, y, weight, ctx)]

    def _sampled(
        self, images: Bytes, answers: Bytes, rows: NDArray[np.int64], ctx: Context, before: Any = None
    ) -> tuple[Floats32, Floats32, Floats32]:
        """Some pixels of these images, (features, soft truth, weight): the object's more often, and weighing less for it."""
        rng = np.random.default_rng([ctx.seed, len(rows)])
        per_image = max(8, self.pixels // max(len(rows), 1))
        step = max(1, -(-len(rows) * 8 // self.pixels))
        parts = []
        for row in rows[::step]:
            flat = answers[row].reshape(-1)
            at, rate = _chosen(flat > 127, per_image, rng)
            x = responses(images[row])
            if before is not None:
                x = np.hstack([x, contexts(_predicted(before, x, self.size, ctx))])
            parts.append((x[at], flat[at] / np.float32(255.0), rate))
        x, y, weight = (np.concatenate(of).astype(np.float32) for of in zip(*parts, strict=True))
        return x, y, weight

    def _boosted(self, x: Floats32, y: Floats32, weight: Floats32, ctx: Context) -> Any:
        params = {
            "objective": "cross_entropy", "min_data_in_leaf": 40, "feature_fraction": 0.6, "bagging_fraction": 0.8,
            "lambda_l2": 1.0, **self.params,
        }  # fmt: skip
        return grown(x, y, params, self.rounds, ctx, ctx.time_left() - self.seconds, weight / weight.mean())


def _chosen(object_: NDArray[np.bool_], count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats32]:
    """(positions, weight of each): the inverse of how likely it was to be chosen."""
    inside, outside = np.flatnonzero(object_), np.flatnonzero(~object_)
    most = min(len(inside), max(round(POSITIVES * count), count - len(outside)))
    a, b = rng.permutation(inside)[:most], rng.permutation(outside)[: count - most]
    weights = [np.full(len(part), len(of) / max(len(part), 1)) for part, of in ((a, inside), (b, outside))]
    return np.concatenate([a, b]), np.concatenate(weights).astype(np.float32)


def _predicted(model: Any, x: Floats32, size: tuple[int, int], ctx: Context) -> Floats32:
    return np.asarray(model.predict(x, num_threads=ctx.cores), dtype=np.float32).reshape(size)
