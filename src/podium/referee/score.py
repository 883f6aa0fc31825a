"""Re-scoring from saved predictions: the figure that counts, with its standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import estimate
from podium.referee.interval import UNDEFINED
from podium.tasks.task import Floats, Task


@dataclass(frozen=True)
class Scored:
    """The honest OOF score (decisions cross-fitted), its standard error over rows, and the score of each fold; None where the
    metric is undefined on a fold's rows."""

    score: float
    stderr: float
    fold_scores: tuple[float | None, ...]
    metric: str  # canonical name


def rescore(
    task: Task, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8], *, groups: NDArray[Any] | None = None
) -> Scored:
    """Score raw OOF predictions `(n, k)` against truth `(n, …)` on the rows that have a fold and a prediction.

    The standard error is exact to first order where the metric decomposes over rows (and for AUC), else a delete-a-block
    jackknife over 20 blocks; with `groups` `(n,)`, whole groups are the sampling units.
    Raises ValueError where no row can be scored.
    """
    rows = scored_rows(fold_of, raw)
    truth, folds = truth[rows], fold_of[rows]
    decided = task.decide_crossfitted(truth, raw[rows], folds)
    judged = estimate(task.metric, truth, decided, None if groups is None else groups[rows])
    by_fold = tuple(_of_fold(task, truth[folds == fold], decided[folds == fold]) for fold in np.unique(folds))
    return Scored(judged.value, judged.stderr, by_fold, task.metric.name)


def _of_fold(task: Task, truth: NDArray[Any], decided: NDArray[Any]) -> float | None:
    try:
        found = task.score(truth, decided)
    except UNDEFINED:
        return None
    return found if math.isfinite(found) else None


def scored_rows(fold_of: NDArray[np.int8], *raws: Floats) -> NDArray[np.int64]:
    """Positions of the rows that have a fold and that every one of `raws` predicts."""
    known = fold_of >= 0
    for raw in raws:
        known = known & ~np.isnan(raw).any(axis=1)
    rows = np.flatnonzero(known)
    if not len(rows):
        raise ValueError("no row has both a fold and a prediction")
    return rows
