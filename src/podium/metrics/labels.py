"""Metrics of class codes: accuracy, balanced accuracy, F1 and F-beta, MCC, quadratic weighted kappa.

All but accuracy follow from the confusion matrix, so `from_confusion` gives them for any stack of matrices `(..., K, K)`:
decisions (thresholds, cut points) are searched on counts and never by scoring rows again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError
from podium.metrics.metric import Floats, Metric, MetricFunction, PerRow, columns, decomposed

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


def _class_f(counts: Floats, beta: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """F-beta of each class (van Rijsbergen 1979), with its support and how often it is predicted."""
    support, predicted = counts.sum(-1), counts.sum(-2)
    return _share((1 + beta**2) * _diagonal(counts), beta**2 * support + predicted), support, predicted


def f1_macro_of(counts: Floats, beta: float = 1.0) -> Floats:
    """Unweighted mean over the classes that occur in truth or prediction."""
    f, support, predicted = _class_f(counts, beta)
    return _share(f.sum(-1), (support + predicted > 0).sum(-1).astype(np.float64))


def f1_weighted_of(counts: Floats, beta: float = 1.0) -> Floats:
    f, support, _ = _class_f(counts, beta)
    return _share((f * support).sum(-1), support.sum(-1))


def f1_of(counts: Floats, beta: float = 1.0) -> Floats:
    """F-beta of the second class where there are two, else the macro mean."""
    return _class_f(counts, beta)[0][..., 1] if counts.shape[-1] == 2 else f1_macro_of(counts, beta)


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


class _Formulas(dict[str, FromConfusion]):
    """Formulas by canonical name. Parametrised names (`fbeta@2`) are made at their first use; a column mean has its
    metric's. What confusion matrices cannot give (sums, a user's own metric) has accuracy's: the plain decision."""

    def __missing__(self, name: str) -> FromConfusion:
        head, _, parameter = name.partition("@")
        if head in AVERAGES and parameter:
            return partial(AVERAGES[head], beta=float(parameter))
        if name.startswith("mean") and ":" in name:
            return self[name.partition(":")[2]]
        return accuracy_of


def _accuracy_for_any_beta(counts: Floats, beta: float = 1.0) -> Floats:
    return accuracy_of(counts)  # micro and sample means, where every row has one class


AVERAGES: dict[str, Callable[..., Floats]] = {
    "fbeta": f1_of,
    "fbeta_macro": f1_macro_of,
    "fbeta_micro": _accuracy_for_any_beta,
    "fbeta_weighted": f1_weighted_of,
    "fbeta_samples": _accuracy_for_any_beta,
}
FROM_CONFUSION: dict[str, FromConfusion] = _Formulas(
    {
        "accuracy": accuracy_of,
        "balanced_accuracy": balanced_accuracy_of,
        "f1": f1_of,
        "f1_macro": f1_macro_of,
        "f1_micro": accuracy_of,  # equal where every row has one class
        "f1_weighted": f1_weighted_of,
        "f1_samples": accuracy_of,
        "mcc": mcc_of,
        "qwk": qwk_of,
    }
)


def _function(formula: FromConfusion) -> MetricFunction:
    """Codes `(n,)`, or 0/1 columns `(n, L)`: the column mean of the binary metric."""

    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        if truth.ndim == 1:
            size = max(2, int(max(truth.max(), prediction.max())) + 1)
            return float(formula(confusion(truth, prediction, weight, size)))
        pairs = zip(truth.T, prediction.T, strict=True)
        return float(np.mean([formula(confusion(t, p, weight, 2)) for t, p in pairs]))

    return function


def _averaged(average: str, beta: float = 1.0) -> MetricFunction:
    """Multilabel macro, micro and weighted F are over the positive class of each column, as in scikit-learn."""
    of_classes = _function(partial(AVERAGES[f"fbeta_{average}"], beta=beta))

    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        if truth.ndim == 1:
            return of_classes(truth, prediction, weight)
        weights = np.ones(len(truth)) if weight is None else weight
        both, support, predicted = weights @ (truth * prediction), weights @ truth, weights @ prediction
        size = np.asarray(beta**2 * support + predicted, dtype=np.float64)
        if average == "micro":
            return float(_share((1 + beta**2) * both.sum(keepdims=True), size.sum(keepdims=True))[0])
        f = _share((1 + beta**2) * both, size)
        if average == "weighted":
            return float(_share((f * support).sum(keepdims=True), support.sum(keepdims=True).astype(np.float64))[0])
        return float(f.mean())

    return function


def sample_f(truth: NDArray[Any], prediction: NDArray[Any], beta: float = 1.0) -> Floats:
    """F-beta of each row's set of labels, `(n, 1)`; 0 where both sets are empty, as in scikit-learn; of codes, the hits."""
    if truth.ndim == 1:
        return _hits(truth, prediction)
    t, p = (truth > 0), (prediction > 0)
    both = (t & p).sum(axis=1).astype(np.float64)
    size = beta**2 * t.sum(axis=1) + p.sum(axis=1)
    return _share((1 + beta**2) * both, size)[:, None]


def _hits(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    return np.asarray(columns(truth) == columns(prediction), dtype=np.float64)


def _metric(name: str, title: str, function: MetricFunction, per_row: PerRow | None = None) -> Metric:
    return Metric(name, title, function, "higher", "label", "probability", (0.0, 1.0), 1.0, ALL, per_row=per_row)


def _beta(name: str, text: str) -> float:
    """The beta of `name@beta`. Raises IntakeError where it is no number above 0."""
    try:
        beta = float(text)
    except ValueError:
        beta = 0.0
    if not 0.0 < beta < 1000.0:
        raise IntakeError(
            f"metric {name}@{text} has no beta", expected="a number above 0, as in fbeta@2", found=repr(text),
            remedy="correct `metric` in config.json",
        )  # fmt: skip
    return beta


def _family(average: str) -> Callable[[str], Metric]:
    family = f"fbeta_{average}" if average else "fbeta"

    def build(text: str) -> Metric:
        beta = _beta(family, text)
        name, title = f"{family}@{beta:g}", f"{average} F{beta:g}".strip()
        if average == "samples":
            per_row = partial(sample_f, beta=beta)
            return _metric(name, f"sample-averaged F{beta:g}", decomposed(per_row), per_row)
        return _metric(name, title, _averaged(average, beta) if average else _function(partial(f1_of, beta=beta)))

    return build


FAMILIES: dict[str, Callable[[str], Metric]] = {
    f"fbeta_{average}" if average else "fbeta": _family(average)
    for average in ("", "macro", "micro", "weighted", "samples")
}
METRICS = (
    _metric("accuracy", "accuracy", decomposed(_hits), _hits),
    _metric("balanced_accuracy", "balanced accuracy", _function(balanced_accuracy_of)),
    _metric("f1", "F1", _function(f1_of)),
    _metric("f1_macro", "macro F1", _averaged("macro")),
    _metric("f1_micro", "micro F1", _averaged("micro")),
    _metric("f1_weighted", "weighted F1", _averaged("weighted")),
    _metric("f1_samples", "sample-averaged F1", decomposed(sample_f), sample_f),
    Metric("mcc", "Matthews correlation", _function(mcc_of), "higher", "label", "probability", (-1.0, 1.0), 1.0, ALL),
    Metric("qwk", "quadratic weighted kappa", _function(qwk_of), "higher", "label", "value", (-1.0, 1.0), 1.0, ALL),
)  # fmt: skip
