"""How far two answers to one row are apart, 0..1: one notion for every layout that is not a row of numbers.

An answer says how much of each thing there is: a probability at a pixel, a confidence in a box, a weight of a place in a
list, a letter in a text. Two are compared by the weighted Jaccard distance, 1 - Σ min / Σ max (Ruzicka 1958): for binary
masks 1 - IoU, for equal answers 0, for answers that share nothing 1. Images have every pixel: their mean absolute difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from podium import packing
from podium.metrics.boxes import pair_ious
from podium.protocol import Layout, LayoutKind
from podium.tasks.task import Floats

SAME = 1e-3  # what rounding and the order of sums explain
PIXEL = 2e-3  # of a pixel's value: half precision, and batches of another size
BOXES = 100  # of an image: its surest
PERSISTENCE = 0.9  # of a ranked list's reader (Webber, Moffat and Zobel 2010)
LETTERS = 1 << 21  # code points are below
CHUNK = 4_000_000  # values compared at a time


WithoutLabels = Literal["never", "sometimes", "often"]


@dataclass(frozen=True)
class Apart:
    """`of(a, b, layout)`: raw predictions `(n, width)` each to `(n,)`. `saying(truth, layout)`: raw predictions that say the
    truth. `amount`: of raw predictions, one number a row that orders answers by how much they hold. `without_labels`:
    whether an honest solution does well by what is in the row alone, never (as numbers do), sometimes or often."""

    of: Callable[[NDArray[Any], NDArray[Any], Layout], Floats]
    saying: Callable[[Any, Layout], NDArray[Any]]
    amount: Callable[[NDArray[Any]], Floats]
    without_labels: WithoutLabels


def difference(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    """`(n,)` in 0..1, 0 where rounding explains it; raw predictions `(n, width)` of a layout in `APART`."""
    out = np.zeros(len(a))
    other = np.flatnonzero(_unequal(a, b))
    step = max(1, CHUNK // layout.width)
    for start in range(0, len(other), step):
        at = other[start : start + step]
        out[at] = APART[layout.kind].of(a[at], b[at], layout)
    return np.where(out <= SAME, 0.0, np.minimum(out, 1.0))


def _unequal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ((a != b) & ~(np.isnan(a) & np.isnan(b))).any(axis=1)
    return found


def _ruzicka(least: Floats, most: Floats) -> Floats:
    return np.where(most > 0, 1.0 - least / np.where(most > 0, most, 1.0), 0.0)


# ---------------------------------------------------------------- pixels


def _masks(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    one, other = a.astype(np.float32), b.astype(np.float32)
    apart = np.abs(one - other)
    most = np.maximum(one, other).sum(axis=1, dtype=np.float64)
    return _ruzicka(most - np.where(apart > PIXEL, apart, 0.0).sum(axis=1, dtype=np.float64), most)


def _images(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    apart = np.abs(a.astype(np.float32) - b.astype(np.float32))
    there = np.isfinite(apart)
    found: Floats = np.where(there, apart, 0.0).sum(axis=1, dtype=np.float64) / np.maximum(there.sum(axis=1), 1)
    return found


# ---------------------------------------------------------------- lists


def _boxes(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    pairs = zip(packing.unpack_boxes(a), packing.unpack_boxes(b), strict=True)
    return np.array([_box_sets(one[:BOXES], other[:BOXES]) for one, other in pairs])


def _box_sets(a: Floats, b: Floats) -> float:
    """Boxes of a class are paired greedily, those that overlap most first; a pair shares the lesser confidence, as far as
    the boxes overlap."""
    overlap = np.where(a[:, None, 0] == b[None, :, 0], iou(a[:, 1:5], b[:, 1:5]), 0.0)
    shared = 0.0
    while overlap.size and overlap.max() > 0:
        i, j = np.unravel_index(int(np.argmax(overlap)), overlap.shape)
        shared += float(overlap[i, j] * min(a[i, 5], b[j, 5]))
        overlap[i, :] = overlap[:, j] = 0.0
    most = float(a[:, 5].sum() + b[:, 5].sum()) - shared
    return 1.0 - shared / most if most > 0 else 0.0


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of corners `(m, 4)` and `(k, 4)`: `(m, k)`; 0 for boxes without area."""
    return pair_ious(np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))).reshape(len(a), len(b))


