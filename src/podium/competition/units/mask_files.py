"""Masks as files beside the images: several annotators' are averaged, several objects' are joined, classes are planes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.errors import IntakeError

Bytes = NDArray[np.uint8]
OVERLAP = 0.2  # of the smaller mask: those that share more are several views of one thing
MOST_CODES = 32  # a mask of fewer, low values holds codes of classes, not shades
LOOKED_AT = 40


class MaskFiles:
    """How this competition's mask files are to be read, learned from the first of them.

    `scale`: what a stored value is multiplied by; None where values are codes of classes. `averaged`: whether several
    files of an image are several annotators' view of it.
    """

    def __init__(self, files: Sequence[Sequence[Path]], n_classes: int) -> None:
        self.n_classes = n_classes
        some = [[_read(path) for path in paths] for paths in files[:LOOKED_AT] if paths]
        values = np.unique(
            np.concatenate([np.zeros(1, dtype=np.uint8), *(np.unique(plane) for one in some for plane in one)])
        )
        self.codes = len(values) > 2 and values.max() < MOST_CODES
        self.scale = 255 if values.max() <= 1 else 1
        self.averaged = any(_overlap(one) for one in some)

    def planes(self, paths: Sequence[Path], height: int, width: int) -> Bytes:
        """The truth of one image, `(classes, height, width)` uint8: 255 where it is certain. Empty without a file."""
        found = [self._planes(_read(path)) for path in paths]
        if not found:
            return np.zeros((self.n_classes, height, width), dtype=np.uint8)
        if any(plane.shape != found[0].shape for plane in found):
            raise IntakeError("masks of one image differ in size", found=f"{paths[0].name} and its neighbours")
        stack = np.stack(found)
        return np.asarray(np.round(stack.mean(axis=0)) if self.averaged else stack.max(axis=0), dtype=np.uint8)

    def _planes(self, mask: Bytes) -> Bytes:
        if not self.codes:
            return np.repeat(mask[None] * np.uint8(self.scale), self.n_classes, axis=0)
        if self.n_classes == 1:
            return np.where(mask[None] > 0, 255, 0).astype(np.uint8)
        return np.where(mask[None] == np.arange(1, self.n_classes + 1)[:, None, None], 255, 0).astype(np.uint8)


def _read(path: Path) -> Bytes:
    """`(height, width)` uint8; an array's share 0..1 as 0..255."""
    if path.suffix == ".npy":
        array = np.load(path)
        flat = np.asarray(array.reshape(*array.shape[:2], -1).mean(axis=2), dtype=np.float64)
        scaled: Bytes = np.round(flat * (255.0 if flat.max() <= 1.0 else 1.0)).clip(0, 255).astype(np.uint8)
        return scaled
    brightest: Bytes = pixels.read(path, beneath=True).max(axis=0)
    return brightest


def _overlap(masks: Sequence[Bytes]) -> bool:
    for at, one in enumerate(masks):
        for other in masks[at + 1 :]:
            if one.shape == other.shape:
                both, least = int(((one > 0) & (other > 0)).sum()), min(int((one > 0).sum()), int((other > 0).sum()))
                if least and both > OVERLAP * least:
                    return True
    return False
