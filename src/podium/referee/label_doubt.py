"""Labels that are likely wrong: where the whole team is sure of another one. Nothing is ever removed.

Classes: confident learning (Northcutt, Jiang and Chuang 2021) on out-of-fold probabilities, every member agreeing. How many
of those are truly wrong labels cannot be read off one row; it is estimated from the plateau: natural mistakes vanish as a
team grows sure, wrong labels do not. Values: residuals far outside the local scatter, whose share of errors is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.referee.disagreement import spread_of
from podium.tasks.task import Floats

SUREST = 0.1  # of the rows predicted to be of a class: where natural mistakes have died out
LEAST_SUREST = 30
FAR = 8.0  # scaled median absolute deviations from the local median
BANDS = 20  # of the predicted value, for local scatter
MOST_ROWS = 12
LIKELY = 0.5  # estimated precision from which rows are called likely wrong


@dataclass(frozen=True)
class Doubt:
    """One row, by position: its label as a code (or its value), what the team says, and how sure it is (0..1; for values,
    how many scaled deviations off)."""

    row: int
    given: float
    said: float
    sure: float


@dataclass(frozen=True)
class Doubts:
    """`flagged` of `n` rows; `precision`: estimated share of them whose label is wrong, None where it cannot be had.

    `rate`: share of wrong labels among all rows, as the plateau has it; None for values. `rows`: the surest, sure first.
    """

    n: int
    flagged: int
    precision: float | None
    rate: float | None
    rows: tuple[Doubt, ...]

    @property
    def likely(self) -> bool:
        """Whether more of the flagged rows are wrongly labelled than merely hard, as far as can be told."""
        return self.flagged > 0 and (self.precision is None or self.precision >= LIKELY)


def doubted_classes(blend: Floats, members: Mapping[str, Floats], codes: NDArray[np.int64]) -> Doubts:
    """`blend` and `members`: probabilities `(n, K)`, one column for each class (two for binary); `codes` `(n,)`."""
    flagged, said = _confident(blend, codes)
    for probabilities in members.values():
        each = np.arange(len(codes))
        flagged &= probabilities[each, said] > probabilities[each, codes]
    precision, rate = _precision(blend, codes, flagged, said)
    at = np.flatnonzero(flagged)
    margin = blend[at, said[at]] - blend[at, codes[at]]
    at = at[np.lexsort((at, -margin))]
    rows = tuple(
        Doubt(int(row), float(codes[row]), float(said[row]), float(blend[row, said[row]])) for row in at[:MOST_ROWS]
    )
    return Doubts(len(codes), int(flagged.sum()), precision, rate, rows)


def as_classes(probabilities: Floats) -> Floats:
    """`(n, 1)` probabilities of the second class as `(n, 2)`."""
    return (
        np.column_stack([1.0 - probabilities, probabilities])
        if probabilities.shape[1] == 1
        else np.asarray(probabilities, dtype=np.float64)
    )


def _confident(p: Floats, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The confident joint's off-diagonal: rows sure enough of another class, by that class's own mean confidence."""
    k = p.shape[1]
    count = np.bincount(codes, minlength=k)
    own = np.bincount(codes, weights=p[np.arange(len(codes)), codes], minlength=k)
    least = np.where(count > 0, own / np.maximum(count, 1), np.inf)
    sure = np.where(p >= least, p, -1.0)
    said = sure.argmax(axis=1).astype(np.int64)
    return (sure.max(axis=1) > 0) & (said != codes), said


def _precision(
    p: Floats, codes: NDArray[np.int64], flagged: NDArray[np.bool_], said: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """(share of the flagged that are wrong, share of all labels that are): of each class, mistakes among the surest tenth
    of the rows predicted as it are taken for wrong labels, which are as frequent among the less sure."""
    predicted = p.argmax(axis=1)
    expected, n_flagged, wrong, n_rows = 0.0, 0, 0.0, 0
    for code in range(p.shape[1]):
        rows = np.flatnonzero(predicted == code)
        size = max(LEAST_SUREST, math.ceil(SUREST * len(rows)))
        if len(rows) < 2 * size:
            continue
        surest = rows[np.argsort(-p[rows, code], kind="stable")[:size]]
        rate = float((codes[surest] != code).mean())
        sure_enough = p[rows, code] >= p[flagged & (said == code), code].min(initial=np.inf)
        expected += min(rate * float(sure_enough.sum()), float((flagged & (said == code)).sum()))
        n_flagged += int((flagged & (said == code)).sum())
        wrong += rate * len(rows)
        n_rows += len(rows)
    return (expected / n_flagged if n_flagged else None), (wrong / n_rows if n_rows else None)


def doubted_values(blend: Floats, members: Mapping[str, Floats], truth: Floats) -> Doubts:
    """`blend` and `truth` `(n,)`, `members` `(n, 1)` each. A row is doubted where truth is far outside the scatter of rows
    predicted alike, and outside what the members' disagreement could explain."""
    residual = truth - blend
    order = np.argsort(blend, kind="stable")
    away = np.zeros(len(truth))
    for band in np.array_split(order, min(BANDS, max(1, len(order) // 50))):
        centre = np.median(residual[band])
        scale = 1.4826 * np.median(np.abs(residual[band] - centre))
        away[band] = np.abs(residual[band] - centre) / max(float(scale), 1e-12 + 1e-9 * float(np.abs(truth).max()))
    apart = spread_of(members) if len(members) > 1 else np.zeros(len(truth))
    at = np.flatnonzero((away > FAR) & (np.abs(residual) > FAR / 2 * apart))
    at = at[np.lexsort((at, -away[at]))]
    rows = tuple(Doubt(int(row), float(truth[row]), float(blend[row]), float(away[row])) for row in at[:MOST_ROWS])
    return Doubts(len(truth), len(at), None, None, rows)
