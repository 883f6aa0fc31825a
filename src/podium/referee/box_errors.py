"""Errors of a detector by type, after TIDE (Bolya, Foley, Hays and Hoffman 2020): what each costs, found by mending it alone.

A prediction is right where it overlaps a free true box of its class by half (IoU), surest first. Each other one is one of:
classification (half of a true box of another class), localisation (of its own class, between a tenth and a half), both,
duplicate (a true box that is taken), background (a tenth of nothing). Missed: true boxes that no right, misnamed or misplaced
prediction is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from podium.metrics import Metric
from podium.metrics.boxes import pair_ious
from podium.metrics.shapes import Boxes

FOREGROUND, BACKGROUND = 0.5, 0.1  # IoU
RIGHT, CLASSIFICATION, LOCALISATION, BOTH, DUPLICATE, BACKGROUND_ERROR = range(6)
NAMES = ("right", "classification", "localisation", "both", "duplicate", "background")
MISSED = "missed"
SIZES = ("small", "middling", "large")  # thirds of the true boxes by area
MOST_EXAMPLES = 3
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BoxError:
    """`count` predictions (missed: true boxes); `cost`: what the metric would gain, were they mended. `examples`: the
    images that have most of it, by confidence."""

    name: str
    count: int
    cost: float
    examples: tuple[str, ...]


@dataclass(frozen=True)
class BoxGroup:
    """True boxes of a class or size: how many, the share `found`, and of a class its `score` (None for sizes)."""

    name: str
    count: int
    found: float
    score: float | None


@dataclass(frozen=True)
class BoxErrors:
    errors: tuple[BoxError, ...]  # the dearest first
    classes: tuple[BoxGroup, ...]  # the worst first
    sizes: tuple[BoxGroup, ...]


@dataclass(frozen=True)
class Judged:
    """`kind` `(p,)` of each prediction, `of` `(p,)` the true box it is about, -1 for none; `taken` `(t,)`: by a right one."""

    kind: Ints
    of: Ints
    taken: NDArray[np.bool_]


def judge(truth: Boxes, found: Boxes) -> Judged:
    """Every prediction's type of error."""
    kind, of = np.full(len(found.image), BACKGROUND_ERROR), np.full(len(found.image), -1)
    taken = np.zeros(len(truth.image), dtype=bool)
    for image in np.unique(found.image):
        here, true = np.flatnonzero(found.image == image), np.flatnonzero(truth.image == image)
        here = here[np.argsort(-found.confidence[here], kind="stable")]
        if not len(true):
            continue
        pairs = pair_ious(
            np.repeat(found.corners[here], len(true), axis=0), np.tile(truth.corners[true], (len(here), 1))
        )
        ious = pairs.reshape(len(here), len(true))
        for at, overlaps in zip(here, ious, strict=True):
            alike = truth.label[true] == found.label[at]
            kind[at], place = _kind(overlaps, alike, taken[true])
            of[at] = true[place] if place >= 0 else -1
            if kind[at] == RIGHT:
                taken[of[at]] = True
    return Judged(kind.astype(np.int64), of.astype(np.int64), taken)


def _kind(overlaps: NDArray[np.float64], alike: NDArray[np.bool_], taken: NDArray[np.bool_]) -> tuple[int, int]:
    """(type, place of the true box it is about, -1 for none)."""
    own, other, free = (np.where(of, overlaps, 0.0) for of in (alike, ~alike, alike & ~taken))
    if free.max() >= FOREGROUND:
        return RIGHT, int(free.argmax())
    if own.max() >= FOREGROUND:
        return DUPLICATE, int(own.argmax())
    if other.max() >= FOREGROUND:
        return CLASSIFICATION, int(other.argmax())
    if own.max() >= BACKGROUND:
        return LOCALISATION, int(own.argmax())
    return (BOTH, int(other.argmax())) if other.max() >= BACKGROUND else (BACKGROUND_ERROR, -1)


