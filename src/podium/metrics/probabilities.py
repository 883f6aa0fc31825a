"""Metrics of class probabilities: log loss, Brier score.

Shapes: truth codes `(n,)` with probabilities `(n, K)`, or for two classes `(n,)` or `(n, 1)`: P(second class); several
labels: truth 0/1 `(n, L)` with `(n, L)`, the column mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, columns, decomposed

EPSILON = 1e-15  # Kaggle's clip; the metric is unbounded without it
TASKS = ("binary_classification", "multiclass_classification", "multilabel_classification")


def true_class(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """Probability given to what happened, `(n, 1)`, or `(n, L)` for several labels. Rows of classes are renormalised."""
    p = columns(np.asarray(prediction, dtype=np.float64))
    if truth.ndim == 2 or p.shape[1] == 1:
        return np.asarray(np.where(columns(truth) > 0, p, 1.0 - p), dtype=np.float64)
    picked = np.take_along_axis(p, truth.astype(np.int64)[:, None], axis=1)
    total = p.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(picked, total, out=np.full_like(picked, 1.0 / p.shape[1]), where=total > 0)
    return shares


def log_losses(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    return np.asarray(-np.log(np.clip(true_class(truth, prediction), EPSILON, 1.0 - EPSILON)), dtype=np.float64)


def brier_losses(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """Squared error of P(second class), or, with more classes, its sum over classes (Brier 1950)."""
    p = columns(np.asarray(prediction, dtype=np.float64))
    if truth.ndim == 2 or p.shape[1] == 1:
        return np.asarray((p - columns(truth)) ** 2, dtype=np.float64)
    picked = np.take_along_axis(p, truth.astype(np.int64)[:, None], axis=1)
    return np.asarray((p**2).sum(axis=1, keepdims=True) - 2 * picked + 1.0, dtype=np.float64)


METRICS = (
    Metric(
        "log_loss", "log loss", decomposed(log_losses), "lower", "probability", "probability",
        (0.0, float(-np.log(EPSILON))), 0.0, TASKS, per_row=log_losses,
    ),
    Metric(
        "brier", "Brier score", decomposed(brier_losses), "lower", "probability", "probability",
        (0.0, 2.0), 0.0, TASKS, per_row=brier_losses,
    ),
)  # fmt: skip
