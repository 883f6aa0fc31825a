"""Statistical methods, series by series: naive, seasonal naive, drift, smoothing, Theta, and their median."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.recipes.forecast.season import figures, seasonal
from podium.recipes.forecast.smoothing import smooth, theta, tsb

Floats = NDArray[np.float64]
METHODS = ("naive", "drift", "ses", "holt", "damped", "theta", "tsb", "seasonal_naive", "mean", "median")
COMBINED = ("naive", "damped", "theta", "ses")
ZEROS = 0.3  # share of zeros from which demand is intermittent


def classical(series: Sequence[Floats], horizon: int, method: str, period: int = 1, recent: int = 0) -> Floats:
    """Forecasts `(n, horizon)`. Seasonal figures are taken out first where a series has them, and put back.

    `recent` > 0: only so many of the last values count. `mean`: of the last period (or twelve values).
    """
    used = [y[-recent:] if recent else y for y in series]
    if method == "seasonal_naive":
        return np.stack([_again(y, horizon, period) for y in used])
    if method == "mean":
        return np.stack([np.full(horizon, y[-max(period, 12) :].mean()) for y in used])
    adjusted, back = _adjusted(used, horizon, period)
    if method == "median":
        parts = [_plain(adjusted, horizon, name) for name in COMBINED]
        found = np.median(parts, axis=0)
        sparse = np.array([(y == 0).mean() > ZEROS for y in used])
        if sparse.any():
            found[sparse] = tsb([y for y, s in zip(adjusted, sparse, strict=True) if s], horizon)
    else:
        found = _plain(adjusted, horizon, method)
    return np.stack([_put_back(found[k], *back[k]) for k in range(len(used))])


def _plain(series: Sequence[Floats], horizon: int, method: str) -> Floats:
    if method in ("ses", "holt", "damped"):
        return smooth(series, method, horizon)
    if method == "theta":
        return theta(series, horizon)
    if method == "tsb":
        return tsb(series, horizon)
    last = np.array([y[-1] for y in series])[:, None]
    if method == "drift":
        slope = np.array([(y[-1] - y[0]) / max(1, len(y) - 1) for y in series])[:, None]
        return np.asarray(last + slope * np.arange(1, horizon + 1))
    return np.repeat(last, horizon, axis=1)


def _adjusted(
    series: Sequence[Floats], horizon: int, period: int
) -> tuple[list[Floats], list[tuple[Floats | None, bool]]]:
    """Series without seasonal figures, and the figures of the steps ahead."""
    out, back = [], list[tuple[Floats | None, bool]]()
    for y in series:
        if not seasonal(y, period):
            out.append(y)
            back.append((None, False))
            continue
        found, factors = figures(y, period)
        past, ahead = found[np.arange(len(y)) % period], found[np.arange(len(y), len(y) + horizon) % period]
        out.append(y / np.maximum(past, 1e-6) if factors else y - past)
        back.append((ahead, factors))
    return out, back


def _put_back(path: Floats, ahead: Floats | None, factors: bool) -> Floats:
    if ahead is None:
        return path
    return np.asarray(path * ahead if factors else path + ahead)


def _again(y: Floats, horizon: int, period: int) -> Floats:
    """The last period once more; the last value where a series is shorter than that."""
    if len(y) < period:
        return np.full(horizon, y[-1])
    return np.resize(y[-period:], horizon)
