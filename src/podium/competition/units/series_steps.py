"""Times as whole steps of one grid: hours, days, weeks, months, or numbers that count up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import timeline
from podium.competition.columns import cast, learn_type

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MONTHS = {1: (28.0, 31.0), 3: (89.0, 92.0), 12: (365.0, 366.0)}  # a month, a quarter, a year: days from one to the next


@dataclass(frozen=True)
class Grid:
    """`months` > 0: a step is that many months; else `unit` of the clock (days for dates, the numbers' own unit)."""

    start: float
    unit: float
    months: int = 0
    dated: bool = False

    def steps(self, series: pl.Series) -> Ints:
        """Step numbers `(n,)`, 0 at the first time that the grid was made of."""
        if self.months:
            when = dates(series)
            months = (when.dt.year().cast(pl.Int64) * 12 + when.dt.month().cast(pl.Int64)).to_numpy()
            return np.asarray((months - int(self.start)) // self.months, dtype=np.int64)
        return np.asarray(np.rint((timeline.clock_or_number(series) - self.start) / self.unit), dtype=np.int64)


def grid_of(series: pl.Series) -> Grid:
    """The grid on which these times lie: the usual distance of neighbours is its step."""
    dated = timeline.is_date(series)
    clock = np.unique(timeline.clock_or_number(series))
    gaps = np.diff(clock)
    unit = _usual(gaps)
    if dated:
        for months, (low, high) in MONTHS.items():
            if len(gaps) and low - 0.5 <= np.quantile(gaps, 0.1) and np.quantile(gaps, 0.9) <= high + 0.5:
                first = dates(series).min()
                return Grid(first.year * 12 + first.month, 1.0, months, True)  # type: ignore[union-attr]
    return Grid(float(clock[0]) if len(clock) else 0.0, unit, 0, dated)


def dates(series: pl.Series) -> pl.Series:
    """A column of dates as Datetime."""
    if series.dtype.is_temporal():
        return series.cast(pl.Datetime("us"))
    return cast(series, learn_type(series)).cast(pl.Datetime("us"))


def _usual(gaps: Floats) -> float:
    """The smallest distance that at least a tenth of the neighbours have; 1 where there are none."""
    if not len(gaps):
        return 1.0
    values, counts = np.unique(np.round(gaps, 9), return_counts=True)
    return float(values[counts >= 0.1 * counts.sum()].min(initial=values[counts.argmax()]))
