"""What a pixel's surroundings look like, without a net: blurs, edges, texture and place, for boosting to choose from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
BLURS = (1.0, 2.0, 4.0, 8.0, 16.0)
EDGES = (1.0, 3.0)
TEXTURES = (2.0, 6.0)
WINDOW = 5  # of the darkest and brightest neighbour


def responses(image: NDArray[np.generic]) -> Floats32:
    """`(pixels, features)` of an image `(channels, height, width)`, 0..255."""
    planes = [plane for channel in np.asarray(image, dtype=np.float32) for plane in _of_channel(channel)]
    height, width = image.shape[1:]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    planes += [
        rows / height,
        columns / width,
        np.minimum(rows, height - 1 - rows),
        np.minimum(columns, width - 1 - columns),
    ]
    return np.stack([plane.reshape(-1) for plane in planes], axis=1).astype(np.float32)


def contexts(probability: Floats32) -> Floats32:
    """`(pixels, 6)` of what a first model believes around each pixel of `(height, width)`, and of the whole image."""
    from scipy import ndimage

    planes = [ndimage.gaussian_filter(probability, sigma) for sigma in (0.7, 2.0, 5.0, 12.0)]
    whole = [np.full_like(probability, probability.mean()), np.full_like(probability, planes[1].max())]
    return np.stack([plane.reshape(-1) for plane in (*planes, *whole)], axis=1).astype(np.float32)


def _of_channel(x: Floats32) -> list[Floats32]:
    from scipy import ndimage

    blurs = {sigma: ndimage.gaussian_filter(x, sigma, truncate=3.0) for sigma in BLURS}
    out = [x, *blurs.values(), x - blurs[2.0], blurs[1.0] - blurs[4.0], blurs[4.0] - blurs[16.0]]
    for sigma in EDGES:
        down, along = (ndimage.gaussian_filter(x, sigma, order=order, truncate=3.0) for order in ((1, 0), (0, 1)))
        out += [np.hypot(down, along), down, along]
    for sigma in TEXTURES:
        mean = ndimage.gaussian_filter(x, sigma, truncate=3.0)
        out.append(np.sqrt(np.maximum(ndimage.gaussian_filter(x * x, sigma, truncate=3.0) - mean * mean, 0.0)))
    out += [ndimage.minimum_filter(x, WINDOW), ndimage.maximum_filter(x, WINDOW), ndimage.median_filter(x, 3)]
    out += [np.broadcast_to(x.mean(axis=0), x.shape), np.broadcast_to(x.mean(axis=1)[:, None], x.shape)]
    low, middle, high = np.percentile(x, (5, 50, 95))
    out += [np.full_like(x, value) for value in (x.mean(), x.std(), low, middle, high)]
    return [np.asarray(plane, dtype=np.float32) for plane in out]
