"""One linear autoregression for all series: the steps ahead from the last values, each window in its own unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_WINDOWS = 400_000
SMALL = 1e-9  # keeps the equations solvable where nothing ever moved
CLIP = 8.0  # usual steps times the root of the horizon: a window that runs away must not lead the rest


def linear(
    series: Sequence[Floats], horizon: int, length: int, penalty: float = 1.0, log: bool = False, half_life: float = 0.0,
    seed: int = 0,
) -> Floats:  # fmt: skip
    """Forecasts `(n, horizon)` by ridge regression on `length` differences to the last value, in units of their spread.

    `half_life` > 0: windows count half as much so many steps before the end of their series.
    """
    logs = log and all((y > 0).all() for y in series)
    known = [np.log(y) if logs else y for y in series]
    length = max(2, min(length, int(np.median([len(y) for y in known])) - horizon))
    x, target, weight = _windows(known, length, horizon, half_life, seed)
    now = np.stack([_padded(y, length) for y in known])
    last, unit = now[:, -1:], _unit(now)
    features = (now - last)[:, :-1] / unit
    if not len(x):
        return np.repeat(np.exp(last) if logs else last, horizon, axis=1)
    beta = _ridge(x, target, weight, penalty)
    bound = CLIP * np.sqrt(np.arange(1, horizon + 1))
    path = last + np.clip(features @ beta, -bound, bound) * unit
    return np.asarray(np.exp(path) if logs else path)


def _ridge(x: Floats, target: Floats, weight: Floats, penalty: float) -> Floats:
    """Coefficients `(features, horizon)`; no constant: the middle of all differences is 0."""
    weighted = x * weight[:, None]
    gram = weighted.T @ x
    return np.linalg.solve(
        gram + (SMALL + 1e-3 * penalty * np.trace(gram) / len(gram)) * np.eye(len(gram)), weighted.T @ target
    )


def _windows(
    series: Sequence[Floats], length: int, horizon: int, half_life: float, seed: int
) -> tuple[Floats, Floats, Floats]:
    total = sum(max(0, len(y) - length - horizon + 1) for y in series)
    rng, parts = np.random.default_rng(seed), list[tuple[Floats, Floats, Floats]]()
    for y in series:
        if len(y) < length + horizon:
            continue
        cut = sliding_window_view(y, length + horizon)
        age = np.arange(len(cut) - 1, -1, -1.0)
        if total > MOST_WINDOWS:
            kept = rng.random(len(cut)) < MOST_WINDOWS / total
            cut, age = cut[kept], age[kept]
        past = cut[:, :length]
        last, unit = past[:, -1:], _unit(past)
        bound = CLIP * np.sqrt(np.arange(1, horizon + 1))
        ahead = np.clip((cut[:, length:] - last) / unit, -bound, bound)
        parts.append(
            ((past - last)[:, :-1] / unit, ahead, 0.5 ** (age / half_life) if half_life else np.ones(len(cut)))
        )
    if not parts:
        return np.empty((0, length - 1)), np.empty((0, horizon)), np.empty(0)
    x, target, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return x, target, weight


def _unit(windows: Floats) -> Floats:
    """The usual step of each window, `(n, 1)`; of those without any, a hair of their level."""
    step = np.abs(np.diff(windows, axis=1)).mean(axis=1, keepdims=True)
    return np.asarray(np.maximum(step, 1e-6 * np.abs(windows).mean(axis=1, keepdims=True) + 1e-12))


def _padded(y: Floats, length: int) -> Floats:
    return y[-length:] if len(y) >= length else np.concatenate([np.full(length - len(y), y[0]), y])
