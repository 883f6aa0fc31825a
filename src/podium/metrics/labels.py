"""Metrics of class codes: accuracy, balanced accuracy, F1, MCC, quadratic weighted kappa.

All but accuracy follow from the confusion matrix, so `from_confusion` gives them for any stack of matrices `(..., K, K)`:
decisions (thresholds, cut points) are searched on counts and never by scoring rows again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, columns, decomposed

FromConfusion = Callable[[Floats], Floats]

CLASSES = ("binary_classification", "multiclass_classification")
ALL = (*CLASSES, "multilabel_classification", "ordinal_regression")


def confusion(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None, size: int = 0) -> Floats:
    """Counts `(K, K)`, truth down, prediction across; K = `size` or the largest code + 1. Codes are >= 0."""
    size = size or int(max(truth.max(), prediction.max())) + 1
    cell = truth.astype(np.int64) * size + prediction.astype(np.int64)
    counts = np.bincount(cell, weights=weight, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


def _share(part: Floats, whole: Floats) -> Floats:
    """part / whole, 0 where whole is 0."""
    share: Floats = np.divide(part, whole, out=np.zeros_like(part, dtype=np.float64), where=whole > 0)
    return share


def _diagonal(counts: Floats) -> Floats:
    return np.asarray(np.diagonal(counts, axis1=-2, axis2=-1), dtype=np.float64)


def accuracy_of(counts: Floats) -> Floats:
    return _share(_diagonal(counts).sum(-1), counts.sum((-2, -1)))


def balanced_accuracy_of(counts: Floats) -> Floats:
    """Mean recall over the classes that occur in truth."""
    support = counts.sum(-1)
    return _share(_share(_diagonal(counts), support).sum(-1), (support > 0).sum(-1).astype(np.float64))


def _class_f1(counts: Floats) -> tuple[Floats, Floats, Floats]:
    support, predicted = counts.sum(-1), counts.sum(-2)
    return _share(2 * _diagonal(counts), support + predicted), support, predicted


def f1_macro_of(counts: Floats) -> Floats:
    """Unweighted mean over the classes that occur in truth or prediction."""
    f1, support, predicted = _class_f1(counts)
    return _share(f1.sum(-1), (support + predicted > 0).sum(-1).astype(np.float64))


def f1_weighted_of(counts: Floats) -> Floats:
    f1, support, _ = _class_f1(counts)
    return _share((f1 * support).sum(-1), support.sum(-1))


def f1_of(counts: Floats) -> Floats:
    """F1 of the second class where there are two, else the macro mean."""
    return _class_f1(counts)[0][..., 1] if counts.shape[-1] == 2 else f1_macro_of(counts)


def mcc_of(counts: Floats) -> Floats:
    """Gorodkin's R_K; 0 where truth or prediction is constant."""
    support, predicted, total = counts.sum(-1), counts.sum(-2), counts.sum((-2, -1))
    covariance = _diagonal(counts).sum(-1) * total - (support * predicted).sum(-1)
    spread = (total**2 - (support**2).sum(-1)) * (total**2 - (predicted**2).sum(-1))
    r: Floats = np.divide(covariance, np.sqrt(spread), out=np.zeros_like(covariance), where=spread > 0)
    return r


def qwk_of(counts: Floats) -> Floats:
    """Cohen's kappa with weights (i - j)^2; 1 where both are the same constant, 0 where one of them is constant."""
    codes = np.arange(counts.shape[-1], dtype=np.float64)
    support, predicted, total = counts.sum(-1), counts.sum(-2), counts.sum((-2, -1))
    seen = (counts * (codes[:, None] - codes) ** 2).sum((-2, -1))
    squares = (support @ codes**2) * total + (predicted @ codes**2) * total
    by_chance = (squares - 2 * (support @ codes) * (predicted @ codes)) / np.maximum(total, 1e-300)
    kappa: Floats = 1.0 - np.divide(seen, by_chance, out=np.zeros_like(seen), where=by_chance > 0)
    return kappa


FROM_CONFUSION: dict[str, FromConfusion] = {
    "accuracy": accuracy_of,
    "balanced_accuracy": balanced_accuracy_of,
    "f1": f1_of,
    "f1_macro": f1_macro_of,
    "f1_micro": accuracy_of,  # equal where every row has one class
    "f1_weighted": f1_weighted_of,
    "mcc": mcc_of,
    "qwk": qwk_of,
}


def _function(name: str) -> Callable[..., float]:
    """Codes `(n,)`, or 0/1 columns `(n, L)`: the column mean of the binary metric."""
    formula = FROM_CONFUSION[name]

    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        if truth.ndim == 1:
            size = max(2, int(max(truth.max(), prediction.max())) + 1)
            return float(formula(confusion(truth, prediction, weight, size)))
        pairs = zip(truth.T, prediction.T, strict=True)
        return float(np.mean([formula(confusion(t, p, weight, 2)) for t, p in pairs]))

    return function


def _multilabel_aware(name: str) -> Callable[..., float]:
    """Multilabel macro, micro and weighted F1 are over the positive class of each column, as in scikit-learn."""
    of_classes = _function(name)

    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        if truth.ndim == 1:
            return of_classes(truth, prediction, weight)
        weights = np.ones(len(truth)) if weight is None else weight
        both, support, predicted = weights @ (truth * prediction), weights @ truth, weights @ prediction
        if name == "f1_micro":
            return float(_share(2 * both.sum(keepdims=True), (support + predicted).sum(keepdims=True))[0])
        f1 = _share(2.0 * both, (support + predicted).astype(np.float64))
        if name == "f1_weighted":
            return float(_share((f1 * support).sum(keepdims=True), support.sum(keepdims=True).astype(np.float64))[0])
        return float(f1.mean())

    return function


def _hits(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    return np.asarray(columns(truth) == columns(prediction), dtype=np.float64)


METRICS = (
    Metric(
        "accuracy", "accuracy", decomposed(_hits), "higher", "label", "probability", (0.0, 1.0), 1.0, ALL, per_row=_hits
    ),
    Metric(
        "balanced_accuracy", "balanced accuracy", _function("balanced_accuracy"),
        "higher", "label", "probability", (0.0, 1.0), 1.0, ALL,
    ),
    Metric("f1", "F1", _function("f1"), "higher", "label", "probability", (0.0, 1.0), 1.0, ALL),
    Metric("f1_macro", "macro F1", _multilabel_aware("f1_macro"), "higher", "label", "probability", (0.0, 1.0), 1.0, ALL),
    Metric("f1_micro", "micro F1", _multilabel_aware("f1_micro"), "higher", "label", "probability", (0.0, 1.0), 1.0, ALL),
    Metric(
        "f1_weighted", "weighted F1", _multilabel_aware("f1_weighted"),
        "higher", "label", "probability", (0.0, 1.0), 1.0, ALL,
    ),
    Metric("mcc", "Matthews correlation", _function("mcc"), "higher", "label", "probability", (-1.0, 1.0), 1.0, ALL),
    Metric("qwk", "quadratic weighted kappa", _function("qwk"), "higher", "label", "value", (-1.0, 1.0), 1.0, ALL),
)  # fmt: skip
