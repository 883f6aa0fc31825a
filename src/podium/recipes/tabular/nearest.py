"""Nearest rows by brute force, in blocks: exact, and as fast as a matrix product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.recipes.tabular.target import Floats

CHUNK = 500  # rows asked about at a time


def nearest(values: NDArray[np.float32], places: NDArray[np.float32], count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Euclidean distances and indexes `(n, count)` of the nearest places, nearest first."""
    squares = (places**2).sum(axis=1)
    distances, indexes = [np.empty((0, count))], [np.empty((0, count), dtype=np.intp)]
    for start in range(0, len(values), CHUNK):
        block = values[start : start + CHUNK]
        far = squares - 2 * (block @ places.T)  # a row's own square shifts it evenly: order is unchanged
        index = np.argpartition(far, count - 1, axis=1)[:, :count]
        # measured again, one by one: what a product of matrices says of a row depends in its last digits on the rows beside it
        square = ((block[:, None].astype(np.float64) - places[index]) ** 2).sum(axis=2)
        order = np.argsort(square, axis=1, kind="stable")
        indexes.append(np.take_along_axis(index, order, axis=1))
        distances.append(np.sqrt(np.take_along_axis(square, order, axis=1)))
    return np.concatenate(distances), np.concatenate(indexes)
