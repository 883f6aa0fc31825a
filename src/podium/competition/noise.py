"""How large chance alone makes a score's error at a given number of rows, before any model exists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.competition.association import Truth
from podium.metrics import Metric

TYPICAL_AUC = 0.85
TYPICAL_ACCURACY = 0.8
OF_SHAPES = ("ranking", "boxes", "masks", "text")  # defined on `metrics.shapes`, not on a column of numbers


def noise_floor(metric: Metric, truth: Truth, n: int) -> float:
    """Approximate standard error of the metric over `n` rows: Hanley and McNeil (1982) for orders, a binomial for labels,
    the row losses of the plainest prediction where the metric is a mean over rows, 1/√n of the unit else."""
    if metric.needs == "score" and truth.codes is not None:
        shares = np.bincount(truth.codes) / len(truth.codes)
        return _auc_error(float(shares.max() if len(shares) > 2 else shares[-1]), n)
    if metric.needs == "score" and truth.values is not None and "regression" not in metric.task_types:
        errors = [_auc_error(float(c.mean()), n) for c in truth.values.T]
        return float(np.mean(errors) / np.sqrt(len(errors)))
    if metric.needs == "label":
        return float(np.sqrt(TYPICAL_ACCURACY * (1 - TYPICAL_ACCURACY) / n))
    if metric.per_row is not None and metric.needs not in OF_SHAPES:
        return _plain_error(metric, truth, n)
    return float(1.0 / np.sqrt(n))


def supposed(metric: Metric, truth: Truth) -> str:
    """Which predictions `noise_floor` takes for granted, in words; "" where none."""
    if metric.needs == "score" and (truth.codes is not None or "regression" not in metric.task_types):
        return f"were the AUC {TYPICAL_AUC}"
    if metric.needs == "label":
        return f"were the accuracy {TYPICAL_ACCURACY}"
    plain = metric.per_row is not None and metric.needs not in OF_SHAPES
    return "of the plainest prediction, more than a good model’s" if plain else ""


def _auc_error(share: float, n: int) -> float:
    a, positives = TYPICAL_AUC, max(1.0, share * n)
    negatives = max(1.0, n - positives)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = a * (1 - a) + (positives - 1) * (q1 - a * a) + (negatives - 1) * (q2 - a * a)
    return float(np.sqrt(variance / (positives * negatives)))


def _plain_error(metric: Metric, truth: Truth, n: int) -> float:
    prediction: NDArray[np.float64]
    if truth.codes is not None:
        shares = np.bincount(truth.codes) / len(truth.codes)
        prediction = np.tile(shares if len(shares) > 2 else shares[-1:], (len(truth.codes), 1))
        answers: NDArray[np.int64] | NDArray[np.float64] = truth.codes
    else:
        assert truth.values is not None
        answers = truth.values
        middle = (
            np.mean if metric.needs in ("probability", "score") else np.median
        )  # a median of 0/1 is certain, and wrong
        plain = np.quantile(truth.values[:, 0], metric.levels) if metric.levels else middle(truth.values, axis=0)
        prediction = np.tile(plain, (len(truth.values), 1))
    assert metric.per_row is not None
    losses = metric.per_row(answers, prediction)
    error = losses.std(axis=0) / np.sqrt(n)
    if metric.link == "sqrt":
        error = error / (2 * np.sqrt(np.maximum(losses.mean(axis=0), 1e-12)))
    return float(np.sqrt((error**2).sum()) / len(error))
