"""Hand-made features of images, by numpy: colours, thumbnail, gradients, texture. In milliseconds, without labels.

Gradients: histograms of oriented gradients (Dalal and Triggs 2005). Texture: rotation-invariant local binary patterns
(Ojala, Pietikäinen and Mäenpää 2002).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIZE = 64  # pixels a side that everything here is measured on
THUMB = 12
CELLS, ANGLES = 8, 9
LEVELS = 8  # bins of a colour's histogram
CHUNK = 256  # images at a time: bounds memory
PERCENTILES = (2, 25, 50, 75, 98)
AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))

BLOCKS = ("colour", "thumb", "gradients", "texture")


def describe(pixels: Bytes, blocks: tuple[str, ...] = BLOCKS) -> Floats:
    """`(n, SIZE, SIZE, 3)` bytes → `(n, d)` float32."""
    makers = {"colour": colours, "thumb": thumbnail, "gradients": gradients, "texture": texture}
    parts: list[NDArray[Any]] = []
    for start in range(0, max(1, len(pixels)), CHUNK):
        values: Floats = pixels[start : start + CHUNK].astype(np.float32) / np.float32(255)
        parts.append(np.concatenate([makers[name](values) for name in blocks if name in makers], axis=1))
    return np.concatenate(parts).astype(np.float32)


def colours(values: Floats) -> Floats:
    """Of red, green, blue and of lightness, chroma: mean, deviation, percentiles, histogram."""
    values = values[:, ::2, ::2]  # every fourth pixel tells as much
    light, chroma = values.max(axis=3), np.ptp(values, axis=3)
    planes = np.concatenate([values, light[..., None], chroma[..., None]], axis=3)
    flat = planes.reshape(len(values), -1, planes.shape[3]).transpose(0, 2, 1)
    middle = np.percentile(flat, PERCENTILES, axis=2).transpose(1, 2, 0).reshape(len(values), -1)
    bins = np.minimum((flat * LEVELS).astype(np.int8), LEVELS - 1)
    shares = np.stack([(bins == level).mean(axis=2) for level in range(LEVELS)], axis=2).reshape(len(values), -1)
    grey_share = (chroma < 0.05).reshape(len(values), -1).mean(axis=1, keepdims=True)
    return np.concatenate([flat.mean(axis=2), flat.std(axis=2), middle, np.sqrt(shares), grey_share], axis=1)


def thumbnail(values: Floats) -> Floats:
    """Mean colours of a coarse grid, `THUMB²` × 3."""
    edges = np.linspace(0, values.shape[1], THUMB + 1).round().astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(values, edges, axis=1), edges, axis=2)
    counts = np.diff([*edges, values.shape[1]]).astype(np.float32)
    return np.asarray((sums / (counts[:, None] * counts)[..., None]).reshape(len(values), -1))


def gradients(values: Floats) -> Floats:
    """Histograms of oriented gradients of lightness: `CELLS²` × `ANGLES`, each cell over itself and its neighbours' norm."""
    grey = values.mean(axis=3)
    down = np.zeros_like(grey)
    right = np.zeros_like(grey)
    down[:, 1:-1], right[:, :, 1:-1] = grey[:, 2:] - grey[:, :-2], grey[:, :, 2:] - grey[:, :, :-2]
    size = np.hypot(down, right)
    turned = (np.arctan2(down, right) / np.pi % 1.0) * ANGLES
    low = np.floor(turned).astype(np.int8) % ANGLES
    share = turned - np.floor(turned)
    step = grey.shape[1] // CELLS
    cells = np.zeros((len(grey), CELLS, CELLS, ANGLES), np.float32)
    for angle in range(ANGLES):
        part = size * ((low == angle) * (1 - share) + ((low + 1) % ANGLES == angle) * share)
        cells[..., angle] = part.reshape(len(grey), CELLS, step, CELLS, step).sum(axis=(2, 4))
    energy = np.pad((cells**2).sum(axis=3), ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = sum(energy[:, y : y + CELLS, x : x + CELLS] for y in range(3) for x in range(3))
    normed = np.minimum(cells / np.sqrt(around + 0.1)[..., None], 0.4)
    return np.asarray(normed.reshape(len(grey), -1))


def texture(values: Floats) -> Floats:
    """Local binary patterns at two distances (10 kinds each), and how rough the image is at three scales."""
    grey = values.mean(axis=3)
    out = [_patterns(grey, 1), _patterns(grey, 3)]
    for step in (1, 2, 4):
        rough = grey[:, 2 * step :, step:-step] + grey[:, : -2 * step, step:-step] - 2 * grey[:, step:-step, step:-step]
        out.append(np.log1p(100 * np.abs(rough).mean(axis=(1, 2)))[:, None])
        out.append(np.log1p(100 * rough.std(axis=(1, 2)))[:, None])
    return np.concatenate(out, axis=1)


def _patterns(grey: Floats, step: int) -> Floats:
    """Shares of 10 kinds of neighbourhood: 0 to 8 brighter neighbours in one run, and all others."""
    inner = grey[:, step:-step, step:-step]
    height, width = grey.shape[1:]
    bits = np.stack(
        [
            grey[:, step + y * step : height - step + y * step, step + x * step : width - step + x * step]
            > inner + 0.01
            for y, x in AROUND
        ]
    )
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    kind = np.where(changes <= 2, bits.sum(axis=0), 9)
    return np.stack([(kind == k).mean(axis=(1, 2)) for k in range(10)], axis=1).astype(np.float32)
