"""The `Metric`: a function with what the engine must know to blend for it, decide for it and judge its noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from podium.records import Direction

Floats = NDArray[np.float64]
Needs = Literal[
    "label",
    "probability",
    "score",
    "value",
    "quantiles",
    "distribution",
    "samples",
    "ranking",
    "boxes",
    "masks",
    "text",
]
Space = Literal["probability", "logit", "rank", "value", "log"]


class MetricFunction(Protocol):
    """Truth and prediction are arrays with a row a unit, or the same shape of `podium.metrics.shapes`; weights `(n,)`."""

    def __call__(self, truth: Any, prediction: Any, weight: Floats | None = None) -> float: ...


PerRow = Callable[[Any, Any], Floats]


@dataclass(frozen=True)
class Metric:
    """What a competition scores by.

    `needs`: what the function is given: class codes, class probabilities, scores of which only the order counts, values;
    quantiles `(n, q)`, a distribution `(n, k)` or samples of it `(n, m)`; or a shape of `shapes.py`: rankings, boxes,
    masks, text.
    `space`: the space in which predictions are averaged when members are blended.
    `per_row`: losses or merits `(n, c)`; the metric is the mean over c of `link(mean over rows)`. None where the metric
    does not decompose over rows. `levels`: of the quantiles that are asked, in the order of the prediction's columns.
    """

    name: str
    title: str
    function: MetricFunction
    direction: Direction
    needs: Needs
    space: Space
    bounds: tuple[float, float]
    optimum: float
    task_types: tuple[str, ...]
    per_row: PerRow | None = None
    link: Literal["identity", "sqrt"] = "identity"
    weighted: bool = True  # whether `function` takes weights: a user's own may not
    levels: tuple[float, ...] = ()

    def __call__(self, truth: Any, prediction: Any, weight: Floats | None = None) -> float:
        return self.function(truth, prediction, weight)

    @property
    def sign(self) -> float:
        """+1 where more is better, else -1: `sign * score` always grows with quality."""
        return 1.0 if self.direction == "higher" else -1.0


def columns(array: NDArray[Any]) -> NDArray[Any]:
    """`(n,)` or `(n, c)` as `(n, c)`."""
    return array[:, None] if array.ndim == 1 else array


def mean(values: NDArray[Any], weight: Floats | None) -> Floats:
    """Mean over rows, `(n, c)` to `(c,)`, weighted where weights are given."""
    if weight is None:
        return np.asarray(values.mean(axis=0), dtype=np.float64)
    return np.asarray(weight @ values / weight.sum(), dtype=np.float64)


def decomposed(per_row: PerRow, link: Literal["identity", "sqrt"] = "identity") -> MetricFunction:
    """The metric function that `per_row` and `link` define."""

    def function(truth: Any, prediction: Any, weight: Floats | None = None) -> float:
        means = mean(per_row(truth, prediction), weight)
        return float((np.sqrt(means) if link == "sqrt" else means).mean())

    return function


def number(text: str) -> str:
    """A parameter as it is spelled in canonical names: 2, 0.5."""
    return f"{float(text):g}"
