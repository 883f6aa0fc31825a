"""What the values of a column tell when each is a name, not a number: means of the target by value, learned on half of the
rows and tried on the other half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.competition.association import Truth, ranks

MOST_CLASSES = 8  # the commonest; a share of the rest would be measured on few rows
PRIOR_ROWS = 10.0  # of the overall mean, added to each value's mean
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """Strengths on the rows not learned from, 0 (nothing) to 1 (all): `named`, values as names; `ordered`, as numbers.
    `chance`: what a column without meaning hardly ever reaches (four standard errors)."""

    named: float
    ordered: float
    chance: float


def outcomes(truth: Truth) -> Floats:
    """`(n, k)`: the commonest classes against the rest, or ranks of the targets."""
    if truth.values is not None:
        return np.column_stack([ranks(column) for column in truth.values[:, :MOST_CLASSES].T])
    assert truth.codes is not None
    counts = np.bincount(truth.codes)
    common = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    common = common[counts[common] > 0]
    if len(common) == 2:
        common = common[:1]
    one_hot: Floats = (truth.codes[:, None] == common[None, :]).astype(np.float64)
    return one_hot


def told(codes: NDArray[np.int64], outcome: Floats) -> Told:
    """`codes` from 0, one a row, in an order that makes sense for `ordered`; `outcome` as `outcomes` gives it."""
    learn = np.arange(len(codes)) % 2 == 0
    tried = ~learn
    named, ordered, errors, weights = [], [], [], []
    size = int(codes.max()) + 1
    rows = np.bincount(codes[learn], minlength=size)
    order = ranks(codes[tried].astype(np.float64))
    for column in outcome.T:
        mean = float(column[learn].mean())
        sums = np.bincount(codes[learn], weights=column[learn], minlength=size)
        encoded = ((sums + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS))[codes[tried]]
        named.append(max(0.0, _strength(ranks(encoded), column[tried])))
        ordered.append(abs(_strength(order, column[tried])))
        errors.append(_error(column[tried]))
        weights.append(column.sum() if _is_class(column) else 1.0)
    if not sum(weights):
        return Told(0.0, 0.0, 1.0)
    named_mean, ordered_mean = (float(np.average(s, weights=weights)) for s in (named, ordered))
    return Told(named_mean, ordered_mean, 4.0 * float(np.average(errors, weights=weights)))


def _is_class(column: Floats) -> bool:
    return bool(np.isin(column, (0.0, 1.0)).all())


def _strength(order: Floats, column: Floats) -> float:
    """2 AUC - 1 of a class, Spearman's rho of ranks."""
    if _is_class(column):
        n_one = float(column.sum())
        n_zero = len(column) - n_one
        if not n_one or not n_zero:
            return 0.0
        return float(2.0 * (order @ column - n_one * (n_one + 1) / 2) / (n_one * n_zero) - 1.0)
    a, b = order - order.mean(), column - column.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else 0.0


def _error(column: Floats) -> float:
    """Standard error of the strength of a column without meaning."""
    n = max(2, len(column))
    if not _is_class(column):
        return float(1.0 / np.sqrt(n - 1))
    n_one = float(column.sum())
    n_zero = n - n_one
    return float(2.0 * np.sqrt((n + 1) / (12.0 * n_one * n_zero))) if n_one and n_zero else 1.0
