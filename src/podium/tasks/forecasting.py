"""Forecasting: a value a point of a series, or its quantiles. Raw predictions are values `(n, 1)` in the target's own unit,
or `(n, q)`, one a level of the metric.

Truth is values `(n,)`, or `podium.metrics.shapes.Series` where the metric scales or weighs points by their series: the scales
are of what lies before each row's window, and come with the labels (`podium.competition.units.forecasting`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.quantile_answers import levels_of_columns, parted_rows
from podium.errors import InvalidPredictions
from podium.metrics.forecasts import scaled
from podium.metrics.shapes import Series
from podium.metrics.uncertainty import blocks_of
from podium.protocol import Layout
from podium.tasks import quantiles, sheet
from podium.tasks.regression import MEDIANS, RegressionTask, floats
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

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
        if not scaled(self.metric.name):
            return values
        if "#scale" not in labels.columns:
            return Series.of(values)
        return Series.of(values, *(labels[name].to_numpy() for name in ("#series", "#scale", "#weight")))

    def layout(self) -> Layout:
        return Layout("dense", (max(1, len(self.metric.levels)),))

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        """`low`, `high`: clip bounds; `factor`: of all values, where the truth lies to one side of the forecasts; `stretch`:
        of quantiles from their middle."""
        columns = _values(truth)[:, None]
        low, high = self._bounds(columns)
        decision: dict[str, Any] = {"low": low.tolist(), "high": high.tolist()}
        if self.metric.levels:
            return {**decision, **quantiles.stretch(self.metric, truth, np.clip(raw, low, high))}
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
        if self.metric.levels:
            return quantiles.decided(raw, self.metric.levels, decision)
        values: Floats = raw[:, 0] * float(decision.get("factor", 1.0))
        return np.clip(values, decision["low"][0], decision["high"][0]) if "low" in decision else values

    def pointed(self, raw: Floats) -> Floats:
        return quantiles.middle(raw, self.metric.levels) if self.metric.levels else raw

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        values = _values(truth)
        if self.metric.levels:
            return np.tile(np.quantile(values, self.metric.levels), (n_rows, 1))
        middle = np.median(values) if self.metric.name in MEDIANS or scaled(self.metric.name) else values.mean()
        return np.full((n_rows, 1), float(middle))

    def perfect(self, truth: Any) -> Floats | None:
        return None if self.metric.levels else _values(truth)[:, None]

    # ------------------------------------------------------------ the sheet

    @property
    def _answers(self) -> list[str]:
        """The submission's columns of answers."""
        keys = self.competition.id_columns or tuple(filter(None, [self.competition.id_column]))
        names = [name for name in self.competition.submission_columns if name not in keys]
        return names or list(self.competition.submission_columns[1:])

    @property
    def _quantiles(self) -> list[str]:
        """The columns of answers where each is a quantile; none where a quantile is a row, or values are asked."""
        told = levels_of_columns(self._answers) or len(self._answers) == len(self.metric.levels) > 1
        return self._answers if self.metric.levels and told else []

    @property
    def steps(self) -> list[str]:
        """The columns of answers where each is a step: one, or one a step where a row is a series."""
        return self._answers[:1] if self._quantiles else self._answers

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        """The sheet: a point's quantiles lie in columns, or in rows of their own (`podium.competition.quantile_answers`)."""
        steps, values = self.steps, np.asarray(decided, dtype=np.float64).reshape(len(decided), -1)
        if self._quantiles:
            at = quantiles.places(self._quantiles, self.metric.levels)
            told = {name: values[:, at[k]] for k, name in enumerate(self._quantiles)}
            return sheet.fill(self.competition, told, len(values), ids)
        rising = values[:, np.argsort(self.metric.levels)] if self.metric.levels else values
        wide = rising.reshape(-1, len(steps), values.shape[1]).transpose(0, 2, 1).reshape(-1, len(steps))
        keys, order = self._rows(ids)
        wide = wide if order is None else wide[order]
        return sheet.fill(self.competition, {name: wide[:, k] for k, name in enumerate(steps)}, len(wide), keys)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        names = self._answers
        sheet.check_shape(self.competition, frame, names, ids if self._quantiles else self._rows(ids)[0])
        sheet.numbers(frame, names, -np.inf, np.inf)

    def _rows(self, ids: pl.Series | None) -> tuple[pl.Series | None, list[int] | None]:
        """The sheet's ids from the points', and the order of its rows (None: as they come): of a wide sheet each row's first
        point, without the name of its column; of quantiles in rows all rows of each."""
        steps = len(self.steps)
        if ids is None or (steps == 1 and not self.metric.levels):
            return ids, None
        if len(ids) % steps:
            raise InvalidPredictions(f"expected {steps} points a row; found {len(ids)} points")
        keys = ids.gather_every(steps).str.replace(r"\t[^\t]*$", "")
        if not self.metric.levels:
            return keys, None
        named, order = parted_rows(keys)
        return named.gather(order), order

    def facts(self, truth: Any) -> dict[str, float]:
        return super().facts(_values(truth))


def _values(truth: Any) -> Floats:
    return truth.values if isinstance(truth, Series) else np.asarray(truth, dtype=np.float64)
