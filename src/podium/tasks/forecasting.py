"""Forecasting: a value a point of a series. Raw predictions are values `(n, 1)` in the target's own unit.

Truth is values `(n,)`, or `podium.metrics.shapes.Series` where the metric scales or weighs points by their series: the scales
are of what lies before each row's window, and come with the labels (`podium.competition.units.forecasting`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.errors import InvalidPredictions
from podium.metrics.shapes import Series
from podium.metrics.uncertainty import blocks_of
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.regression import MEDIANS, RegressionTask, floats
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

SCALED = ("mase", "rmsse", "wrmsse", "wmae")  # defined on `Series`
FACTORS = (0.92, 0.95, 0.97, 0.985, 1.0, 1.015, 1.03, 1.05, 1.08)
MIN_POINTS = 200  # fewer tell nothing of a common bias
Z = 2.5  # standard errors from which a common factor is believed
SHRINK = 0.7  # of its logarithm that is then taken


class ForecastingTask(RegressionTask):
    """Values within a widened range of what was seen; perhaps times one factor, where all forecasts lean one way."""

    answers: ClassVar[tuple[str, ...]] = ("series", "value")
    inputs: ClassVar[tuple[str, ...]] = ("series", "table")

    def encode(self, labels: pl.DataFrame) -> Any:
        values = floats(labels, self.competition.target_columns)[:, 0]
        if self.metric.name not in SCALED:
            return values
        if "#scale" not in labels.columns:
            return Series.of(values)
        return Series.of(values, *(labels[name].to_numpy() for name in ("#series", "#scale", "#weight")))

    def layout(self) -> Layout:
        return Layout("dense", (1,))

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        """`low`, `high`: clip bounds; `factor`: of all values, where the truth lies to one side of the forecasts."""
        columns = _values(truth)[:, None]
        low, high = self._bounds(columns)
        decision: dict[str, Any] = {"low": low.tolist(), "high": high.tolist()}
        factor = self._factor(truth, np.clip(raw, low, high)[:, 0])
        return decision if factor == 1.0 else {**decision, "factor": factor}

    def _factor(self, truth: Any, values: Floats) -> float:
        """The best of a few factors, shrunk; 1.0 unless its gain is beyond `Z` standard errors over blocks of points."""
        if len(values) < MIN_POINTS:
            return 1.0
        blocks = blocks_of(len(values))
        parts = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
        scores = np.array([[self.metric.function(truth[at], f * values[at]) for at in parts] for f in FACTORS])
        scores *= -self.metric.sign
        best, plain = int(np.argmin(scores.mean(axis=1))), FACTORS.index(1.0)
        gains = scores[plain] - scores[best]
        if best == plain or gains.mean() <= Z * gains.std() / np.sqrt(len(gains)):
            return 1.0
        return float(FACTORS[best] ** SHRINK)

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        values: Floats = raw[:, 0] * float(decision.get("factor", 1.0))
        return np.clip(values, decision["low"][0], decision["high"][0]) if "low" in decision else values

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        values = _values(truth)
        middle = np.median(values) if self.metric.name in (*MEDIANS, *SCALED) else values.mean()
        return np.full((n_rows, 1), float(middle))

    def perfect(self, truth: Any) -> Floats | None:
        return _values(truth)[:, None]

    # ------------------------------------------------------------ the sheet

    @property
    def steps(self) -> list[str]:
        """The submission's columns of answers: one, or one a step where a row is a series."""
        keys = self.competition.id_columns or tuple(filter(None, [self.competition.id_column]))
        names = [name for name in self.competition.submission_columns if name not in keys]
        return names or list(self.competition.submission_columns[1:])

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        steps, values = self.steps, np.asarray(decided, dtype=np.float64)
        wide = values.reshape(-1, len(steps))
        return sheet.fill(
            self.competition, {name: wide[:, k] for k, name in enumerate(steps)}, len(wide), self._rows(ids)
        )

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        sheet.check_shape(self.competition, frame, self.steps, self._rows(ids))
        sheet.numbers(frame, self.steps, -np.inf, np.inf)

    def _rows(self, ids: pl.Series | None) -> pl.Series | None:
        """The sheet's ids from the points': of a wide sheet each row's first, without the name of its column."""
        if ids is None or len(self.steps) == 1:
            return ids
        if len(ids) % len(self.steps):
            raise InvalidPredictions(f"expected {len(self.steps)} points a row; found {len(ids)} points")
        return ids.gather_every(len(self.steps)).str.replace(r"\t[^\t]*$", "")

    def facts(self, truth: Any) -> dict[str, float]:
        return super().facts(_values(truth))


def _values(truth: Any) -> Floats:
    return truth.values if isinstance(truth, Series) else np.asarray(truth, dtype=np.float64)
