"""Which labels are likely wrong, told out of fold: confident learning (Northcutt, Jiang and Chuang 2021).

A row is noisy where another class is at least as probable as is usual for rows that bear its label, and more probable
than the row's own. The judge never saw the label it judges. Method of counting: the paper's "prune by class" with its
thresholds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 0.4  # of the rows, that may be left out
LEAST_LEFT = 4  # rows that every class keeps

Judge = Callable[[Ints, Ints], Floats]  # positions to fit on, positions to judge → probabilities (n, classes)


def dealt(labels: Ints, folds: int, seed: int) -> Ints:
    """A fold for each row, classes spread evenly."""
    order = np.lexsort((np.random.default_rng([seed, 7]).random(len(labels)), labels))
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[order] = np.arange(len(labels)) % folds
    return fold_of


def judged(labels: Ints, judge: Judge, folds: int, seed: int) -> Floats:
    """Out-of-fold probabilities `(n, classes)` of every row."""
    fold_of = dealt(labels, folds, seed)
    parts = [(np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)) for fold in range(folds)]
    found = [(held, judge(rest, held)) for held, rest in parts]
    out = np.zeros((len(labels), found[0][1].shape[1]))
    for held, shares in found:
        out[held] = shares
    return out


def suspects(labels: Ints, shares: Floats) -> NDArray[np.bool_]:
    """Rows whose label is likely wrong, the surest first where they are more than `MOST`; no class loses its last rows."""
    rows, classes = np.arange(len(labels)), shares.shape[1]
    own = shares[rows, labels]
    usual = np.array([own[labels == k].mean() if (labels == k).any() else np.inf for k in range(classes)])
    rivals = np.where(shares >= usual, shares, 0.0)
    rivals[rows, labels] = 0.0
    margin = rivals.max(axis=1) - own
    order = np.argsort(-margin, kind="stable")
    wrong, left = np.zeros(len(labels), dtype=bool), np.bincount(labels, minlength=classes)
    for row in order[: int(MOST * len(labels))]:
        if margin[row] <= 0:
            break
        if left[labels[row]] > LEAST_LEFT:
            wrong[row] = True
            left[labels[row]] -= 1
    return wrong
