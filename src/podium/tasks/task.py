"""The `Task`: all that differs between one kind of problem and another. One file a task beside this one.

The engine keeps three kinds of array, always aligned with row numbers it dealt: raw predictions (what solutions return,
`(n, k)`; the task's `layout` says what they mean), decisions (what `decide` makes of them, and the metric is defined on)
and truth (`encode`d labels). The last two may be a shape of `podium.metrics.shapes` where numbers a row will not do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.dealt import no_bars, trained_on
from podium.metrics.shapes import concatenated
from podium.protocol import Layout
from podium.records import Competition, DataFacts

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric

Floats = NDArray[np.float64]


class Task(ABC):
    """Deal rows, score, blend, decide, check and write a submission. Stateless: everything follows from its arguments.

    Every implementation passes `podium.testing.task_conformance`.
    """

    answers: ClassVar[tuple[str, ...]] = ("label", "probability", "value")  # what a cell of the submission may hold
    inputs: ClassVar[tuple[str, ...]] = ("table", "text")  # one of these a row must have, for recipes to read

    def __init__(self, competition: Competition, metric: Metric) -> None:
        self.competition, self.metric = competition, metric

    @classmethod
    def objection(cls, metric: Metric) -> str:
        """Why what this metric scores cannot be answered with, in one line; "" where it can."""
        return ""

    @abstractmethod
    def layout(self) -> Layout:
        """What the numbers of one raw prediction mean, and in which type they are kept. Numbers: classes (1 for binary:
        P(second class)), or targets."""

    def n_outputs(self) -> int:
        """Width k of raw predictions."""
        return self.layout().width

    def measure(self, folder: Path) -> None:  # noqa: B027 — most layouts depend on nothing
        """Take from the dealt data (`<campaign>/data`) what a layout depends on: sizes, lengths. Nothing by default."""

    @abstractmethod
    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        """Truth from the target columns: codes `(n,)` int64 in the order of `competition.classes`, values `(n,)` or
        `(n, k)` float64. Raises IntakeError on a label that is not in `classes`, NaN or infinite."""

    @abstractmethod
    def check(self, values: Any, n_rows: int) -> Floats:
        """Raw predictions as `(n_rows, k)` float64. Raises InvalidPredictions: shape, not finite, not probabilities."""

    def deal(
        self, fold_of: NDArray[np.int8], fold: int, barred: NDArray[np.uint32] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions (train, valid) of one fold. Rows with fold -1 are never scored; rows whose bit `fold` of `barred` is
        set are not trained on: what comes later, or lies within the gap around the fold."""
        barred = no_bars(len(fold_of)) if barred is None else barred
        return np.flatnonzero(trained_on(fold_of, barred, fold)), np.flatnonzero(fold_of == fold)

    def score(self, truth: NDArray[Any], decided: NDArray[Any]) -> float:
        """The metric of decisions against truth, in the metric's own unit."""
        return self.metric.function(truth, decided)

    @abstractmethod
    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """What turns raw predictions into decisions (thresholds, cut points, clip bounds, calibration), as JSON."""

    @abstractmethod
    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        """Decisions from raw predictions: what the metric is defined on."""

    def decide_crossfitted(self, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8]) -> NDArray[Any]:
        """Decisions for OOF predictions: each fold decided by what was fitted on the others, so the score stays honest."""
        parts, order = [], []
        for fold in np.unique(fold_of):
            here = fold_of == fold
            rest = ~here if (~here).any() else here  # one-fold (partial) OOF has no others to fit on
            parts.append(self.decide(raw[here], self.fit_decision(truth[rest], raw[rest])))
            order.append(np.flatnonzero(here))
        joined: NDArray[Any] = concatenated(parts)[np.argsort(np.concatenate(order))]
        return joined

    def score_raw(self, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8]) -> float:
        """The honest OOF score of raw predictions: cross-fitted decisions, then the metric."""
        return self.score(truth, self.decide_crossfitted(truth, raw, fold_of))

    def gain(self, new: float, old: float) -> float:
        """How much better `new` is than `old`, positive when better, whatever the metric's direction."""
        return new - old if self.competition.metric_direction == "higher" else old - new

    def perfect(self, truth: NDArray[Any]) -> Floats | None:
        """Raw predictions `(n, k)` that would be right, where their squared errors tell how good others are; else None."""
        return None

    def pointed(self, raw: Floats) -> Floats:
        """What raw predictions come to where each says more than an answer: the middle of quantiles. Residuals are of that."""
        return raw

    @abstractmethod
    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        """Raw predictions of the plainest model (class shares, mean or median) for `n_rows` rows."""

    @abstractmethod
    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        """The submission: `competition.submission_columns`, ids as given, labels as spelled in train."""

    @abstractmethod
    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        """Raises InvalidPredictions unless header, ids (order included), types and ranges are what is asked."""

    @abstractmethod
    def facts(self, truth: NDArray[Any]) -> dict[str, float]:
        """`target_cardinality`, `target_skew` and `target_min` for `DataFacts`."""


__all__ = ["DataFacts", "Floats", "Task"]
