"""The threshold of a binary decision for a metric that is a user's own file: nothing is known of it but its value.

`threshold` chooses on confusion matrices, which a user's metric need not be a function of. Here every candidate is
scored by the file itself, on five folds with both classes in each; what four folds choose is judged on the fifth, and
replaces 0.5 only where that gain stands above its own noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric

FOLDS, CANDIDATES = 5, 25
LEAST = 10  # rows of either class, so that each fold has some
MOST_ROWS = 20_000
T = 2.132  # one-sided 5 % of Student's t with FOLDS - 1 degrees of freedom


def fit_threshold(metric: Metric, truth: NDArray[Any], positive: Floats) -> float:
    """The t of "positive where p >= t" for 0/1 truth `(n,)`. Raises IntakeError where the file fails."""
    step = -(-len(truth) // MOST_ROWS)
    truth, positive = truth[::step], positive[::step]
    if min(int(truth.sum()), int(len(truth) - truth.sum())) < LEAST:
        return 0.5
    grid = np.unique(np.append(np.quantile(positive, np.linspace(0.02, 0.98, CANDIDATES)), 0.5))
    fold_of = np.empty(len(truth), dtype=np.int64)
    fold_of[np.argsort(truth, kind="stable")] = np.arange(len(truth)) % FOLDS
    merits = metric.sign * np.array([_by_fold(metric, truth, positive >= t, fold_of) for t in grid])
    plain = merits[int(np.searchsorted(grid, 0.5))]
    picks = np.argmax(merits.sum(axis=1, keepdims=True) - merits, axis=0)
    gains = merits[picks, np.arange(FOLDS)] - plain
    if gains.mean() <= T * gains.std(ddof=1) / np.sqrt(FOLDS) or gains.mean() <= 0:
        return 0.5
    return float(grid[int(np.median(picks))])


def _by_fold(
    metric: Metric, truth: NDArray[Any], decided: NDArray[np.bool_], fold_of: NDArray[np.int64]
) -> list[float]:
    codes = decided.astype(np.int64)
    return [metric.function(truth[fold_of == fold], codes[fold_of == fold]) for fold in range(FOLDS)]
