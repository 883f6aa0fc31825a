"""The range that a forecast of a series may lie in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FAR = 1.0  # of a series' range: so far beyond it a forecast may go


def bounded(paths: Floats, series: Sequence[Floats]) -> Floats:
    """`(n, …)` within each series' range and as much again, never below zero where it never was; the last value for no number."""
    several = (-1, *[1] * (paths.ndim - 1))
    low, high = (np.array([end(y) for y in series]).reshape(several) for end in (np.min, np.max))
    last = np.array([y[-1] for y in series]).reshape(several)
    floor = np.where(low >= 0, 0.0, low - FAR * (high - low))
    return np.clip(np.where(np.isfinite(paths), paths, last), floor, high + FAR * (high - low))
