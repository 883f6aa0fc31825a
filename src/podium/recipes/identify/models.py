"""Classes by the examples nearest to a row: a kernel density of each class in a whitened space.

A class's score is log Σ exp(-d²/2T) over its examples, less a share of log of how many it has; T and the share are chosen by
leaving training rows out one at a time. Memory is a block of rows by the training rows: nothing grows with classes but lists.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.packing import NO_ITEM
from podium.protocol import Context, Dense, Layout, Rows
from podium.recipes.identify.texts import TextVectors
from podium.recipes.identify.whitening import Whitening
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.vision.encoder import PictureEncoder
from podium.recipes.vision.measure import measure_files

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCK = 4_000_000  # numbers of one block of likenesses
PROBED = 400  # training rows left out to choose by
HEATS = (0.02, 0.04, 0.08, 0.15, 0.3)
PRIORS = (0.0, 0.5, 1.0)  # shares of a class's size that count for it
FLOOR = 1e-7  # probability of a class without examples


class Nearest(ABC):
    """`shrink`, `length`: see `Whitening`; `heat` 0: chosen. Everything is fitted on the rows dealt to `fit` alone."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, shrink: float = 0.1, length: bool = True, heat: float = 0.0
    ) -> None:
        self.features = dict(features or {})
        self.features.pop("files", None)
        self.shrink, self.length, self.heat, self.prior = shrink, length, heat, 0.5
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        codes = train.y.astype(np.int64)
        order = np.argsort(codes, kind="stable")
        values = self._vectors(_without_classes(train), replace(ctx, task_type="regression", n_outputs=1))[order]
        self.space = Whitening(values, codes[order], self.shrink, self.length)
        self.examples = self.space(values)
        self.codes, self.starts, self.counts = np.unique(codes[order], return_index=True, return_counts=True)
        self.layout, self.n_classes = ctx.layout, max(len(ctx.classes), int(codes.max()) + 1)
        if not self.heat:
            self.heat, self.prior = self._choose(ctx)
        self.notes |= {"heat": self.heat, "prior": self.prior}
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """Class probabilities `(n, K)`, or ranked lists where the layout is one."""
        values = self.space(self._again(rows, ctx))
        return Dense(
            np.concatenate(
                [_answers(scores, self.codes, self.n_classes, self.layout) for scores in self._scored(values)]
            )
        )

    @abstractmethod
    def _vectors(self, train: Rows, ctx: Context) -> NDArray[np.float32]:
        """`(n, d)`, what makes them fitted."""

    @abstractmethod
    def _again(self, rows: Rows, ctx: Context) -> NDArray[np.float32]: ...

    def _scored(self, values: NDArray[np.float32]) -> Iterator[Floats]:
        """Scores `(block, classes seen)`, block after block; one empty block for no rows."""
        size = max(1, BLOCK // max(1, len(self.examples)))
        for start in range(0, max(1, len(values)), size):
            yield self._scores(self._likeness(values[start : start + size]), self.heat, self.prior)

    def _likeness(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """-d²/2 to every example."""
        squares = 0.5 * (self.examples**2).sum(axis=1)
        own = 0.5 * (values**2).sum(axis=1, keepdims=True)
        return np.asarray(values @ self.examples.T - squares - own, dtype=np.float32)

    def _scores(self, likeness: NDArray[np.float32], heat: float, prior: float, dropped: Ints | None = None) -> Floats:
        """`dropped`: the example that each row is, and does not see."""
        if dropped is not None:
            likeness = likeness.copy()
            likeness[np.arange(len(likeness)), dropped] = -np.inf
        best = np.maximum.reduceat(likeness, self.starts, axis=1)
        counts = np.repeat(np.arange(len(self.counts)), self.counts)
        shifted = np.where(np.isfinite(likeness), likeness, -1e9) - np.where(np.isfinite(best), best, 0.0)[:, counts]
        sums = np.add.reduceat(np.exp(np.maximum(shifted / heat, -60.0)), self.starts, axis=1)
        found = np.where(np.isfinite(best), best, -1e6) / heat + np.log(np.maximum(sums, 1e-30))
        return np.asarray(found - (1.0 - prior) * np.log(self.counts), dtype=np.float64)

    def _choose(self, ctx: Context) -> tuple[float, float]:
        """Heat and prior with the best mean reciprocal rank of rows left out; the middle ones where no class has two rows."""
        of_class = np.repeat(np.arange(len(self.counts)), self.counts)
        pairs = np.flatnonzero(self.counts[of_class] > 1)
        if not len(pairs):
            return HEATS[len(HEATS) // 2], 0.0
        probed = np.sort(
            np.random.default_rng(ctx.seed).permutation(pairs)[: min(PROBED, max(20, BLOCK // len(of_class)))]
        )
        likeness, wanted, best = self._likeness(self.examples[probed]), of_class[probed], (-1.0, HEATS[0], 0.0)
        for heat in HEATS:
            plain = self._scores(likeness, heat, 1.0, probed)
            for prior in PRIORS:
                scores = plain - (1.0 - prior) * np.log(self.counts)
                own = scores[np.arange(len(probed)), wanted][:, None]
                merit = float((1.0 / (1.0 + (scores > own).sum(axis=1))).mean())
                best = max(best, (merit, heat, prior))
            if ctx.time_left() < 5.0:
                break
        self.notes["left_out"] = round(best[0], 4)
        return best[1], best[2]


def _without_classes(train: Rows) -> Rows:
    """What encoders are shown: they would make a table of rows by classes."""
    return Rows(train._source, train.ids, y=np.zeros(len(train)), weight=train.weight, files=train._files)


def _answers(scores: Floats, codes: Ints, n_classes: int, layout: Layout) -> NDArray[Any]:
    """Scores of the classes seen `(n, m)` as the layout wants them."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    if layout.kind == "dense":
        out = np.full((len(scores), n_classes), FLOOR)
        out[:, codes] = np.maximum(shares, FLOOR)
        return np.asarray(out / out.sum(axis=1, keepdims=True))
    most = min(layout.shape[0], scores.shape[1])
    part = np.argpartition(-scores, most - 1, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(scores, part, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(part, order, axis=1)
    lists = np.zeros((len(scores), *layout.shape), dtype=layout.dtype)
    lists[:, :, 0] = NO_ITEM
    lists[:, :most, 0] = codes[best]
    lists[:, :most, 1] = np.maximum(np.take_along_axis(shares, best, axis=1), 1e-300)
    return lists


class NearestRows(Nearest):
    """Rows of a table."""

    def _vectors(self, train: Rows, ctx: Context) -> NDArray[np.float32]:
        self.encoder: Any = Encoder(view="dense", **self.features)
        return np.asarray(self.encoder.fit_transform(train, ctx).values, dtype=np.float32)

    def _again(self, rows: Rows, ctx: Context) -> NDArray[np.float32]:
        return np.asarray(self.encoder.transform(rows).values, dtype=np.float32)


class NearestPictures(NearestRows):
    """Images, by hand-made measures or a frozen backbone, with the table's columns beside."""

    def _vectors(self, train: Rows, ctx: Context) -> NDArray[np.float32]:
        self.encoder = PictureEncoder("dense", **{"components": 200, **self.features})
        return np.asarray(self.encoder.fit_transform(train, ctx).values, dtype=np.float32)


class NearestTexts(Nearest):
    """Texts, as the leading directions of their weighted n-grams."""

    def _vectors(self, train: Rows, ctx: Context) -> NDArray[np.float32]:
        self.vectors = TextVectors(**self.features)
        return self.vectors.fit_transform(train, ctx)

    def _again(self, rows: Rows, ctx: Context) -> NDArray[np.float32]:
        return self.vectors.transform(rows)


__all__ = ["Nearest", "NearestPictures", "NearestRows", "NearestTexts", "measure_files"]
