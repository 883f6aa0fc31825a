"""From peaks of a heat map to boxes of an image: overlapping ones of one class leave the surest (greedy NMS)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def suppress(found: Floats, overlap: float, most: int) -> Floats:
    """Boxes `(m, 6)` (class, corners, confidence), surest first, without those that overlap a surer one of their class by
    more than `overlap` (IoU); at most `most`."""
    ordered = found[np.argsort(-found[:, 5], kind="stable")]
    low, high = ordered[:, 1:3], ordered[:, 3:5]
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    both = np.clip(shared, 0.0, None).prod(axis=2)
    area = np.clip(high - low, 0.0, None).prod(axis=1)
    rival = both > overlap * np.maximum(area[:, None] + area[None] - both, 1e-9)
    rival &= ordered[:, None, 0] == ordered[None, :, 0]
    alive = np.ones(len(ordered), dtype=bool)
    for at in range(len(ordered)):
        if alive[at]:
            alive[at + 1 :] &= ~rival[at, at + 1 :]
    return ordered[alive][:most]


def onto_image(found: Floats, scale: float, size: tuple[int, int]) -> Floats:
    """Boxes `(m, 6)` in pixels of the input, as pixels of the image as its file has it: `size` (height, width); those
    without area there are dropped."""
    out = np.array(found, dtype=np.float64)
    out[:, 1:5] /= scale
    out[:, 1:5:2] = out[:, 1:5:2].clip(0.0, size[1])
    out[:, 2:5:2] = out[:, 2:5:2].clip(0.0, size[0])
    return out[(out[:, 3] - out[:, 1] > 0.5) & (out[:, 4] - out[:, 2] > 0.5)]
