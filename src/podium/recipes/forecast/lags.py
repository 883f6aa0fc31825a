"""Rows for a model of steps ahead: a series at an origin, what came before it, and what is known of the step asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Rows
from podium.recipes.forecast.panel import DATE, SERIES, TIME, Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MEANS = (4, 13, 26, 52)  # of so many last values
HISTORY = 900  # of a series' last values that origins are drawn from, and lags taken
SPREAD = 26  # last steps whose size is a series' unit


@dataclass
class Lags:
    """`y` `(n, w)`: last values (or logs), NaN before a series begins. `known` `(n, w, c)`: columns known of the future."""

    panel: Panel
    y: Floats
    known: Floats
    columns: tuple[str, ...]
    levels: dict[str, dict[str, float]]
    horizon: int
    period: int
    lags: int
    logs: bool
    low: Floats
    high: Floats

    @classmethod
    def of(
        cls, panel: Panel, train: Rows, columns: tuple[str, ...], horizon: int, period: int, lags: int, logs: bool
    ) -> Lags:
        width = min(HISTORY, max(len(v) for v in panel.values))
        y = panel.recent(width)
        frame = train.frame()
        columns = tuple(c for c in columns if c in frame.columns)
        levels = {c: _levels(frame[c]) for c in columns if not frame[c].dtype.is_numeric()}
        known = np.full((len(panel), width, len(columns) + 3 * (DATE in frame.columns)), np.nan)
        low, high = np.array([v.min() for v in panel.values]), np.array([v.max() for v in panel.values])
        floor = np.where(low >= 0, 0.0, 2 * low - high)
        empty = cls(
            panel, np.log(y) if logs else y, known, columns, levels, horizon, period, lags, logs, floor, 2 * high - low
        )
        of, step = panel.place(train)
        at = width - 1 + step
        inside = at >= 0
        known[of[inside], at[inside]] = empty._told(frame)[inside]
        return empty

    def last(self) -> Lags:
        """What prediction needs of it: the end of each series."""
        need = max(self.lags, 2 * self.period + self.horizon, *MEANS, SPREAD) + 2
        return replace(self, y=self.y[:, -need:], known=self.known[:, -need:], panel=self.panel.tail(self.horizon))

    # ------------------------------------------------------------ rows

    def training(self, points: int, relative: bool, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Features, answers in units, weights: of origins drawn from all series, each with some of the steps ahead."""
        width = self.y.shape[1]
        i, at = np.nonzero(np.isfinite(self.y))
        begun = width - np.isfinite(self.y).sum(axis=1)
        fits = (at < width - 1) & (at >= begun[i] + np.minimum(4, (width - begun[i]) // 3))
        i, at = i[fits], at[fits]
        steps = 1 + rng.integers(0, self.horizon, size=len(i))
        if len(i) > points:
            kept = np.sort(rng.choice(len(i), points, replace=False))
            i, at, steps = i[kept], at[kept], steps[kept]
        elif len(i):
            again = max(1, min(self.horizon, points // len(i)))
            i, at = np.repeat(i, again), np.repeat(at, again)
            steps = 1 + (np.tile(np.arange(again), len(steps)) + np.repeat(steps, again)) % self.horizon
        inside = at + steps < width
        i, at, steps = i[inside], at[inside], steps[inside]
        x, level, unit = self._features(i, at, steps, self.known[i, at + steps])
        target = (self.y[i, at + steps] - level) / unit
        weight = unit * (1.0 if self.logs or not relative else 1 / np.maximum(np.abs(level), unit))
        weight = weight / np.median(weight) if len(weight) and relative else np.ones(len(weight))
        return x, target, np.clip(weight, 0.02, 20.0)

    def asked(self, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Features, level and unit of rows after the last known points; an unknown series is read as the first."""
        of, step = self.panel.place(rows)
        i = np.maximum(of, 0)
        at = np.full(len(i), self.y.shape[1] - 1)
        return self._features(i, at, np.maximum(step, 1), self._told(rows.frame()))

    def bounds(self, rows: Rows) -> tuple[Floats, Floats]:
        """The range of each row's series, and as much again above."""
        i = np.maximum(self.panel.place(rows)[0], 0)
        return self.low[i], self.high[i]

    def _features(self, i: Ints, at: Ints, steps: Ints, told: Floats) -> tuple[Floats, Floats, Floats]:
        """`(m, d)` at origins `at` of series `i`, with the origin's level and unit `(m,)` each."""
        now = self._value(i, at)
        past = np.column_stack([self._value(i, at - k) for k in range(1, SPREAD + 1)])
        moves = np.abs(np.diff(np.column_stack([now, past]), axis=1))
        count = np.isfinite(moves).sum(axis=1)
        unit = np.nansum(moves, axis=1) / np.maximum(count, 1) + 1e-6 * np.abs(now) + 1e-9
        columns = [past[:, k - 1] for k in range(1, min(self.lags, SPREAD) + 1)]
        columns += [self._mean(i, at, w) for w in MEANS if w < self.y.shape[1]]
        then: list[Floats] = []  # what was known of the same phases of past periods
        for back in (1, 2):
            if self.period > 1:
                ago = -(-steps // self.period) * self.period + (back - 1) * self.period
                columns.append(self._value(i, at + steps - ago))
                then.append(self.known[i, np.maximum(at + steps - ago, 0)])
        x = [(c - now) / unit for c in columns]
        size = unit / np.maximum(np.abs(now), unit)
        x += [steps.astype(np.float64), size, count.astype(np.float64)]
        if told.shape[1]:
            before = self.known[i, at]
            x += [*told.T, *before.T, *(column for part in then for column in part.T)]
        return np.column_stack(x), now, unit

    def _value(self, i: Ints, at: Ints) -> Floats:
        return np.where((at >= 0) & (at < self.y.shape[1]), self.y[i, np.clip(at, 0, self.y.shape[1] - 1)], np.nan)

    def _mean(self, i: Ints, at: Ints, width: int) -> Floats:
        window = np.column_stack([self._value(i, at - k) for k in range(width)])
        count = np.isfinite(window).sum(axis=1)
        return np.asarray(np.nansum(window, axis=1) / np.maximum(count, 1))

    def _told(self, frame: pl.DataFrame) -> Floats:
        """Known columns of rows as numbers `(m, c)`, then weekday, day of the year and month of their date."""
        out = []
        for name in self.columns:
            if name in self.levels:
                texts = frame[name].cast(pl.String).fill_null("").to_list()
                out.append(np.array([self.levels[name].get(text, np.nan) for text in texts]))
            else:
                out.append(frame[name].cast(pl.Float64).to_numpy())
        if DATE in frame.columns and self.known.shape[2] > len(self.columns):
            when = frame[DATE].cast(pl.Datetime("us"))
            parts = (when.dt.weekday(), when.dt.ordinal_day(), when.dt.month())
            out += [part.cast(pl.Float64).to_numpy() for part in parts]
        return np.column_stack(out) if out else np.empty((frame.height, 0))


def _levels(series: pl.Series) -> dict[str, float]:
    return {text: float(k) for k, text in enumerate(sorted(set(series.cast(pl.String).fill_null("").to_list())))}


__all__ = ["SERIES", "TIME", "Lags"]
