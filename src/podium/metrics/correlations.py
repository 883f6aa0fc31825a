"""Correlations of predicted values with truth: Pearson, Spearman. Several targets: the column mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, columns

TASKS = ("regression", "ordinal_regression")


def average_ranks(values: Floats, weight: Floats | None = None) -> Floats:
    """Ranks from 1, `(n,)`, ties averaged; with integer weights those of the rows repeated that often."""
    order = np.argsort(values)
    ordered = values[order]
    group = np.cumsum(np.append(True, ordered[1:] != ordered[:-1])) - 1
    sizes = np.bincount(group, weights=None if weight is None else weight[order]).astype(np.float64)
    middle = np.cumsum(sizes) - (sizes - 1.0) / 2.0
    ranks = np.empty(len(values))
    ranks[order] = middle[group]
    return ranks


def _correlation(a: Floats, b: Floats, weight: Floats | None) -> float:
    """Pearson's r; 0 where either is constant."""
    w = np.ones(len(a)) if weight is None else weight
    a, b = a - np.average(a, weights=w), b - np.average(b, weights=w)
    a, b = a / max(np.abs(a).max(), 1e-300), b / max(np.abs(b).max(), 1e-300)  # no underflow in the squares
    spread = float(np.sqrt((w * a * a).sum() * (w * b * b).sum()))
    return float(np.clip((w * a * b).sum() / spread, -1.0, 1.0)) if spread > 0 else 0.0


def _by_column(transform: Callable[[Floats, Floats | None], Floats]) -> Callable[..., float]:
    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        pairs = zip(columns(truth).T, columns(prediction).T, strict=True)
        values = [
            _correlation(transform(t.astype(np.float64), weight), transform(p.astype(np.float64), weight), weight)
            for t, p in pairs
        ]
        return float(np.mean(values))

    return function


METRICS = (
    Metric(
        "pearson", "Pearson correlation", _by_column(lambda values, _: values),
        "higher", "value", "value", (-1.0, 1.0), 1.0, TASKS,
    ),
    Metric(
        "spearman", "Spearman correlation", _by_column(average_ranks),
        "higher", "score", "rank", (-1.0, 1.0), 1.0, TASKS,
    ),
)  # fmt: skip