def _ranking(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    pairs = zip(packing.unpack_rankings(a)[0], packing.unpack_rankings(b)[0], strict=True)
    return np.array([_weighed(_places(one), _places(other)) for one, other in pairs])


def _places(items: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    return items, PERSISTENCE ** np.arange(len(items), dtype=np.float64)


# ---------------------------------------------------------------- texts


def _spans(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    pairs = zip(_codes_and_sureness(a, layout), _codes_and_sureness(b, layout), strict=True)
    return np.array([_weighed(_letters(*one), _letters(*other)) for one, other in pairs])


def _codes_and_sureness(raw: NDArray[Any], layout: Layout) -> list[tuple[NDArray[np.int64], Floats]]:
    shaped = raw.reshape(len(raw), 2, -1)
    return [(of[0].astype(np.int64), of[1].astype(np.float64)) for of in shaped]


def _texts(a: NDArray[Any], b: NDArray[Any], layout: Layout) -> Floats:
    one, other = ([(codes.astype(np.int64), np.ones(len(codes))) for codes in raw] for raw in (a, b))
    return np.array([_weighed(_letters(*x), _letters(*y)) for x, y in zip(one, other, strict=True)])


def _letters(codes: NDArray[np.int64], sure: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Characters and pairs of neighbours, by how sure it is that they belong to the answer."""
    codes, sure = codes[codes > 0], sure[codes > 0]
    return (
        np.concatenate([codes, codes[:-1] * LETTERS + codes[1:]]),
        np.concatenate([sure, np.minimum(sure[:-1], sure[1:])]),
    )


def _weighed(a: tuple[NDArray[np.int64], Floats], b: tuple[NDArray[np.int64], Floats]) -> float:
    """The distance of two lists of (things, weights)."""
    things, at = np.unique(np.concatenate([a[0], b[0]]), return_inverse=True)
    one = np.bincount(at[: len(a[0])], a[1], minlength=len(things))
    other = np.bincount(at[len(a[0]) :], b[1], minlength=len(things))
    most = float(np.maximum(one, other).sum())
    return 1.0 - float(np.minimum(one, other).sum()) / most if most > 0 else 0.0


# ---------------------------------------------------------------- truth, said as predictions are


def _say_masks(truth: Any, layout: Layout) -> NDArray[Any]:
    return truth.pixels.reshape(len(truth), -1).astype(layout.dtype)  # type: ignore[no-any-return]


def _say_boxes(truth: Any, layout: Layout) -> NDArray[Any]:
    listed = np.column_stack([truth.label, truth.corners, np.ones(len(truth.label))])
    order = np.argsort(truth.image, kind="stable")
    cuts = np.cumsum(np.bincount(truth.image, minlength=len(truth)))[:-1]
    return packing.boxes(np.split(listed[order], cuts), layout).values.reshape(len(truth), -1)


def _say_ranking(truth: Any, layout: Layout) -> NDArray[Any]:
    lists = [one.tolist() for one in np.split(truth.items, truth.offsets[1:-1])]
    scores = [[float(-place) for place in range(len(one))] for one in lists]
    return packing.rankings(lists, scores, layout).values.reshape(len(truth), -1)


def _say_spans(truth: Any, layout: Layout) -> NDArray[Any]:
    sure = [np.ones(len(text)) for text in truth.values]
    return packing.spans(truth.values, sure, layout).values.reshape(len(truth), -1)


def _say_texts(truth: Any, layout: Layout) -> NDArray[Any]:
    return packing.texts(truth.values, layout).values


APART: dict[LayoutKind, Apart] = {
    "masks": Apart(_masks, _say_masks, lambda raw: raw.sum(axis=1, dtype=np.float64), without_labels="sometimes"),
    "boxes": Apart(
        _boxes,
        _say_boxes,
        lambda raw: raw.reshape(len(raw), -1, packing.BOX)[:, :, 5].sum(axis=1),
        without_labels="sometimes",
    ),
    "images": Apart(
        _images, lambda truth, layout: np.asarray(truth), lambda raw: np.nanmean(raw, axis=1), without_labels="often"
    ),
    "ranking": Apart(
        _ranking, _say_ranking, lambda raw: (raw[:, ::2] >= 0).sum(axis=1).astype(float), without_labels="often"
    ),
    "spans": Apart(_spans, _say_spans, lambda raw: raw[:, raw.shape[1] // 2 :].sum(axis=1), without_labels="often"),
    "text": Apart(_texts, _say_texts, lambda raw: (raw > 0).sum(axis=1).astype(float), without_labels="often"),
}  # numbers are compared by `podium.referee.probes.likeness.Numbers`: by their spread over rows

__all__ = ["APART", "SAME", "Apart", "difference", "iou"]
