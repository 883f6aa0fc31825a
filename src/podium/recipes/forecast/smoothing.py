"""Exponential smoothing of many series at once, each with the parameters that fit its own past best.

Simple, Holt's and damped trends are one recursion (Gardner 1985): level += a·e, trend = phi·trend + a·b·e. A grid of
(a, b, phi) runs over all series side by side; for each series the point of the grid with the least error is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ALPHAS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98)
GRIDS: dict[str, list[tuple[float, float, float]]] = {
    "ses": [(a, 0.0, 0.0) for a in ALPHAS],
    "holt": [(a, b, 1.0) for a in ALPHAS for b in (0.01, 0.05, 0.15, 0.4)],
    "damped": [(a, b, phi) for a in ALPHAS for b in (0.05, 0.15, 0.4, 0.8) for phi in (0.8, 0.9, 0.97)],
}
LONGEST = 500  # last points that are gone through: what lies before them weighs nothing
WORK = 4e8  # points x grid of all series likewise


def smooth(series: Sequence[Floats], form: str, horizon: int) -> Floats:
    """Forecasts `(n, horizon)` of `form`: ses, holt or damped."""
    grid = np.array(GRIDS[form])
    alpha, beta, phi = (grid[:, k][:, None] for k in range(3))
    length = min(max(len(y) for y in series), LONGEST, max(60, int(WORK / (len(series) * len(grid)))))
    y = np.full((len(series), length), np.nan)
    for k, values in enumerate(series):
        y[k, max(0, length - len(values)) :] = values[-length:]
    begun = np.argmax(np.isfinite(y), axis=1)
    level, trend, loss = (np.zeros((len(grid), len(series))) for _ in range(3))
    for t in range(length):
        now = y[:, t]
        first, going = t == begun, t > begun
        e = np.where(going, now - level - phi * trend, 0.0)
        loss += np.abs(e)
        moved = level + phi * trend + alpha * e
        trend = np.where(going, phi * trend + alpha * beta * e, 0.0)
        level = np.where(first, now, np.where(going, moved, level))
    best = loss.argmin(axis=0)
    pick = (best, np.arange(len(series)))
    damping = phi[best, 0][:, None]
    steps = np.arange(1, horizon + 1)
    sums = np.where(damping < 1, damping * (1 - damping**steps) / np.maximum(1 - damping, 1e-9), steps * damping)
    return np.asarray(level[pick][:, None] + sums * trend[pick][:, None], dtype=np.float64)


def theta(series: Sequence[Floats], horizon: int) -> Floats:
    """The Theta method (Assimakopoulos and Nikolopoulos 2000): simple smoothing with half of the linear trend as drift."""
    slopes = np.array([_slope(y) for y in series])
    return smooth(series, "ses", horizon) + 0.5 * slopes[:, None] * np.arange(1, horizon + 1)


def _slope(y: Floats) -> float:
    t = np.arange(len(y)) - (len(y) - 1) / 2
    return float(t @ y / (t @ t)) if len(y) > 2 else 0.0


def tsb(series: Sequence[Floats], horizon: int, alpha: float = 0.1, beta: float = 0.1) -> Floats:
    """Teunter, Syntetos and Babai (2011) for intermittent demand: smoothed size times smoothed chance of demand."""
    out = np.empty((len(series), horizon))
    for k, y in enumerate(series):
        some = y[y != 0]
        size, chance = (float(some[0]), len(some) / len(y)) if len(some) else (0.0, 0.0)
        for value in y[-500:]:
            chance += beta * ((value != 0) - chance)
            if value != 0:
                size += alpha * (value - size)
        out[k] = size * chance
    return out
