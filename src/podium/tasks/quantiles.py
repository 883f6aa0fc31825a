"""Quantiles as answers. Raw predictions are values `(n, q)`, one a level of the metric, in its order; decisions never cross."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.quantile_answers import levels_of_columns
from podium.metrics import Metric
from podium.metrics.uncertainty import blocks_of
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.regression import RegressionTask
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

STRETCHES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.6)
MIN_ROWS = 200  # fewer tell nothing of the width of all intervals
Z = 2.0  # standard errors from which a stretch is believed


class QuantileTask(RegressionTask):
    """Quantiles of a number, a column a level: put in order (Chernozhukov et al. 2010), perhaps all spread wider or narrower."""

    answers: ClassVar[tuple[str, ...]] = ("distribution",)

    @classmethod
    def objection(cls, metric: Metric) -> str:
        return (
            ""
            if metric.levels
            else "a cell of the submission holds a distribution, and solutions answer with quantiles"
        )

    def layout(self) -> Layout:
        return Layout("dense", (len(self.metric.levels),))

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """`low`, `high`: clip bounds; `stretch`: of each row's quantiles from their middle, where that is clearly better."""
        low, high = self._bounds(truth[:, None])
        return {"low": low.tolist(), "high": high.tolist(), **stretch(self.metric, truth, np.clip(raw, low, high))}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        return decided(raw, self.metric.levels, decision)

    def pointed(self, raw: Floats) -> Floats:
        return middle(raw, self.metric.levels)

    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        return np.tile(np.quantile(truth, self.metric.levels), (n_rows, 1))

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        names = sheet.answer_columns(self.competition, self.n_outputs())
        at = places(names, self.metric.levels)
        return sheet.fill(
            self.competition, {name: decided[:, at[k]] for k, name in enumerate(names)}, len(decided), ids
        )


def places(names: list[str], levels: tuple[float, ...]) -> list[int]:
    """Of each of a sheet's columns the place of its level among the metric's: by its name where that tells, else in order."""
    told = levels_of_columns(names)
    return [levels.index(level) for level in told] if set(told) == set(levels) else list(range(len(names)))


def decided(raw: Floats, levels: tuple[float, ...], decision: dict[str, Any]) -> Floats:
    """Quantiles `(n, q)` in the order of their levels, within the bounds."""
    rank = np.argsort(np.argsort(levels))
    values = np.sort(raw, axis=1)[:, rank]
    if "stretch" in decision:
        values = stretched(values, levels, float(decision["stretch"]))
    return np.clip(values, decision["low"][0], decision["high"][0]) if "low" in decision else values


def stretched(values: Floats, levels: tuple[float, ...], factor: float) -> Floats:
    """Each row's quantiles moved from (or to) the one nearest to the median."""
    centre = middle(values, levels)
    return np.asarray(centre + factor * (values - centre))


def middle(values: Floats, levels: tuple[float, ...]) -> Floats:
    """The quantile nearest to the median, `(n, 1)`."""
    return values[:, [int(np.argmin(np.abs(np.asarray(levels) - 0.5)))]]


def stretch(metric: Metric, truth: Any, raw: Floats) -> dict[str, float]:
    """`stretch` where one is better than none by more than `Z` standard errors over blocks of rows, else nothing."""
    if len(raw) < MIN_ROWS or len(metric.levels) < 2:
        return {}
    values, blocks = decided(raw, metric.levels, {}), blocks_of(len(raw))
    parts = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    losses = np.array(
        [[metric.function(truth[at], stretched(values[at], metric.levels, f)) for at in parts] for f in STRETCHES]
    )
    best, plain = int(losses.mean(axis=1).argmin()), STRETCHES.index(1.0)
    gains = losses[plain] - losses[best]
    if best == plain or gains.mean() <= Z * gains.std() / np.sqrt(len(gains)):
        return {}
    return {"stretch": STRETCHES[best]}
