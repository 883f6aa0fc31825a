"""From probabilities of pixels to masks: a threshold, when an image has nothing at all, and the least object that counts.

An image is empty unless enough of its pixels are above a second, higher threshold (the triplet rule of Aimoldin 2019, SIIM
pneumothorax): one faint cloud is no object, and a false one costs a whole image. All is fitted from counts of pixels by
level of probability, so that one pass over the predictions serves every candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.masks import THRESHOLDS

LEVELS = 40
CUTS = np.arange(4, 37)  # thresholds tried, in levels
TOPS = np.array([8, 14, 20, 24, 28, 32, 35, 37, 39])
SHARES = (0.0, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03)  # of the image, above the upper threshold
OBJECTS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01)  # of the image: the least object tried
LOOKED_AT = 300  # images in which objects are counted
FIT_VALUES = 12_000_000  # pixels that a decision is fitted on
CHUNK = 2_000_000

Floats = NDArray[np.float64]
Levels = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Pixels of each image at or above each level, `(n, LEVELS)`: `found` all of them, `hits` those of the truth;
    `truth` `(n,)`."""

    found: Levels
    hits: Levels
    truth: Levels

    @classmethod
    def of(cls, truth: NDArray[np.bool_], raw: NDArray[Any]) -> Counts:
        """`truth`, `raw`: `(n, pixels)` of one plane."""
        n, size = raw.shape
        counts = np.empty((n, 2, LEVELS), dtype=np.int64)
        step = max(1, CHUNK // max(size, 1))
        for start in range(0, n, step):
            part = slice(start, min(start + step, n))
            levels = np.minimum((raw[part].astype(np.float32) * LEVELS).astype(np.int32), LEVELS - 1)
            levels += LEVELS * truth[part]
            levels += (np.arange(len(levels), dtype=np.int32) * 2 * LEVELS)[:, None]
            flat = np.bincount(levels.reshape(-1), minlength=len(levels) * 2 * LEVELS)
            counts[part] = flat.reshape(-1, 2, LEVELS)
        above = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
        return cls(above.sum(axis=1), above[:, 1], above[:, 1, 0])

    def __getitem__(self, rows: Any) -> Counts:
        return Counts(self.found[rows], self.hits[rows], self.truth[rows])


def fitted(metric: str, counts: Counts, pixels: int) -> dict[str, float]:
    """`threshold`, `top`, `least` (pixels above `top` that an image must exceed) that score best on these images."""
    merit = _pooled if metric == "dice_global" else _averaged
    score = merit(metric, counts, np.array([0, *(round(share * pixels) for share in SHARES[1:])]))
    smooth = np.pad(score, ((0, 0), (0, 0), (1, 1)), mode="edge")
    smooth = 0.25 * smooth[..., :-2] + 0.5 * smooth[..., 1:-1] + 0.25 * smooth[..., 2:]
    smooth = smooth - 1e-9 * np.abs(CUTS - LEVELS / 2)  # of equals, the middle
    top, share, cut = np.unravel_index(int(smooth.argmax()), smooth.shape)
    return {
        "threshold": float(CUTS[cut] / LEVELS),
        "top": float(TOPS[top] / LEVELS),
        "least": float(round(SHARES[share] * pixels)),
    }


def _kept(counts: Counts, least: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an image has anything, `(n, tops, shares)`."""
    return counts.found[:, TOPS][:, :, None] > least


def _averaged(metric: str, counts: Counts, least: NDArray[np.int64]) -> Floats:
    """Mean merit of the images, `(tops, shares, cuts)`."""
    kept = _kept(counts, least)
    merits = merit_of(metric, counts.hits[:, CUTS], counts.truth[:, None], counts.found[:, CUTS])  # (n, cuts)
    empty = (counts.truth == 0).astype(np.float64)
    flat = kept.reshape(len(kept), -1).astype(np.float64)
    total = flat.T @ (merits - empty[:, None]) + empty.sum()
    return np.asarray(total.reshape(*kept.shape[1:], -1) / max(len(kept), 1))


def _pooled(metric: str, counts: Counts, least: NDArray[np.int64]) -> Floats:
    """Dice of all images together, `(tops, shares, cuts)`."""
    kept = _kept(counts, least)
    flat = kept.reshape(len(kept), -1).astype(np.float64).T
    hits, found = flat @ counts.hits[:, CUTS], flat @ counts.found[:, CUTS]
    return np.asarray((2.0 * hits / np.maximum(found + counts.truth.sum(), 1)).reshape(*kept.shape[1:], -1))


def merit_of(metric: str, both: NDArray[Any], truth: NDArray[Any], found: NDArray[Any]) -> Floats:
    """The metric of single masks, from their areas; Dice for metrics that are not known here."""
    union = truth + found - both
    empty = union == 0
    if metric == "mask_ap":
        merit = (20 * both[..., None] > THRESHOLDS * union[..., None]).mean(axis=-1)
    elif metric == "iou":
        merit = both / np.maximum(union, 1)
    else:
        merit = 2.0 * both / np.maximum(truth + found, 1)
    return np.where(empty, 1.0, merit)


def least_object(metric: str, truth: NDArray[np.bool_], masks: NDArray[np.bool_]) -> float:
    """Pixels below which an object of these masks `(n, h, w)` is better left out; 0 where that does not surely help."""
    from scipy import ndimage

    size = truth[0].size if len(truth) else 0
    tried = sorted({round(share * size) for share in OBJECTS} - {0, 1})
    gains = []
    for true, mask in zip(truth, masks, strict=True):
        labels, count = ndimage.label(mask)
        areas = np.bincount(labels.reshape(-1), minlength=count + 1)[1:]
        hits = np.bincount(labels.reshape(-1), weights=true.reshape(-1), minlength=count + 1)[1:]
        kept = areas >= np.array([0, *tried])[:, None]
        merits = merit_of(metric, (kept * hits).sum(axis=1), np.array(int(true.sum())), (kept * areas).sum(axis=1))
        gains.append(merits[1:] - merits[0])
    if len(gains) < 2 or not tried:
        return 0.0
    gain = np.array(gains)
    mean, stderr = gain.mean(axis=0), gain.std(axis=0) / np.sqrt(len(gain))
    best = int(np.argmax(mean - stderr))
    return float(tried[best]) if mean[best] > 2.0 * stderr[best] and mean[best] > 0 else 0.0


def without_specks(masks: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """`(n, h, w)` without objects (joined by their sides) of fewer than `least` pixels."""
    from scipy import ndimage

    out = masks.copy()
    for at in np.flatnonzero(masks.any(axis=(1, 2))):
        labels, count = ndimage.label(masks[at])
        areas = np.bincount(labels.reshape(-1), minlength=count + 1)
        areas[0] = 0
        out[at] = (areas >= least)[labels]
    return out
