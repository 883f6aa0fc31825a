"""How much of the loss each row carries: what slices, types of units and rows in doubt are ranked by.

The effect of a row on the score is its influence function (Hampel 1974). Where a metric has no formula for it, rows alike
in truth and decision share one effect, measured by weighting them a little more: exact for metrics of class codes, which
know nothing of a row but its cell of the confusion matrix; for others the cells are quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Metric, columns
from podium.metrics.uncertainty import influence
from podium.tasks.task import Floats

BEST = 0.005  # quantile of the effects that counts as no loss: one lucky row must not set the scale
STEP = 0.5  # added to the weight of a cell's rows; effects are first-order
QUANTILES = 12  # a side, for metrics of values without a formula
MOST_CLASSES = 60
CODES = 100_000  # cells are numbered label * CODES + decision


@dataclass(frozen=True)
class Contribution:
    """`loss` `(n,)`: of each row, at least 0, of mean 1: a slice carries `loss[slice].sum() / n` of the whole.

    `exact`: to first order; else rows were put into cells of alike truth and prediction.
    """

    loss: Floats
    exact: bool


def contributions(metric: Metric, truth: Any, decided: Any) -> Contribution | None:
    """Each row's share of the loss; None where all rows carry the same, or the metric cannot tell."""
    effects, exact = influence(metric, truth, decided), True
    if effects is not None and metric.name == "auc":
        effects = _of_its_class(effects, np.asarray(truth))
    if effects is None:
        effects, exact = _by_cell(metric, truth, decided)
    if effects is None or not np.isfinite(effects).all():
        return None
    badness = -metric.sign * effects
    loss = np.maximum(badness - np.quantile(badness, BEST), 0.0)
    mean = float(loss.mean())
    if not mean > 0.0 or float(loss.std()) < 1e-9 * mean:
        return None
    return Contribution(np.asarray(loss / mean, dtype=np.float64), exact)


def _of_its_class(effects: Floats, truth: NDArray[Any]) -> Floats:
    """Ranks lost against the other class, each class alike: else every slice rich in the rare class would look bad."""
    if truth.ndim != 1:
        return effects
    _, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    return np.asarray(effects * counts[codes] / len(truth), dtype=np.float64)


def _by_cell(metric: Metric, truth: Any, decided: Any) -> tuple[Floats | None, bool]:
    arrays = isinstance(truth, np.ndarray) and isinstance(decided, np.ndarray)
    if not metric.weighted or not arrays or truth.ndim != 1:
        return None, False
    cells, exact = _cells(truth, decided)
    names, of = np.unique(cells, return_inverse=True)
    base = float(metric.function(truth, decided, np.ones(len(truth))))
    effects = np.zeros(len(names))
    for cell in range(len(names)):
        weight = np.where(of == cell, 1.0 + STEP, 1.0)
        effects[cell] = (float(metric.function(truth, decided, weight)) - base) / (STEP * (of == cell).sum())
    if exact:
        effects = _less_than_right(metric, names, effects)
    return np.asarray(effects[of] * len(truth), dtype=np.float64), exact


def _less_than_right(metric: Metric, names: NDArray[np.int64], effects: Floats) -> Floats:
    """What a wrong row costs against the right decision for its label, where that occurs; a right row costs nothing."""
    out = np.zeros(len(names))
    for at, name in enumerate(names.tolist()):
        label = name // CODES
        own = names // CODES == label
        right = np.flatnonzero(names == label * (CODES + 1))
        best = effects[right[0]] if len(right) else metric.sign * (metric.sign * effects[own]).max()
        out[at] = metric.sign * min(0.0, metric.sign * (effects[at] - best))
    return out


def _cells(truth: NDArray[Any], decided: NDArray[Any]) -> tuple[NDArray[np.int64], bool]:
    """One number for all rows that a metric of class codes cannot tell apart; of quantiles for other metrics."""
    first = columns(decided)[:, 0] if decided.ndim == 1 or decided.shape[1] == 1 else decided.argmax(axis=1)
    whole = truth.dtype.kind in "iub" and first.dtype.kind in "iub"
    if whole and len(np.unique(truth)) <= MOST_CLASSES:
        return np.asarray(truth.astype(np.int64) * CODES + first.astype(np.int64)), decided.ndim == 1
    return np.asarray(_quantile_of(truth) * CODES + _quantile_of(first), dtype=np.int64), False


def _quantile_of(values: NDArray[Any]) -> NDArray[np.int64]:
    edges = np.unique(np.quantile(values, np.linspace(0, 1, QUANTILES + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)