def explain(metric: Metric, truth: Boxes, found: Boxes, classes: Sequence[str], images: Sequence[str]) -> BoxErrors:
    """`classes`: names of codes; `images`: names of units. Costs are in the metric's own unit, each type mended with all
    others as they are."""
    judged, score = judge(truth, found), metric.function(truth, found)
    errors = [
        BoxError(
            name,
            int((judged.kind == kind).sum()),
            metric.function(truth, _mended(truth, found, judged, kind)) - score,
            _examples(images, found.image, found.confidence, judged.kind == kind),
        )
        for kind, name in enumerate(NAMES)
        if kind != RIGHT
    ]
    missed = _missed(truth, judged)
    told = metric.function(_some(truth, ~missed), found) - score if (~missed).any() else 0.0
    errors.append(
        BoxError(MISSED, int(missed.sum()), told, _examples(images, truth.image, np.ones(len(missed)), missed))
    )
    return BoxErrors(
        tuple(sorted(errors, key=lambda one: -one.cost)),
        tuple(sorted(_classes(metric, truth, found, judged, classes), key=lambda one: one.score or 0.0)),
        tuple(_sizes(truth, judged)),
    )


def _missed(truth: Boxes, judged: Judged) -> NDArray[np.bool_]:
    about = np.zeros(len(truth.image), dtype=bool)
    about[judged.of[np.isin(judged.kind, (CLASSIFICATION, LOCALISATION))]] = True
    return ~judged.taken & ~about


def _mended(truth: Boxes, found: Boxes, judged: Judged, kind: int) -> Boxes:
    """Classes set right, boxes moved onto the true ones, where those are free, once each; what cannot be mended is left out."""
    wrong = judged.kind == kind
    if kind not in (CLASSIFICATION, LOCALISATION):
        return _some(found, ~wrong)
    order = np.argsort(-np.where(wrong, found.confidence, -1.0), kind="stable")[: int(wrong.sum())]
    _, first = np.unique(judged.of[order], return_index=True)
    best = order[first]
    best = best[~judged.taken[judged.of[best]]]
    keep, label, corners = ~wrong, found.label.copy(), found.corners.copy()
    keep[best] = True
    label[best], corners[best] = (
        truth.label[judged.of[best]],
        (truth.corners[judged.of[best]] if kind == LOCALISATION else corners[best]),
    )
    return _some(replace(found, label=label, corners=corners), keep)


def _some(boxes: Boxes, keep: NDArray[np.bool_]) -> Boxes:
    return Boxes(boxes.image[keep], boxes.label[keep], boxes.corners[keep], boxes.confidence[keep], boxes.n_images)


def _examples(
    names: Sequence[str], image: Ints, weight: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> tuple[str, ...]:
    if not wrong.any():
        return ()
    total = np.bincount(image[wrong], weight[wrong])
    return tuple(names[at] for at in np.argsort(-total, kind="stable")[:MOST_EXAMPLES] if total[at] > 0)


def _classes(metric: Metric, truth: Boxes, found: Boxes, judged: Judged, names: Sequence[str]) -> list[BoxGroup]:
    out = []
    for code in np.unique(truth.label):
        of = truth.label == code
        score = metric.function(_some(truth, of), _some(found, found.label == code))
        name = names[code] if code < len(names) else str(code)
        out.append(BoxGroup(name, int(of.sum()), float(judged.taken[of].mean()), float(score)))
    return out


def _sizes(truth: Boxes, judged: Judged) -> list[BoxGroup]:
    if not len(truth.image):
        return []
    area = np.maximum(truth.corners[:, 2:] - truth.corners[:, :2], 0.0).prod(axis=1)
    edges = np.quantile(area, [1 / 3, 2 / 3])
    third = np.searchsorted(edges, area, side="left")
    out = []
    for at, name in enumerate(SIZES):
        of = third == at
        if of.any():
            told = f"{name} ({area[of].min():,.0f} to {area[of].max():,.0f} pixels)"
            out.append(BoxGroup(told, int(of.sum()), float(judged.taken[of].mean()), None))
    return out


__all__ = ["MISSED", "NAMES", "BoxError", "BoxErrors", "BoxGroup", "Judged", "explain", "judge"]
