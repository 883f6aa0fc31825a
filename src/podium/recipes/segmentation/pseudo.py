"""Images that a net labels for itself: frames beside the marked one of each training row, and rows without labels.

Pseudo-labels (Lee 2013), soft and of whole images. Beside a marked frame the mask is known but for how far it moved: it is
carried to where the net sees it. No label but those of the rows trained on is read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Rows
from podium.recipes.segmentation.reader import Reader
from podium.tasks.resize import resized

Bytes = NDArray[np.uint8]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
MOST = 4  # images for each labelled one that are looked at
SURE = 0.7  # of them are learned from: those whose masks are surest
FAR = 0.25  # of an image's sides that a mask may have moved
COARSE = 64  # pixels of the longer side that movements are told on


def candidates(
    reader: Reader, train: Rows, unlabelled: Rows | None, reach: int, rng: np.random.Generator
) -> tuple[Bytes, Ints]:
    """(images `(m, channels, h, w)`, of which row of `train` each is a frame, `(m,)`, -1 for unlabelled rows).

    Up to `reach` frames before and after the one that `reader` reads, and, where there are unlabelled rows, these and their
    frames; at most `MOST` a labelled row, drawn evenly. Empty where there is nothing.
    """
    beside = [moved for by in range(-reach, reach + 1) if by and (moved := reader.shifted(by)) is not None]
    sources = [(moved, train) for moved in beside]
    if unlabelled is not None:
        sources += [(one, unlabelled) for one in (reader, *beside)]
    total = sum(len(rows) for _, rows in sources)
    chosen = np.sort(rng.permutation(total)[: MOST * len(train)])
    images = [np.empty((0, reader.channels, *reader.size), dtype=np.uint8)]
    row_of, start = [np.empty(0, dtype=np.int64)], 0
    for one, rows in sources:
        at = chosen[(chosen >= start) & (chosen < start + len(rows))] - start
        images.append(one.read(rows.take(at)))
        row_of.append(at if rows is train else np.full(len(at), -1))
        start += len(rows)
    return np.concatenate(images), np.concatenate(row_of)


def labelled(found: Floats32, row_of: Ints, answers: Bytes) -> tuple[Ints, Bytes]:
    """(positions of the images worth learning from, their soft masks) by what the net sees in them, `found` `(m, classes, h,
    w)`, and `answers` `(n, classes, h, w)`, the masks of the labelled rows they are frames of.

    Those are kept on whose masks both agree most; an unlabelled image's mask is compared with itself cut at a half.
    """
    known = (found >= 0.5).astype(np.float32)
    for at in np.flatnonzero(row_of >= 0):
        known[at] = carried(answers[row_of[at]] / np.float32(255.0), found[at])
    both, size = (found * known).sum((1, 2, 3)), (found + known).sum((1, 2, 3))
    sure = np.argsort(-(2.0 * both + 1.0) / (size + 1.0), kind="stable")[: round(SURE * len(found))]
    sure = np.sort(sure)
    soft = np.where((row_of >= 0)[:, None, None, None], 0.5 * (found + known), found)[sure]
    return sure, np.asarray(np.round(255.0 * soft), dtype=np.uint8)


def carried(mask: Floats32, found: Floats32) -> Floats32:
    """`mask` `(classes, h, w)`, moved as a whole to where it meets most of `found`, at most `FAR` of the sides; what was not
    seen before is empty."""
    by = max(1, -(-max(mask.shape[1:]) // COARSE))
    height, width = (-(-side // by) for side in mask.shape[1:])
    small, seen = resized(mask, height, width), resized(found, height, width)
    shape = (2 * height, 2 * width)
    spectrum = (np.fft.rfft2(seen, shape) * np.conj(np.fft.rfft2(small, shape))).sum(axis=0)
    down, along = int(FAR * height), int(FAR * width)
    met = np.roll(np.fft.irfft2(spectrum, shape), (down, along), (0, 1))[: 2 * down + 1, : 2 * along + 1]
    y, x = np.unravel_index(int(met.argmax()), met.shape)
    return _moved(mask, by * (int(y) - down), by * (int(x) - along))


def _moved(mask: Floats32, down: int, along: int) -> Floats32:
    out = np.zeros_like(mask)
    height, width = mask.shape[1:]
    to = (slice(max(0, down), height + min(0, down)), slice(max(0, along), width + min(0, along)))
    of = (slice(max(0, -down), height - max(0, down)), slice(max(0, -along), width - max(0, along)))
    out[:, *to] = mask[:, *of]
    return out
