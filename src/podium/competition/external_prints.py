"""Fingerprints of pictures: whether one from elsewhere is a copy of one of the competition's own, edited or not.

The perceptual hash of Zauner (2010, pHash) in two steps. Signs of the 8 x 8 lowest cosine terms of a grey thumbnail find the
few own pictures that a copy could be of, whole or as one of nine windows (a copy may be cropped), turned and mirrored in
eight ways. Signs of the 16 x 16 lowest terms, over 84 windows of those few, decide.

Measured (`bench/prints.py`: 600 pictures a kind; halved, enlarged, JPEG 70 and 30, mirrored, turned, lighter, darker,
contrast, grey, noise, crops of any place to 0.97-0.85 of the side): at `FAR`, of edits other than crops 96-100 % are found, on
small seismic pictures (tgs-salt) 79-96 %; of crops 79-98 % on photographs and 25-73 % on drawings on flat ground. Of different
photographs 0 % pass for copies, of seismic pictures 0.17 %, of such drawings 1.7-2.3 %. A picture that is nearly blank is known
by nothing but its bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE = 64  # of a thumbnail
CELLS = 32  # of a window, before its cosine terms are taken
COARSE, FINE = 8, 16  # lowest terms a side; the constant one tells nothing
COARSE_WINDOWS = ((1.0, 1), (0.9, 3))  # (share of the side, places along it)
FINE_WINDOWS = ((1.0, 1), (0.95, 3), (0.9, 5), (0.85, 7))
SUSPECTS = 4  # own pictures that each one from elsewhere is held against
FAR = 38  # bits of 255 that a copy may differ in
BLANK = 2.0  # deviation of shades, of 255, below which a picture has nothing to be known by
TOGETHER, BLOCK = 64, 4096  # pictures from elsewhere, and own ones, compared at a time
Floats = NDArray[np.float32]
Thumb = NDArray[np.uint8]


def thumb(path: Path) -> Thumb | None:
    """`(SIDE, SIDE)` grey; None where the file is no image."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.draft("L", (2 * SIDE, 2 * SIDE))  # a JPEG need not be decoded at full size
            if image.mode.startswith("I") or image.mode == "F":
                deep = np.asarray(image, dtype=np.float64)
                image = Image.fromarray((255.0 * deep / max(1.0, float(deep.max()))).clip(0, 255).astype(np.uint8))  # type: ignore[assignment]
            return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


class Prints:
    """The competition's own pictures, as far as copies of them are to be known."""

    def __init__(self, thumbs: Sequence[Thumb | None]) -> None:
        kept = [place for place, one in enumerate(thumbs) if one is not None and one.std() >= BLANK]
        self.places = np.array(kept, dtype=np.int64)
        self.thumbs = [thumb for place in kept if (thumb := thumbs[place]) is not None]
        codes = [_signs(one, COARSE, COARSE_WINDOWS) for one in self.thumbs]
        shape = (len(kept), len(_transform(COARSE, COARSE_WINDOWS)[1]), COARSE * COARSE - 1)
        self.codes = np.array(codes, dtype=np.int8).reshape(shape)

    def copies(self, thumbs: Sequence[Thumb | None]) -> NDArray[np.int64]:
        """For each picture the place of the own one that it is a copy of; -1 where there is none."""
        found = np.full(len(thumbs), -1, dtype=np.int64)
        asked = [place for place, one in enumerate(thumbs) if one is not None and one.std() >= BLANK]
        for start in range(0, len(asked) if len(self.thumbs) else 0, TOGETHER):
            some = asked[start : start + TOGETHER]
            turned = [list(_turned(thumb)) for place in some if (thumb := thumbs[place]) is not None]
            for place, views, suspects in zip(some, turned, self._suspects(turned), strict=True):
                found[place] = self._copy_of(views, suspects)
        return found

    def _suspects(self, turned: Sequence[Sequence[Thumb]]) -> NDArray[np.int64]:
        """`(n, SUSPECTS)` places in `thumbs`, the likeliest first."""
        whole = ((1.0, 1),)
        asked = np.concatenate([_signs(view, COARSE, whole) for views in turned for view in views]).astype(np.float32)
        alike = np.empty((len(turned), len(self.thumbs)), dtype=np.float32)
        for start in range(0, len(self.thumbs), BLOCK):
            block = self.codes[start : start + BLOCK]
            agree = asked @ block.reshape(-1, block.shape[2]).astype(np.float32).T
            alike[:, start : start + BLOCK] = agree.reshape(len(turned), -1, len(block), block.shape[1]).max(
                axis=(1, 3)
            )
        return np.argsort(-alike, axis=1, kind="stable")[:, :SUSPECTS]

    def _copy_of(self, views: Sequence[Thumb], suspects: NDArray[np.int64]) -> int:
        whole = ((1.0, 1),)
        asked = np.concatenate([_signs(view, FINE, whole) for view in views]).astype(np.float32)
        apart = [self._apart(asked, self.thumbs[suspect]) for suspect in suspects]
        nearest = int(np.argmin(apart))
        return int(self.places[suspects[nearest]]) if apart[nearest] <= FAR else -1

    @staticmethod
    def _apart(asked: Floats, own: Thumb) -> float:
        """Bits that differ, between the best of the views and the best of the windows."""
        agree = asked @ _signs(own, FINE, FINE_WINDOWS).astype(np.float32).T
        return float((asked.shape[1] - agree.max()) / 2)


def _turned(thumb: Thumb) -> Iterator[Thumb]:
    """The eight ways to turn and mirror a square."""
    for one in (thumb, thumb.T):
        yield from (one, one[::-1], one[:, ::-1], one[::-1, ::-1])


def _signs(thumb: Thumb, terms: int, windows: tuple[tuple[float, int], ...]) -> NDArray[np.int8]:
    """`(windows, terms² - 1)` of 1 and -1: the signs of each window's lowest cosine terms, without the constant one."""
    along, rows, columns = _transform(terms, windows)
    waves = (along @ thumb.astype(np.float32) @ along.T).reshape(len(along) // terms, terms, -1, terms)
    told = waves[rows, :, columns, :].reshape(len(rows), terms * terms)[:, 1:]
    return np.where(told > 0, 1, -1).astype(np.int8)


@functools.cache
def _transform(
    terms: int, windows: tuple[tuple[float, int], ...]
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """One matrix `(places x terms, SIDE)` that cuts and transforms along a side, and which two places make a window."""
    places = [(share, at) for share, n in windows for at in np.linspace(0.0, 1.0 - share, n)]
    angles = np.pi * (np.arange(CELLS) + 0.5) / CELLS
    cosines = np.cos(np.arange(terms)[:, None] * angles[None, :])
    along = np.concatenate([cosines @ _cut(at, at + share) for share, at in places]).astype(np.float32)
    pairs = [(i, j) for i, a in enumerate(places) for j, b in enumerate(places) if a[0] == b[0]]
    return along, *(np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))  # type: ignore[return-value]


def _cut(low: float, high: float) -> NDArray[np.float64]:
    """`(CELLS, SIDE)`: means over `CELLS` equal stretches of the part from `low` to `high` of a side."""
    edges, pixel = np.linspace(low * SIDE, high * SIDE, CELLS + 1), np.arange(SIDE)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    shares = np.clip(covered, 0.0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


__all__ = ["FAR", "Prints", "thumb"]
