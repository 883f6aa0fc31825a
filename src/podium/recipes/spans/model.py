"""What every span model shares: reading, marks, the way from weighted spans of words to probabilities of characters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from podium.packing import spans
from podium.protocol import Context, Dense, Rows
from podium.recipes.portions import portions
from podium.recipes.spans.marks import Ends, Marks
from podium.recipes.spans.passages import Passages, Reader

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PORTION = 8_000_000  # characters that are predicted at a time


@dataclass(frozen=True)
class Weighted:
    """Spans of words, any number a row: `row`, `first`, `last` `(s,)`, and `weight`, which sums to 1 in each row."""

    row: Ints
    first: Ints
    last: Ints
    weight: Floats


class SpanModel(ABC):
    """Subclasses learn which words; where the ends lie among the characters is learned here (`marks.Ends`).

    `notes` holds facts worth recording, as JSON. `most_words`: of all texts that are learned from; None without a limit.
    """

    most_words: ClassVar[int | None] = None

    def __init__(self, features: Mapping[str, Any] | None = None) -> None:
        self.features: dict[str, Any] = dict(features or {})
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train` must be labelled, with the answers as texts."""
        assert train.y is not None, "fit needs labelled rows"
        self.reader, self.ends = Reader(train, ctx), Ends()
        passages = self.reader.read(train)
        marks = self.ends.fit(passages, [str(answer) for answer in train.y])
        self.notes |= {"rows": len(train), "found": int((marks.first >= 0).sum()), "passage": self.reader.column}
        known = np.flatnonzero(marks.first >= 0)
        if not len(known):
            raise ValueError("no answer lies in its text")
        known = self._drawn(known, passages.sizes[known], ctx)
        self._fit(self.reader.read(train.take(known)), Marks(marks.first[known], marks.last[known]), ctx)
        return self

    def _drawn(self, known: Ints, sizes: Ints, ctx: Context) -> Ints:
        """All, or as many at random as hold the words that the model has memory for."""
        if self.most_words is None or int(sizes.sum()) <= self.most_words:
            return known
        order = np.random.default_rng([ctx.seed, 2]).permutation(len(known))
        fits = order[: max(1, int(np.searchsorted(np.cumsum(sizes[order]), self.most_words, "right")))]
        self.notes["learned"] = len(fits)
        return known[np.sort(fits)]

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """Characters' probabilities. Some rows at a time: their candidates are many."""
        sizes = self.reader.lengths(rows)
        found = [self._painted(self.reader.read(some), ctx) for some in portions(rows, sizes, PORTION)]
        return Dense(np.concatenate([one.values for one in found]))

    def _painted(self, passages: Passages, ctx: Context) -> Dense:
        found = self._spans(passages, ctx)
        p = [np.zeros(len(text)) for text in passages.texts]
        for row, first, last, weight in zip(
            found.row.tolist(), found.first.tolist(), found.last.tolist(), found.weight.tolist(), strict=True
        ):
            self.ends.paint(p[row], passages, row, first, last, weight)
        return spans(passages.texts, [np.clip(one, 0.0, 1.0) for one in p], ctx.layout)

    @abstractmethod
    def _fit(self, passages: Passages, marks: Marks, ctx: Context) -> None: ...

    @abstractmethod
    def _spans(self, passages: Passages, ctx: Context) -> Weighted:
        """Spans of rows that have words; rows without have none."""
