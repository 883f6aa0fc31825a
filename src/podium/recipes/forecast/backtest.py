"""How a method that makes paths did on the last windows of its series: forecasts beside what came."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.forecast.bounds import bounded

Floats = NDArray[np.float64]
Paths = Callable[[Sequence[Floats], int, Context], Floats]
WINDOWS = 4
LEAST = 4  # values before a window
KEPT_S = 3.0  # left for what comes after, beside one more run


@dataclass(frozen=True)
class Backtest:
    """`forecast`, `truth` `(w, n, h)`: of w windows, the newest first, n series, h steps; NaN where a series was too short."""

    forecast: Floats
    truth: Floats

    def __len__(self) -> int:
        return len(self.forecast)

    @property
    def errors(self) -> Floats:
        return self.truth - self.forecast

    def growth(self) -> Floats:
        """The usual size of an error `(h,)` by the steps ahead, never falling, 1 at the first."""
        scale = np.nanmean(np.abs(self.errors), axis=(0, 2), keepdims=True)
        by_step = np.nanmean(np.abs(self.errors) / np.maximum(scale, 1e-12), axis=(0, 1))
        rising: Floats = np.maximum.accumulate(np.maximum(by_step, 1e-6))
        return np.asarray(rising / rising[0])


def backtest(paths: Paths, series: Sequence[Floats], horizon: int, ctx: Context, windows: int = WINDOWS) -> Backtest:
    """As many of `windows` windows as series are long enough for and time allows; none is a `Backtest` of length 0."""
    found, truth, slowest = [], [], 0.0
    for window in range(1, windows + 1):
        cut = window * horizon
        at = np.array([k for k, y in enumerate(series) if len(y) >= cut + max(LEAST, horizon)], dtype=np.int64)
        if 2 * len(at) < len(series) or ctx.time_left() < KEPT_S + 2.5 * slowest:
            break
        begun = time.monotonic()
        past = [series[k][:-cut] for k in at]
        forecast, came = np.full((2, len(series), horizon), np.nan)
        forecast[at] = bounded(paths(past, horizon, ctx), past)
        came[at] = [series[k][len(series[k]) - cut : len(series[k]) - cut + horizon] for k in at]
        found.append(forecast)
        truth.append(came)
        slowest = max(slowest, time.monotonic() - begun)
    empty = np.empty((0, len(series), horizon))
    return Backtest(np.stack(found), np.stack(truth)) if found else Backtest(empty, empty)
