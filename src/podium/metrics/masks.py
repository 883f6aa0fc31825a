"""Metrics of binary masks, one an image or one a class of an image: Dice, IoU, precision averaged over IoU thresholds.

`shapes.Masks` on both sides. An empty prediction of an empty truth is right (1); where only one of them is empty the image
scores 0.
"""

from __future__ import annotations

import numpy as np

from podium.errors import InvalidPredictions
from podium.metrics.metric import Floats, Metric, decomposed
from podium.metrics.shapes import Masks, check_units

TASKS = ("segmentation",)
THRESHOLDS = np.arange(10, 20)  # twentieths: 0.50, 0.55, … 0.95, compared as whole numbers so that no rounding decides


def areas(truth: Masks, prediction: Masks) -> tuple[Floats, Floats, Floats]:
    """Pixels of intersection, truth and prediction, `(n, planes)` each. Raises InvalidPredictions where sizes disagree."""
    check_units(truth, prediction)
    if truth.planes != prediction.planes:
        raise InvalidPredictions(f"expected {truth.planes} masks an image; found {prediction.planes}")
    differ = np.flatnonzero((truth.shapes != prediction.shapes).any(axis=1))
    if len(differ):
        wanted, given = truth.shapes[differ[0]], prediction.shapes[differ[0]]
        raise InvalidPredictions(
            f"expected a mask of {wanted[0]} x {wanted[1]} pixels; found {given[0]} x {given[1]} at image {differ[0]}"
        )
    sizes = np.repeat(truth.shapes.prod(axis=1), truth.planes)
    offsets = np.concatenate(([0], np.cumsum(sizes)))

    def sums(pixels: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
        if truth.alike:
            found = np.count_nonzero(pixels.reshape(len(sizes), -1), axis=1)
            return np.asarray(found.reshape(-1, truth.planes), dtype=np.float64)
        reached = np.concatenate(([0], np.flatnonzero(pixels)))  # counting set pixels by position: masks are sparse
        counts = np.searchsorted(reached[1:], offsets)
        return np.diff(counts).astype(np.float64).reshape(len(truth), truth.planes)

    return sums(truth.pixels & prediction.pixels), sums(truth.pixels), sums(prediction.pixels)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole `(n, planes)`, 1 where whole is 0: both masks are empty."""
    return np.asarray(np.divide(part, whole, out=np.ones_like(part), where=whole > 0), dtype=np.float64)


def dices(truth: Masks, prediction: Masks) -> Floats:
    """2 |A and B| / (|A| + |B|) of each image (Dice 1945)."""
    both, a, b = areas(truth, prediction)
    return _ratio(2.0 * both, a + b)


def ious(truth: Masks, prediction: Masks) -> Floats:
    """|A and B| / |A or B| of each image."""
    both, a, b = areas(truth, prediction)
    return _ratio(both, a + b - both)


def threshold_precisions(truth: Masks, prediction: Masks) -> Floats:
    """Share of the thresholds 0.50, 0.55, … 0.95 that an image's IoU is above (one object an image; Kaggle's TGS salt)."""
    both, a, b = areas(truth, prediction)
    union = a + b - both
    passed = 20.0 * both[..., None] > THRESHOLDS * union[..., None]
    return np.where(union > 0, passed.mean(axis=2), 1.0)


def dice_of_all(truth: Masks, prediction: Masks, weight: Floats | None = None) -> float:
    """Dice of the pixels of all images together."""
    both, a, b = areas(truth, prediction)
    w = np.ones(len(both)) if weight is None else weight
    size = float((w @ (a + b)).sum())
    return float(2.0 * (w @ both).sum() / size) if size > 0 else 1.0


METRICS = (
    Metric("dice", "Dice coefficient", decomposed(dices), "higher", "masks", "probability", (0.0, 1.0), 1.0, TASKS, dices),
    Metric("dice_global", "global Dice coefficient", dice_of_all, "higher", "masks", "probability", (0.0, 1.0), 1.0, TASKS),
    Metric("iou", "mean IoU over images", decomposed(ious), "higher", "masks", "probability", (0.0, 1.0), 1.0, TASKS, ious),
    Metric(
        "mask_ap", "mean precision of masks over IoU thresholds", decomposed(threshold_precisions),
        "higher", "masks", "probability", (0.0, 1.0), 1.0, TASKS, threshold_precisions,
    ),
)  # fmt: skip
