"""Quantiles around paths, from the errors of a backtest: how wide by series and steps ahead, in what shape by all together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.recipes.forecast.backtest import Backtest

Floats = NDArray[np.float64]
PRIOR = 6.0  # errors that the usual width counts for beside a series' own
LEAST = 8  # errors from which a shape is read; a normal's is taken below


def quantiles(points: Floats, past: Backtest, units: Floats, levels: Sequence[float]) -> Floats:
    """`(n, h, q)` around `points` `(n, h)`. `units` `(n,)`: each series' usual step, which its width is measured in.

    An error is its series' width, times what the steps ahead add, times a number of one shape for all: the empirical
    quantiles of that number are the offsets, of the median too where errors lean to one side.
    """
    growth = past.growth() if len(past) else np.sqrt(np.arange(1.0, points.shape[1] + 1))
    width = _widths(past, growth, units)
    held = (past.errors / growth / width[:, None]).ravel() if len(past) else np.empty(0)
    shape = _shape(held[np.isfinite(held)], levels)
    return points[..., None] + width[:, None, None] * growth[:, None] * shape


def _widths(past: Backtest, growth: Floats, units: Floats) -> Floats:
    """Mean size of a series' errors one step ahead `(n,)`, drawn towards the usual multiple of its unit."""
    if not len(past):
        return units
    sizes = np.abs(past.errors) / growth
    count = np.isfinite(sizes).sum(axis=(0, 2))
    own = np.nansum(sizes, axis=(0, 2)) / np.maximum(count, 1)
    usual = float(np.median((own / np.maximum(units, 1e-12))[count > 0])) if count.any() else 1.0
    mixed: Floats = (count * own + PRIOR * usual * units) / (count + PRIOR)
    return np.maximum(mixed, 1e-12)


def _shape(errors: Floats, levels: Sequence[float]) -> Floats:
    if len(errors) >= LEAST:
        return np.asarray(np.quantile(errors, levels), dtype=np.float64)
    from scipy.special import ndtri

    return np.asarray(1.25 * ndtri(np.asarray(levels)), dtype=np.float64)  # a normal's deviation is 1.25 mean sizes
