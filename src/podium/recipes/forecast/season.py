"""The period of series, from their autocorrelations, and their seasonal figures (classical decomposition)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PERIODS = (4, 5, 6, 7, 12, 13, 24, 26, 28, 30, 48, 52, 60, 96, 144, 168, 288, 336, 364, 365)
MANY = 400  # series that tell the period
LIMIT = 1.645  # of the test on autocorrelation, as M4's organisers have it


def period_of(series: Sequence[Floats], most: int = 400) -> int:
    """The period whose autocorrelation stands out most over the series; 1 where none does."""
    step = max(1, len(series) // MANY)
    chosen = [y for y in series[::step] if len(y) >= 12]
    found = {}
    for period in (p for p in PERIODS if p <= most):
        values = [_at(y, period) for y in chosen if len(y) >= 3 * period]
        if len(values) >= max(1, 0.3 * len(chosen)):
            found[period] = float(np.median(values))
    best = max(found, key=lambda p: found[p] - 1e-4 * p, default=1)
    return best if found.get(best, 0.0) > 0.15 else 1


def _at(y: Floats, period: int) -> float:
    """Autocorrelation of the differences at `period`, less that of its neighbours."""
    d = np.diff(y)
    d = d - d.mean()
    total = float(d @ d)
    if total <= 0 or len(d) <= period + 1:
        return 0.0
    here = float(d[period:] @ d[:-period]) / total
    beside = 0.5 * sum(float(d[k:] @ d[:-k]) / total for k in (period - 1, period + 1))
    return here - max(beside, 0.0) if period > 2 else here


def seasonal(y: Floats, period: int) -> bool:
    """Whether the autocorrelation at `period` is significant (M4's test, 90 %)."""
    if period < 2 or len(y) < 3 * period:
        return False
    x = y - y.mean()
    total = float(x @ x)
    if total <= 0:
        return False
    lags = np.array([float(x[k:] @ x[:-k]) / total for k in range(1, period + 1)])
    return bool(abs(lags[-1]) > LIMIT * np.sqrt((1 + 2 * (lags[:-1] ** 2).sum()) / len(y)))


def figures(y: Floats, period: int) -> tuple[Floats, bool]:
    """Seasonal figures `(period,)` of the phases counted from the first value, and whether they are factors."""
    weights = np.full(period, 1.0 / period) if period % 2 else np.r_[0.5, np.ones(period - 1), 0.5] / period
    half = len(weights) // 2
    trend = np.convolve(y, weights, mode="valid")
    inner, phase = y[half : half + len(trend)], np.arange(half, half + len(trend)) % period
    factors = bool((y > 0).all())
    rest = inner / np.maximum(trend, 1e-12) if factors else inner - trend
    found = np.array([np.median(rest[phase == k]) if (phase == k).any() else float(factors) for k in range(period)])
    return (found / found.mean(), True) if factors else (found - found.mean(), False)
