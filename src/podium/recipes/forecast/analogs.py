"""Analogs: what followed, in any series, after stretches that looked like each series' last one.

Nearest neighbours of normalised windows (Martinez et al. 2019), weighted by how close they are, and drawn towards the last
value where nothing is close. Series that share their causes answer for each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WORK = 3e11  # multiplications that the search may take; a sample of the windows is searched beyond
EACH = 3  # windows of one series that may be among the nearest
SHRINK = 2.5  # a best correlation of 1 - 1 / SHRINK or less counts for nothing


def analogs(
    series: Sequence[Floats], horizon: int, length: int, neighbours: int = 10, log: bool = False, seed: int = 0
) -> Floats:
    """Forecasts `(n, horizon)` by windows of `length`; the last value for series that are shorter."""
    logs = log and all((y > 0).all() for y in series)
    known = [np.log(y) if logs else y for y in series]
    closeness, owner, place = _nearest(known, horizon, length, neighbours, seed)
    out = np.empty((len(series), horizon))
    for k, y in enumerate(known):
        last = y[-length:]
        real = closeness[k] > 0
        if len(last) < length or not real.any():
            out[k] = y[-1]
            continue
        paths = [_follow(known[i], j, length, horizon, last, c)
                 for i, j, c in zip(owner[k][real], place[k][real], closeness[k][real], strict=True)]  # fmt: skip
        far = np.maximum(1.0 - closeness[k][real], 1e-6)
        mean = np.average(paths, axis=0, weights=1.0 / far)
        trust = np.clip(1.0 - SHRINK * far.min(), 0.0, 1.0)
        out[k] = trust * mean + (1.0 - trust) * y[-1]
    return np.exp(out) if logs else out


def _nearest(
    series: Sequence[Floats], horizon: int, length: int, neighbours: int, seed: int
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """For each series its nearest windows `(n, neighbours)`: correlation, whose they are, where they begin."""
    n = len(series)
    last = np.stack([_normal(y[-length:]) if len(y) >= length else np.zeros(length) for y in series]).astype(np.float32)
    windows = sum(max(0, len(y) - length - horizon + 1) for y in series)
    keep = min(1.0, WORK / max(1.0, float(n) * windows * length))
    rng = np.random.default_rng(seed)
    closeness, owner = np.full((n, neighbours), -1.0), np.zeros((n, neighbours), dtype=np.int64)
    place = np.zeros((n, neighbours), dtype=np.int64)
    for i, y in enumerate(series):
        if len(y) < length + horizon:
            continue
        cut = sliding_window_view(y[: len(y) - horizon], length)
        at = np.arange(len(cut))
        if keep < 1:
            at = np.sort(rng.choice(at, max(1, int(keep * len(at))), replace=False))
        found = last @ _normal(cut[at]).astype(np.float32).T / length
        k = min(EACH, found.shape[1])
        best = np.argpartition(-found, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(found, best, axis=1).astype(np.float64)
        joined = np.concatenate([closeness, values], axis=1)
        order = np.argsort(-joined, axis=1, kind="stable")[:, :neighbours]
        owner = np.take_along_axis(np.concatenate([owner, np.full(best.shape, i)], axis=1), order, axis=1)
        place = np.take_along_axis(np.concatenate([place, at[best]], axis=1), order, axis=1)
        closeness = np.take_along_axis(joined, order, axis=1)
    return closeness, owner, place


def _normal(windows: Floats) -> Floats:
    middle, spread = windows.mean(axis=-1, keepdims=True), windows.std(axis=-1, keepdims=True)
    return np.asarray(
        np.where(spread > 1e-9 * (np.abs(middle) + 1e-9), (windows - middle) / np.maximum(spread, 1e-12), 0.0)
    )


def _follow(y: Floats, at: int, length: int, horizon: int, last: Floats, closeness: float) -> Floats:
    """What followed the window at `at`, moved and stretched onto `last`."""
    window = y[at : at + length]
    slope = closeness * last.std() / max(window.std(), 1e-12)
    return np.asarray(last[-1] + slope * (y[at + length : at + length + horizon] - window[-1]))
