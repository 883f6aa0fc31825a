"""The `Task`: all that differs between one kind of problem and another. One file a task beside this one.

The engine keeps three kinds of array, always aligned with row numbers it dealt:
raw predictions (what solutions return, `Dense`), decisions (what `decide` makes of them), and truth (`encode`d labels).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.competition.dealt import no_bars, trained_on
from podium.records import Competition, DataFacts

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric

Floats = NDArray[np.float64]


class Task(ABC):
    """Deal rows, score, blend, decide, check and write a submission. Stateless: everything follows from its arguments.

    Every implementation passes `podium.testing.task_conformance`.
    """

    def __init__(self, competition: Competition, metric: Metric) -> None:
        self.competition, self.metric = competition, metric

    @abstractmethod
    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        """Truth from the target columns: codes `(n,)` int64 in the order of `competition.classes`, values `(n,)` or
        `(n, k)` float64. Raises IntakeError on a label that is not in `classes`, NaN or infinite."""

    @abstractmethod
    def n_outputs(self) -> int:
        """Width k of `Dense.values`: classes (1 for binary: P(second class)), targets, or 1."""

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

    @abstractmethod
    def score(self, truth: NDArray[Any], decided: NDArray[Any]) -> float:
        """The metric of decisions against truth, in the metric's own unit."""

    @abstractmethod
    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """What turns raw predictions into decisions (thresholds, cut points, clip bounds, calibration), as JSON."""

    @abstractmethod
    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        """Decisions from raw predictions: what the metric is defined on."""

    def decide_crossfitted(self, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8]) -> NDArray[Any]:
        """Decisions for OOF predictions: each fold decided by what was fitted on the others, so the score stays honest."""
        parts: NDArray[Any] | None = None
        for fold in np.unique(fold_of):
            here = fold_of == fold
            rest = ~here if (~here).any() else here  # one-fold (partial) OOF has no others to fit on
            decided = self.decide(raw[here], self.fit_decision(truth[rest], raw[rest]))
            if parts is None:
                parts = np.empty((len(raw), *decided.shape[1:]), dtype=decided.dtype)
            parts[here] = decided
        assert parts is not None, "no rows to decide"
        return parts

    def score_raw(self, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8]) -> float:
        """The honest OOF score of raw predictions: cross-fitted decisions, then the metric."""
        return self.score(truth, self.decide_crossfitted(truth, raw, fold_of))

    def gain(self, new: float, old: float) -> float:
        """How much better `new` is than `old`, positive when better, whatever the metric's direction."""
        return new - old if self.competition.metric_direction == "higher" else old - new

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
