"""Weighted boxes fusion: boxes of several detectors that mean one thing, as their mean (Solovyev, Wang, Gabruseva 2021).

From the surest box down, each joins the fused box of its image and class that it overlaps most, where it does so by more
than `OVERLAP`, or begins one. A fused box has the mean corners, by confidence times the member's weight; its confidence
is the members' weighted mean, where who did not find it says 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.tasks.task import Floats

OVERLAP = 0.55  # IoU
BOX = 6  # as `podium.packing.BOX`
Ints = NDArray[np.int64]


def fuse(members: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Packed boxes `(n, most * 6)` of each member, by weights >= 0, as packed boxes of the same width. One member with a
    weight alone is what it was."""
    used = [(np.asarray(m, dtype=np.float64), w) for m, w in zip(members, weights, strict=True) if w > 0]
    if len(used) == 1:
        return np.array(used[0][0])
    n, most = len(members[0]), members[0].shape[1] // BOX
    total = sum(w for _, w in used)
    image, boxes = _listed([m for m, _ in used], [w / total for _, w in used])
    group, fused = _fused(image, boxes, len(used))
    return _packed(group, fused, n, most)


def _listed(members: Sequence[Floats], weights: Sequence[float]) -> tuple[Ints, Floats]:
    """(images, boxes `(m, 6)` with confidence times weight), surest first; equal ones in an order that members do not
    change."""
    images, parts = [], []
    for member, weight in zip(members, weights, strict=True):
        shaped = member.reshape(len(member), -1, BOX)
        image, place = np.nonzero(shaped[:, :, 5] > 0)
        found = shaped[image, place]
        found[:, 5] *= weight
        images.append(image)
        parts.append(found)
    image, boxes = np.concatenate(images), np.concatenate(parts)
    order = np.lexsort((boxes[:, 4], boxes[:, 3], boxes[:, 2], boxes[:, 1], boxes[:, 0], -boxes[:, 5]))
    return image[order].astype(np.int64), boxes[order]


def _fused(image: Ints, boxes: Floats, n_members: int) -> tuple[Ints, Floats]:
    """(image of each fused box, fused boxes `(f, 6)`). All images and classes at a time: first every group's surest box,
    then every second one, and so on; groups with most boxes first, so that those left are always the first."""
    n_classes = int(boxes[:, 0].max(initial=0)) + 1
    known, group, sizes = np.unique(
        image * n_classes + boxes[:, 0].astype(np.int64), return_inverse=True, return_counts=True
    )
    largest = np.argsort(-sizes, kind="stable")
    rank_of = np.empty(len(known), dtype=np.int64)
    rank_of[largest] = np.arange(len(known))
    by_group = np.argsort(rank_of[group], kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes[largest])))[:-1].astype(np.int64)
    most = int(sizes.max(initial=0))
    corners = np.zeros((4, len(known), most))  # of the fused boxes so far
    areas = np.zeros((len(known), most))
    sums = np.zeros((len(known), most, 6))  # of weighted corners, of confidences, of boxes
    begun = np.zeros(len(known), dtype=np.int64)
    active = np.searchsorted(-sizes[largest], -np.arange(most), side="left")
    for step in range(most):
        a = int(active[step])
        box = boxes[by_group[starts[:a] + step]]
        width = int(begun[:a].max(initial=0))
        place, rows = begun[:a].copy(), np.arange(a)
        if width:
            overlap = _ious(box[:, 1:5], corners[:, :a, :width], areas[:a, :width])
            best = overlap.argmax(axis=1)
            place = np.where(overlap[rows, best] > OVERLAP, best, place)
        begun[:a] = np.maximum(begun[:a], place + 1)
        sums[rows, place, :4] += box[:, 1:5] * box[:, 5:]
        sums[rows, place, 4] += box[:, 5]
        sums[rows, place, 5] += 1
        now = sums[rows, place, :4] / sums[rows, place, 4:5]
        corners[:, rows, place] = now.T
        areas[rows, place] = (now[:, 2] - now[:, 0]) * (now[:, 3] - now[:, 1])
    return _of_groups(known[largest], n_classes, corners, sums, n_members)


def _of_groups(keys: Ints, n_classes: int, corners: Floats, sums: Floats, n_members: int) -> tuple[Ints, Floats]:
    rows, places = np.nonzero(sums[:, :, 5])
    held = sums[rows, places]
    count = held[:, 5]
    confidence = np.minimum(held[:, 4] * np.minimum(count, n_members) / count, 1.0)
    fused = np.column_stack([keys[rows] % n_classes, corners[:, rows, places].T, confidence])
    return keys[rows] // n_classes, fused


def _ious(box: Floats, others: Floats, areas: Floats) -> Floats:
    """IoU of `(a, 4)` with `(4, a, k)` of these areas; 0 with boxes that are not there yet. Work is done in place: this is
    where all the time goes."""
    both = np.minimum(box[:, 2:3], others[2])
    both -= np.maximum(box[:, 0:1], others[0])
    high = np.minimum(box[:, 3:4], others[3])
    high -= np.maximum(box[:, 1:2], others[1])
    both.clip(0.0, out=both)
    both *= high.clip(0.0, out=high)
    union = np.subtract(areas, both, out=high)
    union += ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))[:, None]
    ious: Floats = np.divide(both, np.maximum(union, 1e-12, out=union), out=both)
    return ious


def _packed(image: Ints, fused: Floats, n: int, most: int) -> Floats:
    """Surest first, the surest `most` an image."""
    order = np.lexsort((fused[:, 2], fused[:, 1], fused[:, 0], -fused[:, 5], image))
    image, fused = image[order], fused[order]
    first = np.searchsorted(image, np.arange(n))
    place = np.arange(len(image)) - first[image]
    kept = place < most
    out = np.zeros((n, most, BOX))
    out[image[kept], place[kept]] = fused[kept]
    return out.reshape(n, most * BOX)
