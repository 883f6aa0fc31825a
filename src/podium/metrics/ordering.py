"""Metrics of which only the order of the predictions counts: ROC AUC, average precision, normalised Gini.

Ties count half (AUC, Gini) or as one threshold (average precision), so the order of the rows never matters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, columns

TASKS = ("binary_classification", "multiclass_classification", "multilabel_classification")


def _cumulated(truth: NDArray[Any], score: Floats, weight: Floats | None) -> tuple[Floats, Floats]:
    """Weight of positives and of all rows at or above each distinct score, highest first, `(d,)` each."""
    order = np.argsort(-score)  # ties are merged below, so a stable sort is not needed
    ordered = score[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    merit = truth[order].astype(np.float64)
    if weight is None:
        return np.cumsum(merit)[last], (last + 1).astype(np.float64)
    ordered_weight = weight[order]
    return np.cumsum(merit * ordered_weight)[last], np.cumsum(ordered_weight)[last]


def binary_auc(truth: NDArray[Any], score: Floats, weight: Floats | None = None) -> float:
    """P(a positive is above a negative), ties half; NaN where truth has one class."""
    hits, total = _cumulated(truth, score, weight)
    misses = total - hits
    if hits[-1] <= 0 or misses[-1] <= 0:
        return float("nan")
    before = np.concatenate(([0.0], hits[:-1]))
    width = np.diff(misses, prepend=0.0)
    return float(((hits + before) * width).sum() / (2.0 * hits[-1] * misses[-1]))


def binary_average_precision(truth: NDArray[Any], score: Floats, weight: Floats | None = None) -> float:
    """Sum over thresholds of (recall step) x precision, as in scikit-learn; NaN where truth has no positive."""
    hits, total = _cumulated(truth, score, weight)
    if hits[-1] <= 0:
        return float("nan")
    return float((np.diff(hits, prepend=0.0) * hits / total).sum() / hits[-1])


def _by_column(one: Callable[..., float], empty: float) -> Callable[..., float]:
    """Binary; mean over labels; mean over classes, each against the rest. Columns with one class only are left out."""

    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        scores = columns(np.asarray(prediction, dtype=np.float64))
        if truth.ndim == 1 and scores.shape[1] > 1:
            truths = truth[:, None] == np.arange(scores.shape[1])
        else:
            truths = columns(truth) > 0
        values = np.array([one(truths[:, c], scores[:, c], weight) for c in range(scores.shape[1])])
        known = values[~np.isnan(values)]
        return float(known.mean()) if len(known) else empty

    return function


def _gini(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None) -> float:
    hits, total = _cumulated(truth, prediction, weight)
    if hits[-1] == 0:
        return 0.0
    share, width = hits / hits[-1], np.diff(total / total[-1], prepend=0.0)
    return float(((share + np.concatenate(([0.0], share[:-1]))) * width).sum() - 1.0)


def gini(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """Normalised Gini, column mean: the Lorenz area of the predicted order over that of the perfect one."""
    values = []
    for t, p in zip(columns(truth).T, columns(np.asarray(prediction, dtype=np.float64)).T, strict=True):
        best = _gini(t, t.astype(np.float64), weight)
        values.append(_gini(t, p, weight) / best if best > 0 else 0.0)
    return float(np.mean(values))


METRICS = (
    Metric("auc", "ROC AUC", _by_column(binary_auc, 0.5), "higher", "score", "rank", (0.0, 1.0), 1.0, TASKS),
    Metric(
        "average_precision", "average precision", _by_column(binary_average_precision, 0.0),
        "higher", "score", "rank", (0.0, 1.0), 1.0, TASKS,
    ),
    Metric("gini", "normalised Gini", gini, "higher", "score", "rank", (-1.0, 1.0), 1.0, (*TASKS[::2], "regression")),
)  # fmt: skip
