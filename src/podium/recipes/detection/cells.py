"""What a cell of an image's grid looks like: its colours, edges and surroundings, as numbers for trees.

Channels are averaged over a cell, then over squares around it, as in aggregate channel features (Dollár et al. 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
AROUND = (1, 3, 5, 9, 17)  # cells a side of the squares that are averaged over
AWAY = (2, 4, 7)  # cells to the neighbours that are looked at
CHANNELS = 8  # light, two colours, edges, their strength along four directions


def features(pixels: NDArray[np.uint8], cell: int) -> Floats:
    """`(h * w, k)` of an image `(height, width, 3)` with cells of `cell` pixels a side."""
    small = _pooled(_channels(pixels), cell)
    around = [ndimage.uniform_filter(small, size=(1, side, side), mode="nearest") for side in AROUND[1:]]
    maps = [small, *around, *(wide - small for wide in around[1:3])]
    near = around[0][[0, 1, 3]]
    for step in AWAY:
        for down, along in ((-step, 0), (step, 0), (0, -step), (0, step)):
            maps.append(_shifted(near, down, along))
    return np.concatenate(maps).reshape(-1, small.shape[1] * small.shape[2]).T.astype(np.float32)


def _channels(pixels: NDArray[np.uint8]) -> Floats:
    rgb = pixels.astype(np.float32).transpose(2, 0, 1) / 255.0
    light = rgb.mean(axis=0)
    down, along = np.gradient(ndimage.gaussian_filter(light, 0.7))
    strength = np.hypot(down, along)
    angle = np.arctan2(down, along) % np.pi
    turned = [strength * (np.floor(angle / (np.pi / 4)).clip(0, 3) == at) for at in range(4)]
    return np.stack([light, rgb[0] - rgb[1], rgb[2] - rgb[1], strength, *turned]).astype(np.float32)


def _pooled(maps: Floats, cell: int) -> Floats:
    channels, height, width = maps.shape
    pooled: Floats = maps.reshape(channels, height // cell, cell, width // cell, cell).mean(axis=(2, 4))
    return pooled


def _shifted(maps: Floats, down: int, along: int) -> Floats:
    """What lies so many cells below and to the right, the border repeated."""
    height, width = maps.shape[1:]
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + along, 0, width - 1)
    taken: Floats = maps[:, rows][:, :, columns]
    return taken
