"""Metrics made of metrics, declared by name: a mean over target columns, a weighted sum of several metrics.

mean:qwk                              the metric of each target column, averaged
mean@2,1,1:balanced_accuracy          the same, columns weighted 2 : 1 : 1
sum:0.5*auc+0.5*average_precision     several metrics of the same predictions
sum:auc-0.1*log_loss                  signs must agree with the directions, so that the sum has one
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.metric import Floats, Metric, Needs, PerRow, columns, number

ARRAYS = ("label", "probability", "score", "value")
_TERM = re.compile(r"([+-]?)(?:(\d+(?:\.\d+)?|\.\d+)\*)?((?:mean(?:@[\d.,]+)?:)?[a-z]\w*(?:@-?[\w.,:]+)?)")

Getter = Callable[[str], Metric]


def build(name: str, get: Getter) -> Metric | None:
    """The metric that a composed name declares, its parts looked up with `get`; None where the name is no composition.

    Raises IntakeError: a malformed composition, parts that take different predictions or contradict in direction.
    """
    plain = re.sub(r"\s+", "", name).lower()
    mean = re.fullmatch(r"mean(?:@([^:]*))?:(.+)", plain)
    if mean:
        return _column_mean(get(mean[2]), _weights(mean[1] or "", name))
    return _sum(plain[4:], name, get) if plain.startswith("sum:") else None


def _refuse(name: str, problem: str, expected: str) -> IntakeError:
    return IntakeError(f"metric {name!r}: {problem}", expected=expected, remedy="correct `metric` in config.json")


def _weights(text: str, name: str) -> tuple[float, ...]:
    try:
        weights = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        weights = (0.0,)
    if weights and not (min(weights) >= 0 and 0 < sum(weights) < np.inf):
        raise _refuse(name, "the column weights are no numbers from 0", "as in mean@2,1,1:rmse")
    return weights


def _column_mean(metric: Metric, weights: tuple[float, ...]) -> Metric:
    if metric.needs not in ARRAYS:
        raise _refuse(f"mean:{metric.name}", f"{metric.title} has no columns", f"a metric of {', '.join(ARRAYS)}")

    def pairs(truth: Any, prediction: Any) -> list[tuple[Any, Any]]:
        t, p = columns(truth), columns(prediction)
        if t.shape != p.shape or (weights and len(weights) != t.shape[1]):
            raise InvalidPredictions(
                f"a column mean takes {len(weights) or t.shape[1]} columns of truth and as many of predictions; "
                f"found {t.shape[1]} and {p.shape[1]}"
            )
        return [(t[:, c], p[:, c]) for c in range(t.shape[1])]

    def function(truth: Any, prediction: Any, weight: Floats | None = None) -> float:
        values = [metric.function(t, p, weight) for t, p in pairs(truth, prediction)]
        return float(np.average(values, weights=weights or None))

    base = metric.per_row

    def per_row(truth: Any, prediction: Any) -> Floats:
        assert base is not None
        losses = np.concatenate([base(t, p) for t, p in pairs(truth, prediction)], axis=1)
        return losses * (np.array(weights) * len(weights) / sum(weights)) if weights else losses

    # a weight inside a square root would not be a weight of the column's metric
    rows = per_row if base is not None and not (weights and metric.link == "sqrt") else None
    spelled = ("@" + ",".join(f"{w:g}" for w in weights)) if weights else ""
    title = f"{'weighted ' if weights else ''}column mean of {metric.title}"
    return replace(metric, name=f"mean{spelled}:{metric.name}", title=title, function=function, per_row=rows)


def _sum(text: str, name: str, get: Getter) -> Metric:
    terms: list[tuple[float, Metric]] = []
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None or (terms and not found[1]):
            raise _refuse(name, f"{text[at:]!r} is no term", "terms as in sum:0.5*auc+0.5*average_precision")
        terms.append((float(found[2] or 1.0) * (-1.0 if found[1] == "-" else 1.0), get(found[3])))
        at = found.end()
    if not terms or any(weight == 0 for weight, _ in terms):
        raise _refuse(name, "a term is missing or weighs 0", "terms as in sum:0.5*auc+0.5*average_precision")
    senses = {np.sign(weight) * metric.sign for weight, metric in terms}
    if len(senses) > 1:
        told = ", ".join(f"{metric.name} is better {metric.direction}" for _, metric in terms)
        raise _refuse(name, f"the terms contradict in direction ({told})", "signs that agree with the directions")
    return _summed(terms, _shared_needs(terms, name), _shared_tasks(terms, name), senses.pop() > 0)


def _shared_needs(terms: list[tuple[float, Metric]], name: str) -> Needs:
    """What the sum is given; probabilities serve a metric of scores too."""
    needs = {metric.needs for _, metric in terms}
    if needs == {"probability", "score"}:
        return "probability"
    if len(needs) > 1:
        raise _refuse(name, f"its terms take different predictions ({', '.join(sorted(needs))})", "one kind")
    return terms[0][1].needs


def _shared_tasks(terms: list[tuple[float, Metric]], name: str) -> tuple[str, ...]:
    shared = tuple(t for t in terms[0][1].task_types if all(t in metric.task_types for _, metric in terms))
    if not shared:
        raise _refuse(name, "its terms score different kinds of task", "metrics of one kind of task")
    return shared


def _summed(terms: list[tuple[float, Metric]], needs: Needs, tasks: tuple[str, ...], higher: bool) -> Metric:
    def function(truth: Any, prediction: Any, weight: Floats | None = None) -> float:
        return float(sum(factor * metric.function(truth, prediction, weight) for factor, metric in terms))

    def per_row(truth: Any, prediction: Any) -> Floats:
        parts = [f * m.per_row(truth, prediction).mean(axis=1) for f, m in terms if m.per_row is not None]
        return np.asarray(np.sum(parts, axis=0)[:, None], dtype=np.float64)

    rows: PerRow | None = per_row if all(m.per_row is not None and m.link == "identity" for _, m in terms) else None
    ends = [sorted((factor * metric.bounds[0], factor * metric.bounds[1])) for factor, metric in terms]
    spelled = "".join(f"{factor:+.12g}*{metric.name}" for factor, metric in terms).lstrip("+")
    return Metric(
        f"sum:{spelled}",
        " + ".join(f"{number(str(factor))} {metric.title}" for factor, metric in terms),
        function,
        "higher" if higher else "lower",
        needs,
        terms[0][1].space,
        (sum(low for low, _ in ends), sum(high for _, high in ends)),
        sum(factor * metric.optimum for factor, metric in terms),
        tasks,
        per_row=rows,
    )
