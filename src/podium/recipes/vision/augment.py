"""A batch of images changed as their answers allow: turned, moved, in other light, a part hidden; and every view of a test.

On bytes, in numpy: nothing here needs torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.recipes.vision.harmless import Symmetries

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Augment:
    """`shift`: share of the side that an image moves by, at most; `light`: how far brightness and contrast vary;
    `hide`: chance that a square of a third of the side is blanked (DeVries and Taylor 2017)."""

    symmetries: Symmetries
    shift: float = 0.1
    light: float = 0.2
    hide: float = 0.0

    def __call__(self, images: Bytes, rng: np.random.Generator) -> Bytes:
        """`(n, s, s, c)` → the same shape."""
        images = self._turned(images, rng)
        if self.shift:
            images = self._moved(images, rng)
        if self.light:
            images = self._lit(images, rng)
        return self._hidden(images, rng) if self.hide else images

    def _turned(self, images: Bytes, rng: np.random.Generator) -> Bytes:
        images = images.copy()
        told = self.symmetries
        for allowed, view in ((told.mirror, np.s_[:, :, ::-1]), (told.flip, np.s_[:, ::-1])):
            chosen = rng.random(len(images)) < 0.5
            if allowed:
                images[chosen] = images[chosen][view]
        chosen = rng.random(len(images)) < 0.5
        if told.turn:
            images[chosen] = images[chosen].transpose(0, 2, 1, 3)
        return images

    def _moved(self, images: Bytes, rng: np.random.Generator) -> Bytes:
        """Shifted, the gap filled by reflection."""
        side = images.shape[1]
        most = max(1, round(self.shift * side))
        padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="reflect")
        down, right = rng.integers(0, 2 * most + 1, (2, len(images)))
        steps, rows = np.arange(side), np.arange(len(images))[:, None, None]
        moved: Bytes = padded[rows, (down[:, None] + steps)[:, :, None], (right[:, None] + steps)[:, None, :]]
        return moved

    def _lit(self, images: Bytes, rng: np.random.Generator) -> Bytes:
        contrast, brightness = rng.uniform(-self.light, self.light, (2, len(images), 1, 1, 1)).astype(np.float32)
        table = np.arange(256, dtype=np.float32)
        curve = (table - 128) * (1 + contrast[:, 0, 0]) + 128 * (1 + brightness[:, 0, 0])
        looked = np.clip(curve, 0, 255).astype(np.uint8)
        return np.take_along_axis(looked, images.reshape(len(images), -1), axis=1).reshape(images.shape)

    def _hidden(self, images: Bytes, rng: np.random.Generator) -> Bytes:
        side = images.shape[1]
        size = max(1, side // 3)
        for at in np.flatnonzero(rng.random(len(images)) < self.hide):
            y, x = rng.integers(0, side - size + 1, 2)
            images[at, y : y + size, x : x + size] = images[at].mean(axis=(0, 1)).astype(np.uint8)
        return images


def views(told: Symmetries, most: int) -> list[tuple[bool, bool, bool]]:
    """(mirror, flip, turn) of each view of a test image, upright first; at most `most` of those that are harmless."""
    found = [
        (mirror, flip, turn)
        for turn in ((False, True) if told.turn else (False,))
        for flip in ((False, True) if told.flip else (False,))
        for mirror in ((False, True) if told.mirror else (False,))
    ]
    return found[: max(1, most)]


def viewed(images: Bytes, view: tuple[bool, bool, bool]) -> Bytes:
    mirror, flip, turn = view
    images = images[:, :, ::-1] if mirror else images
    images = images[:, ::-1] if flip else images
    return images.transpose(0, 2, 1, 3) if turn else images
