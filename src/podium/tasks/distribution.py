"""Distributions as answers: P(y <= x) at whole numbers x, a column each (`Yards-99 … Yards99`, `P0 … P599`).

Raw predictions are quantiles `(n, q)` at `CDF_LEVELS`, as they are where quantiles are asked: members' quantiles are averaged
(Vincent 1912), which keeps a sharp forecast sharp where the mean of two CDFs would be as wide as both together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.errors import InvalidPredictions
from podium.metrics import get
from podium.metrics.distributions import CDF_LEVELS
from podium.metrics.uncertainty import blocks_of
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.quantiles import middle, stretched
from podium.tasks.regression import RegressionTask
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition

PLAIN: dict[str, float] = {"shift": 0.5, "stretch": 1.0}
SHIFTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # where in the unit from x to x + 1 the mass of x is reached
STRETCHES = (0.7, 0.85, 1.0, 1.2, 1.4)
MIN_ROWS, MOST_ROWS = 200, 4000
Z = 2.0  # standard errors from which another way is believed
FALL = 1e-6  # how much a submitted CDF may fall from one column to the next


def steps_of(competition: Competition) -> tuple[int, ...]:
    """The whole numbers that the submission's columns end with; () unless they go up one by one."""
    names = sheet.answer_columns(competition, len(competition.submission_columns) - 1)
    found = [re.search(r"(-?\d+)$", name) for name in names]
    numbers = [int(match[1]) for match in found if match]
    rising = len(numbers) == len(names) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return tuple(numbers) if rising else ()


def is_cdf(competition: Competition) -> bool:
    """Whether the submission asks for P(y <= x), scored by the CRPS."""
    asked = competition.submission_kind == "distribution" and competition.metric.partition("@")[0] == "crps"
    return asked and bool(steps_of(competition))


class DistributionTask(RegressionTask):
    """A cumulative distribution at whole numbers. The metric's range is that of the columns."""

    answers: ClassVar[tuple[str, ...]] = ("distribution",)

    def __init__(self, competition: Competition, metric: Metric) -> None:
        self.steps = steps_of(competition)
        super().__init__(competition, get(f"crps@{self.steps[0]}:{self.steps[-1]}"))

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        """Values within the columns' range: what lies beyond counts as its end."""
        return np.asarray(np.clip(super().encode(labels), self.steps[0], self.steps[-1]), dtype=np.float64)

    def layout(self) -> Layout:
        return Layout("dense", (len(CDF_LEVELS),))

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """`shift`: how whole numbers lie to the quantiles; `stretch`: of a row's quantiles from their median; `least`, `most`:
        where train's labels begin and end."""
        ends = {"least": float(truth.min()), "most": float(truth.max())}
        if len(truth) < MIN_ROWS:
            return {**PLAIN, **ends}
        step = -(-len(truth) // MOST_ROWS)
        truth, raw = truth[::step], raw[::step]
        shift = min(
            SHIFTS, key=lambda s: (self._losses(truth, raw, {**PLAIN, **ends, "shift": s}).mean(), abs(s - 0.5))
        )
        plain = {**PLAIN, **ends, "shift": shift}
        losses = np.stack([self._losses(truth, raw, {**plain, "stretch": s}) for s in STRETCHES])
        best = int(losses.mean(axis=1).argmin())
        gains = losses[STRETCHES.index(1.0)] - losses[best]
        blocks = np.bincount(blocks_of(len(gains)), weights=gains)
        sure = blocks.mean() > Z * blocks.std() / np.sqrt(len(blocks))
        return {**plain, "stretch": STRETCHES[best]} if sure else plain

    def _losses(self, truth: NDArray[Any], raw: Floats, decision: dict[str, Any]) -> Floats:
        assert self.metric.per_row is not None
        return np.asarray(self.metric.per_row(truth, self.decide(raw, decision))[:, 0], dtype=np.float64)

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        """P(y <= x) `(n, steps)`: rises, and ends at 1."""
        told = {**PLAIN, **decision}
        values = stretched(np.sort(raw, axis=1), CDF_LEVELS, told["stretch"])
        x = np.asarray(self.steps, dtype=np.float64)
        out = np.stack([_cdf(row, x + told["shift"]) for row in values]) if len(values) else np.zeros((0, len(x)))
        out[:, x < told.get("least", x[0])] = 0.0
        out[:, x >= told.get("most", x[-1])] = 1.0
        out[:, -1] = 1.0
        return out

    def pointed(self, raw: Floats) -> Floats:
        return middle(raw, CDF_LEVELS)

    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        return np.tile(np.quantile(truth, CDF_LEVELS), (n_rows, 1))

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        names = self._names()
        return sheet.fill(self.competition, {name: decided[:, k] for k, name in enumerate(names)}, len(decided), ids)

    def _names(self) -> list[str]:
        return sheet.answer_columns(self.competition, len(self.steps))

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        """Probabilities that never fall along a row."""
        names = self._names()
        sheet.check_shape(self.competition, frame, names, ids)
        sheet.numbers(frame, names, 0.0, 1.0)
        falls = np.diff(frame.select(names).to_numpy(), axis=1) < -FALL
        if falls.any():
            row, at = np.argwhere(falls)[0].tolist()
            raise InvalidPredictions(
                f"submission row {row}: expected probabilities that rise; found less at {names[at + 1]!r} than at {names[at]!r}"
            )


def _cdf(quantiles: Floats, x: Sequence[float] | Floats) -> Floats:
    """P(y <= x) by straight lines between quantiles, which end as steep as they were last."""
    levels = np.asarray(CDF_LEVELS)
    first, last = quantiles[0] - (quantiles[1] - quantiles[0]), quantiles[-1] + (quantiles[-1] - quantiles[-2])
    ends = np.concatenate(([first], quantiles, [last])) + 1e-9 * np.arange(len(quantiles) + 2)
    return np.asarray(np.interp(x, ends, np.concatenate(([0.0], levels, [1.0]))), dtype=np.float64)


__all__ = ["DistributionTask", "is_cdf", "steps_of"]
