"""Spaces in which predictions are averaged, and the way back.

probability, value, and the kinds of layout that are mixed otherwise (boxes, ranking, spans, text): as they are. logit: log odds
a column. geometric: logs, renormalised over the classes of a row. log, log1p: natural logs of values (of 1 + values).
rank: the share of OOF predictions below, from stored quantiles, so that one row alone can be ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.tasks.classification import ClassificationTask
from podium.tasks.task import Floats, Task

KNOTS = 513
CLIP = 1e-12

Knots = tuple[tuple[float, ...], ...]  # one row of quantiles a column


def space_of(task: Task) -> str:
    """The space to blend in: the metric's, where this task's predictions allow it."""
    space: str = task.metric.space
    kind = task.layout().kind
    if kind != "dense":
        return {"masks": "probability", "images": "value"}.get(kind, kind)
    if isinstance(task, ClassificationTask):
        simplex = is_simplex(task)
        if space == "rank" and not simplex:
            return "rank"
        if space == "logit":
            return "geometric" if simplex else "logit"
        return "probability"
    if space == "log":
        return "log1p" if task.metric.name == "rmsle" else "log"
    return space


def is_simplex(task: Task) -> bool:
    """Whether the columns of a prediction are classes that exclude each other."""
    return isinstance(task, ClassificationTask) and not task.multilabel and task.n_outputs() > 1


def knots_of(values: Floats) -> Knots:
    """Quantiles of each column, denser at both ends where a ranking is decided; ends are the extremes."""
    at = (1.0 - np.cos(np.linspace(0.0, np.pi, KNOTS))) / 2.0
    return tuple(tuple(np.quantile(values[:, c], at).tolist()) for c in range(values.shape[1]))


@dataclass(frozen=True)
class Bounds:
    """What a member's values are clipped to before they are averaged, by column; empty where nothing is clipped.

    One linear member that runs away on an odd row would else carry the whole blend along.
    """

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def clip(self, values: Floats) -> Floats:
        return np.clip(values, self.low, self.high) if self.low else values


def bounds_of(task: Task, truth: NDArray[Any], raw: Floats) -> Bounds:
    """The clip bounds of the task's own decision, where it has any."""
    if isinstance(task, ClassificationTask) or task.layout().kind != "dense":
        return Bounds()
    decision = task.fit_decision(truth, raw)
    return Bounds(tuple(decision["low"]), tuple(decision["high"])) if "low" in decision else Bounds()


def to_space(values: Floats, space: str, knots: Knots | None = None) -> Floats:
    """`values` `(n, k)` in `space`; logs are taken of at least `CLIP`."""
    if space == "rank":
        if knots is None:
            raise ValueError("rank space needs the quantiles of the member's out-of-fold predictions")
        return np.column_stack([_ranked(values[:, c], np.array(row)) for c, row in enumerate(knots)])
    if space == "logit":
        clipped = np.clip(values, CLIP, 1.0 - CLIP)
        return np.asarray(np.log(clipped / (1.0 - clipped)), dtype=np.float64)
    if space == "geometric":
        return np.asarray(np.log(np.clip(values, CLIP, 1.0)), dtype=np.float64)
    if space == "log":
        return np.asarray(np.log(np.maximum(values, CLIP)), dtype=np.float64)
    if space == "log1p":
        return np.asarray(np.log1p(np.maximum(values, 0.0)), dtype=np.float64)
    return values


def from_space(values: Floats, space: str) -> Floats:
    """Back to raw predictions. Ranks stay ranks: only their order is scored."""
    if space == "logit":
        return np.asarray(1.0 / (1.0 + np.exp(-values)), dtype=np.float64)
    if space == "geometric":
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)
    if space == "log":
        return np.asarray(np.exp(values), dtype=np.float64)
    if space == "log1p":
        return np.asarray(np.expm1(values), dtype=np.float64)
    return values


def _ranked(values: Floats, knots: Floats) -> Floats:
    """Share of the reference below each value, 0..1, strictly increasing inside and, by a hair, outside its range."""
    at = (1.0 - np.cos(np.linspace(0.0, np.pi, len(knots)))) / 2.0
    first = np.append(True, knots[1:] != knots[:-1])
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:] - 1, len(knots) - 1)
    inside = np.interp(values, knots[starts], (at[starts] + at[ends]) / 2.0)  # ties take their middle
    margin = 0.5 * (at[1] - at[0])
    above, below = np.maximum(values - knots[-1], 0.0), np.maximum(knots[0] - values, 0.0)
    stretched = inside + margin * (above / (1.0 + above) - below / (1.0 + below))
    return np.asarray((stretched + margin) / (1.0 + 2.0 * margin), dtype=np.float64)


def weighted(members: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Sum of weight x member, in the members' type, without a stacked copy."""
    total = np.zeros_like(members[0])
    for member, weight in zip(members, weights, strict=True):
        total += total.dtype.type(weight) * member
    return total
