"""Classical filters of one plane, 0..1: what is smooth, what is paper, what stands out of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
Filter = Callable[[Floats32], Floats32]
TINY = 1e-3


def gaussian(x: Floats32, sigma: float) -> Floats32:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(x, sigma, truncate=3.0), dtype=np.float32)


def median(x: Floats32, side: int) -> Floats32:
    from scipy import ndimage

    return np.asarray(ndimage.median_filter(x, side), dtype=np.float32)


def background(x: Floats32, side: int) -> Floats32:
    """What lies behind thin dark strokes: the median of a wide window, taken on every other few pixels and grown again."""
    from podium.tasks.resize import resized

    by = max(1, side // 7)
    height, width = x.shape
    small = resized(x, max(1, -(-height // by)), max(1, -(-width // by)))
    return resized(median(small, 2 * (side // by // 2) + 1), height, width)


def closing(x: Floats32, side: int) -> Floats32:
    """Dark strokes narrower than `side` filled with what is brightest around them."""
    from scipy import ndimage

    return np.asarray(ndimage.grey_closing(x, size=(side, side)), dtype=np.float32)


def without_background(x: Floats32, side: int) -> Floats32:
    """Light relative to its surroundings: 1 where the pixel is as bright as they are."""
    return np.clip(x / np.maximum(background(x, side), TINY), 0.0, 1.0).astype(np.float32)


def less_background(x: Floats32, side: int) -> Floats32:
    return np.asarray(np.clip(1.0 + x - background(x, side), 0.0, 1.0), dtype=np.float32)


FILTERS: dict[str, Filter] = {
    "itself": lambda x: x,
    "gaussian 1": lambda x: gaussian(x, 1.0),
    "gaussian 2": lambda x: gaussian(x, 2.0),
    "median 3": lambda x: median(x, 3),
    "median 5": lambda x: median(x, 5),
    "over background 15": lambda x: without_background(x, 15),
    "over background 31": lambda x: without_background(x, 31),
    "less background 15": lambda x: less_background(x, 15),
    "less background 31": lambda x: less_background(x, 31),
    "over closing 9": lambda x: np.clip(x / np.maximum(gaussian(closing(x, 9), 2.0), TINY), 0.0, 1.0),
    "median 3 over background 31": lambda x: without_background(median(x, 3), 31),
}


def responses(planes: Floats32) -> Floats32:
    """`(pixels, features)` of `(channels, height, width)`: filters, a 5 x 5 window, edges, and the whole image's light."""
    out = [plane for channel in planes for plane in _of_plane(channel)]
    return np.stack([plane.reshape(-1) for plane in out], axis=1).astype(np.float32)


def _of_plane(x: Floats32) -> list[Floats32]:
    from scipy import ndimage

    out = [of(x) for of in FILTERS.values()]
    padded = np.pad(x, 2, mode="reflect" if min(x.shape) > 2 else "edge")
    height, width = x.shape
    out += [padded[i : i + height, j : j + width] for i in range(5) for j in range(5) if (i, j) != (2, 2)]
    out += [gaussian(x, 4.0), gaussian(x, 8.0), background(x, 15), background(x, 31), background(x, 61), closing(x, 9)]
    out += [ndimage.minimum_filter(x, 5), ndimage.maximum_filter(x, 5), ndimage.minimum_filter(x, 11)]
    mean = gaussian(x, 4.0)
    out.append(np.sqrt(np.maximum(gaussian(x * x, 4.0) - mean * mean, 0.0)))
    out.append(np.hypot(ndimage.sobel(x, 0), ndimage.sobel(x, 1)))
    out += [np.full_like(x, value) for value in (*np.percentile(x, (2, 25, 50, 90)), x.std())]
    return [np.asarray(plane, dtype=np.float32) for plane in out]
