"""Nearest rows by brute force, in blocks: exact, and as fast as a matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.recipes.tabular.target import Floats

BLOCK = 4_000_000  # squared distances at a time
LARGE = 20_000_000  # numbers from which on products are taken in float32
FINE, COARSE = 1e-6, 1e-3  # steps that squared distances are rounded to, in float64 and float32


def nearest(values: NDArray[np.float32], places: NDArray[np.float32], count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Euclidean distances and indexes `(n, count)` of the nearest places, nearest first; of equally near ones the first.

    Squared distances are rounded, so that neither they nor who is chosen among equals depends, by a product's last digits,
    on the rows that are asked about beside a row.
    """
    kind, step = (np.float64, FINE) if places.size <= LARGE else (np.float32, COARSE)
    known: NDArray[Any] = places.astype(kind)
    squares, n = (known**2).sum(axis=1), len(known)
    distances, indexes = [np.empty((0, count))], [np.empty((0, count), dtype=np.intp)]
    rows = max(1, BLOCK // max(1, n))
    for start in range(0, len(values), rows):
        block: NDArray[Any] = values[start : start + rows].astype(kind)
        far = (block**2).sum(axis=1)[:, None] + squares - 2 * (block @ known.T)
        steps = np.floor(np.maximum(far, 0) / step + 0.37).astype(np.int64)  # exact values lie on no edge of a step
        order = steps * n + np.arange(n)
        first = np.sort(np.partition(order, count - 1, axis=1)[:, :count], axis=1)
        distances.append(np.sqrt(first // n * step))
        indexes.append(first % n)
    return np.concatenate(distances), np.concatenate(indexes)
