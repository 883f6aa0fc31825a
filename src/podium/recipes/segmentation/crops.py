"""Parts of images to learn from: half of them around a pixel of the object, wherever an image has one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
AROUND = 0.5  # of the crops hold the object for sure
MOST = 2000  # pixels of an image's object that are remembered


class Crops:
    """`answers` `(n, classes, h, w)` uint8; crops are squares of `side` pixels, or the image's own side where it is less."""

    def __init__(self, answers: NDArray[np.uint8], side: int) -> None:
        self.sides = (min(side, answers.shape[2]), min(side, answers.shape[3]))
        self.limits = (answers.shape[2] - self.sides[0], answers.shape[3] - self.sides[1])
        self.pixels = [_some(np.argwhere(planes.max(axis=0) > 127)) for planes in answers]

    def corners(self, rows: Ints, rng: np.random.Generator) -> Ints:
        """Top left of a crop of each of these images, `(b, 2)`."""
        out = rng.integers(0, np.array(self.limits) + 1, size=(len(rows), 2))
        for at, row in enumerate(rows):
            found = self.pixels[row]
            if len(found) and rng.random() < AROUND:
                inside = rng.integers(0, self.sides)
                out[at] = np.clip(found[rng.integers(len(found))] - inside, 0, self.limits)
        return out

    def cut(self, planes: NDArray[np.uint8], corners: Ints) -> NDArray[np.uint8]:
        height, width = self.sides
        return np.stack(
            [plane[:, y : y + height, x : x + width] for plane, (y, x) in zip(planes, corners, strict=True)]
        )


def _some(pixels: Ints) -> Ints:
    return pixels[:: max(1, len(pixels) // MOST)]
