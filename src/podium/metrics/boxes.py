"""Mean average precision of boxes over IoU thresholds 0.50, 0.55, … 0.95 and classes. `shapes.Boxes` on both sides.

Detections are matched in the order of their confidence, each to the best free true box of its image and class at or
above the threshold, each true box once (Everingham et al. 2010; Lin et al. 2014). Classes without a true box are left
out. `coco_map` interpolates precision at 101 recalls and looks at 100 detections an image and class, as pycocotools
does; `box_map` takes the whole area under the interpolated curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric
from podium.metrics.shapes import Boxes, Ints, check_units

TASKS = ("detection",)
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
COCO_DETECTIONS = 100
EQUAL = 1e-12


def pair_ious(a: Floats, b: Floats) -> Floats:
    """IoU of boxes pair by pair, `(p, 4)` each; 0 where both are without area."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    both = np.clip(high - low, 0.0, None).prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - both
    return np.asarray(np.divide(both, union, out=np.zeros_like(both), where=union > 0), dtype=np.float64)


@dataclass(frozen=True)
class _Pairs:
    """Detections with the true boxes of their image and class that they overlap enough, ordered by the detection's rank
    there, then detection.

    `start` `(d,)`: where each such detection's pairs begin; `detection` `(d,)`; `rank` `(d,)`.
    """

    detection: Ints
    rank: Ints
    start: Ints
    true_box: Ints
    iou: Floats


def _ranks(group: Ints, order: Ints) -> Ints:
    """0 for a group's first element in `order`, 1 for its second, …, by element."""
    by_group = order[np.argsort(group[order], kind="stable")]
    ordered = group[by_group]
    first = (
        np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, dtype=np.int64)
    )
    rank = np.empty(len(group), dtype=np.int64)
    rank[by_group] = np.arange(len(group)) - np.repeat(first, np.diff(np.append(first, len(group))))
    return rank


def _pairs(truth: Boxes, found: Boxes, rank: Ints, n_classes: int) -> _Pairs:
    wanted = truth.image * n_classes + truth.label
    by_group = np.argsort(wanted, kind="stable")
    group = found.image * n_classes + found.label
    low = np.searchsorted(wanted[by_group], group)
    sizes = np.searchsorted(wanted[by_group], group, side="right") - low
    rivals = np.flatnonzero(sizes)
    rivals = rivals[np.argsort(rank[rivals], kind="stable")]
    counts = sizes[rivals]
    start = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum())) - np.repeat(start, counts)
    true_box = by_group[np.repeat(low[rivals], counts) + within]
    iou = pair_ious(np.repeat(found.corners[rivals], counts, axis=0), truth.corners[true_box])
    near = iou >= THRESHOLDS[0] - EQUAL  # what lies further apart is never a match
    counts = np.add.reduceat(near, start, dtype=np.int64) if len(start) else counts
    rivals, counts = rivals[counts > 0], counts[counts > 0]
    start = np.cumsum(counts) - counts
    return _Pairs(rivals, rank[rivals], start.astype(np.int64), true_box[near].astype(np.int64), iou[near])


def match(truth: Boxes, found: Boxes, rank: Ints, n_classes: int) -> NDArray[np.bool_]:
    """Whether each detection is a true positive at each threshold, `(detections, 10)`.

    All images and classes at a time: first every group's surest detection, then every second one, and so on.
    """
    pairs = _pairs(truth, found, rank, n_classes)
    hit = np.zeros((len(found.image), len(THRESHOLDS)), dtype=np.bool_)
    used = np.zeros((len(truth.image), len(THRESHOLDS)), dtype=np.bool_)
    ends = np.append(pairs.start, len(pairs.iou))
    steps = np.searchsorted(pairs.rank, np.arange(int(pairs.rank.max(initial=-1)) + 2))
    for low, high in pairwise(steps):
        if low == high:
            continue
        here = slice(int(ends[low]), int(ends[high]))
        start, sizes = ends[low:high] - ends[low], np.diff(ends[low : high + 1])
        boxes = pairs.true_box[here]
        free = np.where(used[boxes], -1.0, pairs.iou[here, None])
        best = np.maximum.reduceat(free, start, axis=0)
        at = np.where(free == np.repeat(best, sizes, axis=0), np.arange(len(boxes))[:, None], len(boxes))
        chosen = np.minimum.reduceat(at, start, axis=0)  # the first of equal ones
        passed = best >= THRESHOLDS - EQUAL
        hit[pairs.detection[low:high]] = passed
        rows, columns = np.nonzero(passed)
        used[boxes[chosen[rows, columns]], columns] = True
    return hit


def _area(hit: NDArray[np.bool_], weight: Floats, total: float, coco: bool) -> Floats:
    """Average precision at each threshold, `(10,)`, of one class's detections, surest first."""
    if not len(hit):
        return np.zeros(len(THRESHOLDS))
    right = np.cumsum(hit * weight[:, None], axis=0)
    precision = right / np.cumsum(weight)[:, None]
    precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = right / total
    if not coco:
        return np.asarray((np.diff(recall, axis=0, prepend=0.0) * precision).sum(axis=0), dtype=np.float64)
    padded = np.vstack([precision, np.zeros(len(THRESHOLDS))])
    reached = [np.searchsorted(recall[:, t], RECALLS) for t in range(len(THRESHOLDS))]
    return np.array([padded[at, t].mean() for t, at in enumerate(reached)])


def _mean_average_precision(truth: Boxes, prediction: Boxes, weight: Floats | None, coco: bool) -> float:
    check_units(truth, prediction)
    known = np.unique(truth.label)
    if not len(known):
        return float(len(prediction.image) == 0)
    n_classes = int(max(truth.label.max(), prediction.label.max(initial=0))) + 1
    order = np.argsort(-prediction.confidence, kind="stable")
    rank = _ranks(prediction.image * n_classes + prediction.label, order)
    kept = order[rank[order] < COCO_DETECTIONS] if coco else order
    found = Boxes(
        prediction.image[kept], prediction.label[kept], prediction.corners[kept], prediction.confidence[kept], len(truth)
    )  # fmt: skip
    hit = match(truth, found, rank[kept], n_classes)
    w = np.ones(len(truth)) if weight is None else weight
    areas = [
        _area(
            hit[found.label == c], w[found.image[found.label == c]], float(w[truth.image[truth.label == c]].sum()), coco
        )
        for c in known
    ]
    return float(np.mean(areas))


def coco_map(truth: Boxes, prediction: Boxes, weight: Floats | None = None) -> float:
    """COCO's AP: 101 recalls, at most 100 detections an image and class."""
    return _mean_average_precision(truth, prediction, weight, coco=True)


def box_map(truth: Boxes, prediction: Boxes, weight: Floats | None = None) -> float:
    """The same over all points of the curve and all detections."""
    return _mean_average_precision(truth, prediction, weight, coco=False)


METRICS = (
    Metric("coco_map", "COCO mAP@[.50:.95]", coco_map, "higher", "boxes", "value", (0.0, 1.0), 1.0, TASKS),
    Metric(
        "box_map", "mAP@[.50:.95] over all points of the precision-recall curve", box_map,
        "higher", "boxes", "value", (0.0, 1.0), 1.0, TASKS,
    ),
)  # fmt: skip
