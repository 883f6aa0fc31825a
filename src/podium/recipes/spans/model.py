"""What every span model shares: reading, marks, the way from weighted spans of words to probabilities of characters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.packing import spans
from podium.protocol import Context, Dense, Rows
from podium.recipes.spans.marks import Ends, Marks
from podium.recipes.spans.passages import Passages, Reader

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Weighted:
    """Spans of words, any number a row: `row`, `first`, `last` `(s,)`, and `weight`, which sums to 1 in each row."""

    row: Ints
    first: Ints
    last: Ints
    weight: Floats


class SpanModel(ABC):
    """Subclasses learn which words; where the ends lie among the characters is learned here (`marks.Ends`).

    `notes` holds facts worth recording, as JSON.
    """

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
        self._fit(self.reader.read(train.take(known)), Marks(marks.first[known], marks.last[known]), ctx)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        passages = self.reader.read(rows)
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
