"""Planes on another grid: averaged where they shrink, bilinear where they grow; corners of the image stay corners.

Resizing is separable and linear, so it is two matrix products, the same for every image of a size.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]


def resized(planes: NDArray[np.generic], height: int, width: int) -> Floats32:
    """`(…, h, w)` as `(…, height, width)` float32."""
    values = np.asarray(planes, dtype=np.float32)
    if values.shape[-2:] == (height, width):
        return values
    down, along = weights(height, values.shape[-2]), weights(width, values.shape[-1])
    return np.asarray(down @ values @ along.T, dtype=np.float32)


@functools.lru_cache(maxsize=256)
def weights(n_out: int, n_in: int) -> Floats32:
    """`(n_out, n_in)`, rows of sum 1: how much of each input pixel an output pixel is."""
    out = np.zeros((n_out, n_in), dtype=np.float64)
    if n_out < n_in:  # the share of each input pixel that lies within the output pixel
        edges = np.arange(n_out + 1) * (n_in / n_out)
        left, right = np.arange(n_in), np.arange(1, n_in + 1)
        shared = np.minimum(edges[1:, None], right) - np.maximum(edges[:-1, None], left)
        out[:] = np.maximum(shared, 0.0)
    else:
        centre = np.clip((np.arange(n_out) + 0.5) * (n_in / n_out) - 0.5, 0.0, n_in - 1.0)
        low = np.minimum(centre.astype(np.int64), max(0, n_in - 2))
        share = centre - low
        rows = np.arange(n_out)
        out[rows, low] += 1.0 - share
        out[rows, np.minimum(low + 1, n_in - 1)] += share
    scaled: Floats32 = (out / out.sum(axis=1, keepdims=True)).astype(np.float32)
    scaled.flags.writeable = False
    return scaled
