"""Standard errors of metrics and of differences between two sets of predictions on the same rows.

Where a metric decomposes over rows its influence function is exact to first order (the infinitesimal jackknife, Efron
1982): stderr = sd / sqrt(n). ROC AUC has DeLong's (1988). Every other metric gets a delete-a-block jackknife (Künsch
1989) over blocks of random rows, or of whole groups. All of it is deterministic: blocks come from row positions alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.correlations import average_ranks
from podium.metrics.metric import Floats, Metric, columns
from podium.metrics.shapes import same

BLOCKS = 20


@dataclass(frozen=True)
class Estimate:
    """`value` with its standard error and the degrees of freedom that error rests on (infinite for many rows)."""

    value: float
    stderr: float
    freedom: float

    def p_positive(self) -> float:
        """One-sided p-value of "the true value is not above 0" (Student's t); 1 - that is its confidence."""
        if not math.isfinite(self.value) or not math.isfinite(self.stderr):
            return 1.0
        if self.stderr <= 0.0:
            return 0.5 if self.value == 0.0 else float(self.value < 0.0)
        return upper_tail(self.value / self.stderr, self.freedom)

    def upper(self, confidence: float = 0.95) -> float:
        """One-sided upper confidence bound of the true value."""
        return self.value + quantile(confidence, self.freedom) * self.stderr


def upper_tail(z: float, freedom: float = math.inf) -> float:
    """P(T > z) of Student's t, by Hill's (1970) normalising transformation: no scipy for one number."""
    if freedom > 1000:
        return 0.5 * math.erfc(z / math.sqrt(2.0))
    if freedom <= 2:
        return 0.5 - math.atan(z) / math.pi if freedom <= 1 else 0.5 - z / (2.0 * math.sqrt(2.0 + z * z))
    a = freedom - 0.5
    b = 48.0 * a * a
    y = a * math.log1p(z * z / freedom)
    correction = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b)
    normal = ((correction + y + 3.0) / b + 1.0) * math.sqrt(y)
    return 0.5 * math.erfc(math.copysign(normal, z) / math.sqrt(2.0))


def quantile(confidence: float, freedom: float = math.inf) -> float:
    """The z with P(T <= z) = `confidence`, by bisection of `upper_tail`."""
    low, high = -1e4, 1e4
    for _ in range(80):
        middle = (low + high) / 2.0
        if upper_tail(middle, freedom) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def estimate(metric: Metric, truth: Any, prediction: Any, groups: NDArray[Any] | None = None) -> Estimate:
    """The score with its standard error; `prediction` is what the metric is defined on (decisions)."""
    score = metric.function(truth, prediction)
    rows = influence(metric, truth, prediction)
    if rows is not None:
        return _from_influence(score, rows, groups)
    blocks = blocks_of(len(truth), groups)
    return _from_replicates(score, _replicates(metric, truth, prediction, blocks))


def difference(metric: Metric, truth: Any, a: Any, b: Any, groups: NDArray[Any] | None = None) -> Estimate:
    """How much better `a` is than `b` on the same rows: positive when better, whatever the metric's direction."""
    gain = metric.sign * (metric.function(truth, a) - metric.function(truth, b))
    if same(a, b):
        return Estimate(0.0, 0.0, math.inf)
    rows_a, rows_b = influence(metric, truth, a), influence(metric, truth, b)
    if rows_a is not None and rows_b is not None:
        return _from_influence(gain, rows_a - rows_b, groups)
    blocks = blocks_of(len(truth), groups)
    replicates = _replicates(metric, truth, a, blocks) - _replicates(metric, truth, b, blocks)
    return _from_replicates(gain, metric.sign * replicates)


def influence(metric: Metric, truth: Any, prediction: Any) -> Floats | None:
    """First-order effect of each row on the score, `(n,)`, mean 0; None where there is no formula."""
    if metric.per_row is not None:
        losses = metric.per_row(truth, prediction)
        means = losses.mean(axis=0)
        slope = 0.5 / np.sqrt(np.maximum(means, 1e-300)) if metric.link == "sqrt" else np.ones_like(means)
        return np.asarray((losses - means) @ np.where(means > 0, slope, 1.0) / losses.shape[1], dtype=np.float64)
    if metric.name == "auc":
        return _auc_influence(truth, prediction)
    return None


def _auc_influence(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats | None:
    """DeLong's placement values; mean over columns. None where a column lacks a class."""
    scores = columns(np.asarray(prediction, dtype=np.float64))
    truths = truth[:, None] == np.arange(scores.shape[1]) if truth.ndim == 1 and scores.shape[1] > 1 else columns(truth)
    total = np.zeros(len(scores))
    for column in range(scores.shape[1]):
        positive, score = truths[:, column] > 0, scores[:, column]
        n_positive = int(positive.sum())
        n_negative = len(score) - n_positive
        if min(n_positive, n_negative) < 2:
            return None
        overall = average_ranks(score)
        within = np.empty(len(score))
        within[positive], within[~positive] = average_ranks(score[positive]), average_ranks(score[~positive])
        below = overall - within  # rows of the other class below this one, ties half
        placement = np.where(positive, below / n_negative, 1.0 - below / n_positive)
        auc = float(placement[positive].mean())
        share = np.where(positive, n_positive, n_negative) / len(score)
        total += (placement - auc) / share
    return np.asarray(total / scores.shape[1], dtype=np.float64)


def blocks_of(n: int, groups: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """A block number, 0..19, for each row: rows (or whole groups) dealt at random, from their positions alone."""
    units, of = (n, None) if groups is None else _unit_numbers(groups)
    count = min(BLOCKS, units)
    dealt = np.random.default_rng(units).permutation(units) % max(count, 1)
    return dealt if of is None else dealt[of]


def _unit_numbers(groups: NDArray[Any]) -> tuple[int, NDArray[np.int64]]:
    values, numbers = np.unique(groups, return_inverse=True)
    return len(values), numbers.astype(np.int64)


def _from_influence(value: float, rows: Floats, groups: NDArray[Any] | None) -> Estimate:
    n = len(rows)
    if groups is not None:
        units, of = _unit_numbers(groups)
        rows = np.asarray(np.bincount(of, weights=rows) * (units / n), dtype=np.float64)
    if len(rows) < 2:
        return Estimate(value, math.inf, 1.0)
    stderr = float(rows.std(ddof=1) / math.sqrt(len(rows)))
    return Estimate(value, stderr, float(len(rows) - 1))


def _replicates(metric: Metric, truth: Any, prediction: Any, blocks: NDArray[np.int64]) -> Floats:
    count = int(blocks.max()) + 1
    return np.array([metric.function(truth[blocks != b], prediction[blocks != b]) for b in range(count)])


def _from_replicates(value: float, replicates: Floats) -> Estimate:
    count = len(replicates)
    if count < 2:
        return Estimate(value, math.inf, 1.0)
    spread = float(((replicates - replicates.mean()) ** 2).sum())
    return Estimate(value, math.sqrt((count - 1) / count * spread), float(count - 1))
