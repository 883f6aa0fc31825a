"""Metrics of ranked lists where a row is a candidate: truth is its relevance and its query, a prediction its score."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podium.metrics.metric import Floats, Metric, decomposed
from podium.metrics.shapes import Ints, Ranking, offsets_of


@dataclass(frozen=True, eq=False)
class Graded:
    """`values` `(n,)`: relevance of each candidate, >= 0; `query` `(n,)`: whose candidate it is. To all that compares row by
    row (probes, slices) it is the array of its relevances."""

    values: Floats
    query: Ints

    def __len__(self) -> int:
        return len(self.values)

    @property
    def ndim(self) -> int:
        return 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype=dtype)

    def __getitem__(self, selector: Any) -> Graded:
        return Graded(self.values[selector], self.query[selector])

    @classmethod
    def joined(cls, parts: Sequence[Graded]) -> Graded:
        return cls(np.concatenate([p.values for p in parts]), np.concatenate([p.query for p in parts]))

    def rankings(self, scores: Floats) -> tuple[Ranking, Ranking, Ints]:
        """Truth and prediction, a unit a query, and the unit of each row `(n,)`. Ties stay in the rows' order."""
        _, unit = np.unique(self.query, return_inverse=True)
        n = int(unit.max(initial=-1)) + 1
        rows = np.arange(len(self), dtype=np.int64)
        order = np.lexsort((rows, -np.asarray(scores, dtype=np.float64).reshape(len(self)), unit))
        given = Ranking(rows[order], offsets_of(np.bincount(unit, minlength=n)))
        hits = rows[self.values > 0]
        hits = hits[np.argsort(unit[hits], kind="stable")]
        truth = Ranking(hits, offsets_of(np.bincount(unit[hits], minlength=n)), self.values[hits])
        return truth, given, unit.astype(np.int64)


def of_rows(metric: Metric) -> Metric:
    """A metric of rankings as one of `Graded` rows and their scores: still the mean over queries.

    A row's merit is its query's, times what makes the mean over rows that over queries.
    """
    per_unit = metric.per_row
    assert per_unit is not None, f"{metric.name} does not decompose over lists"

    def per_row(truth: Graded, scores: Any) -> Floats:
        wanted, given, unit = truth.rankings(np.asarray(scores))
        merits = per_unit(wanted, given)
        sizes = np.bincount(unit)
        share = len(unit) / (len(sizes) * sizes)
        return np.asarray(merits[unit] * share[unit, None], dtype=np.float64)

    return dataclasses.replace(metric, function=decomposed(per_row), per_row=per_row)


__all__ = ["Graded", "of_rows"]
