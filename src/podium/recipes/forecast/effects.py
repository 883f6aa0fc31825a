"""What is known of the future (promotions, prices, holidays) as effects: taken out of the past, put back into forecasts.

One ridge regression over all series, of each value against the running median around it: as a ratio where all values are
positive, else in units of the series' usual step. Values of few levels get an effect a level.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.recipes.forecast.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEW = 12  # levels up to which each has an effect of its own
PENALTY = 10.0  # rows
LEAST_SHARE = (
    0.02  # of the variance around the running median that effects must explain, in the half they were not fitted on
)


@dataclass
class Effects:
    """`coefficients` of the columns that `design` makes; none where nothing known tells of the values."""

    columns: tuple[str, ...]
    ratio: bool
    levels: dict[str, list[str]] = field(default_factory=dict)
    scales: dict[str, tuple[float, float]] = field(default_factory=dict)
    coefficients: Floats = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(
        cls, panel: Panel, frame: pl.DataFrame, of: Ints, step: Ints, columns: tuple[str, ...], window: int
    ) -> Effects:
        """From the rows that `panel` was made of: `frame`, their series and steps (0: a series' last)."""
        found = cls(tuple(c for c in columns if c in frame.columns), all((y > 0).all() for y in panel.values))
        if not found.columns:
            return found
        for name in found.columns:
            found._learn(name, frame[name])
        rest = found._around(panel, of, step, window)
        x, real = found.design(frame), np.isfinite(rest)
        half = real & (of % 2 == 0) if len(panel) > 3 else real & (step % 2 == 0)
        if x.shape[1] and half.sum() > 20 and found._explains(x, rest, half, real & ~half):
            found.coefficients = _ridge(x[real], rest[real])
        return found

    def __bool__(self) -> bool:
        return len(self.coefficients) > 0

    def at(self, frame: pl.DataFrame) -> Floats:
        """The effect on each row `(n,)`: a logarithm where `ratio`, else in units of its series' step."""
        effect: Floats = self.design(frame) @ self.coefficients if self else np.zeros(frame.height)
        return effect

    def without(self, panel: Panel, effect: Floats, of: Ints, step: Ints) -> list[Floats]:
        """The panel's values as they would have been."""
        out = [y.copy() for y in panel.values]
        for k, (y, rows) in enumerate(zip(out, _rows_of(of, len(out)), strict=True)):
            at, by = len(y) - 1 + step[rows], effect[rows]
            y[at] = y[at] / np.exp(by) if self.ratio else y[at] - by * unit_of(panel.values[k])
        return out

    def design(self, frame: pl.DataFrame) -> Floats:
        """`(n, d)`: a column a level (but the most frequent), or the standardised number; 0 where unknown."""
        out = []
        for name in self.columns:
            if name in self.levels:
                texts = np.array(frame[name].cast(pl.String).fill_null("").to_list(), dtype=object)
                out += [(texts == level).astype(np.float64) for level in self.levels[name]]
            else:
                middle, spread = self.scales[name]
                out.append(np.nan_to_num((frame[name].cast(pl.Float64).to_numpy() - middle) / spread))
        return np.column_stack(out) if out else np.empty((frame.height, 0))

    def _learn(self, name: str, series: pl.Series) -> None:
        texts = series.cast(pl.String).fill_null("")
        counts = texts.value_counts(sort=True)
        if counts.height <= FEW or not series.dtype.is_numeric():
            self.levels[name] = sorted(counts[name].to_list()[1 : 4 * FEW])
        else:
            values = series.cast(pl.Float64).to_numpy()
            self.scales[name] = (float(np.nanmean(values)), float(np.nanstd(values)) or 1.0)

    def _around(self, panel: Panel, of: Ints, step: Ints, window: int) -> Floats:
        """Each row's value against the running median around it; NaN where there is none."""
        rest = np.full(len(of), np.nan)
        for y, rows in zip(panel.values, _rows_of(of, len(panel)), strict=True):
            middle = _running_median(y, window)
            ratio = (
                np.log(np.maximum(y, 1e-12) / np.maximum(middle, 1e-12)) if self.ratio else (y - middle) / unit_of(y)
            )
            rest[rows] = ratio[len(y) - 1 + step[rows]]
        return np.asarray(np.clip(rest, -5.0, 5.0), dtype=np.float64)

    def _explains(self, x: Floats, rest: Floats, fitted: NDArray[np.bool_], judged: NDArray[np.bool_]) -> bool:
        left = rest[judged] - x[judged] @ _ridge(x[fitted], rest[fitted])
        return bool(len(left) > 5 and (left**2).mean() < (1 - LEAST_SHARE) * ((rest[judged]) ** 2).mean())


def unit_of(y: Floats) -> float:
    """A series' usual step."""
    return float(np.abs(np.diff(y)).mean()) if len(y) > 1 and np.ptp(y) > 0 else 1.0


def _rows_of(of: Ints, count: int) -> list[Ints]:
    """The rows of each series."""
    order = np.argsort(of, kind="stable")
    edges = np.searchsorted(of[order], np.arange(count + 1))
    return [order[low:high] for low, high in itertools.pairwise(edges)]


def _ridge(x: Floats, y: Floats) -> Floats:
    middle = x.mean(axis=0)
    centred = x - middle
    return np.linalg.solve(centred.T @ centred + PENALTY * np.eye(x.shape[1]), centred.T @ (y - y.mean()))


def _running_median(y: Floats, window: int) -> Floats:
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(y, size=min(window, max(1, len(y))), mode="nearest"))
