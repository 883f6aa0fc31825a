"""Rows of points as series: one array of values a series, without gaps, up to its last known point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SERIES, TIME, DATE = "series", "time", "date"
SPARSE = 0.2  # share of steps without a row from which, where values are counts, a missing row means nothing happened


@dataclass
class Panel:
    """`values[i]` `(T_i,)`: of series i at steps `last[i] - T_i + 1 … last[i]`; `code`: name → i."""

    values: list[Floats]
    last: Ints
    code: dict[str, int]

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, rows: Rows, y: NDArray[Any]) -> Panel:
        """From labelled rows in any order; of several rows of one step the last counts."""
        frame = rows.frame([SERIES, TIME])
        names = frame[SERIES].cast(pl.String).fill_null("").to_list()
        code = {name: k for k, name in enumerate(dict.fromkeys(sorted(set(names))))}
        of = np.fromiter((code[name] for name in names), dtype=np.int64, count=len(names))
        time = np.rint(frame[TIME].to_numpy().astype(np.float64)).astype(np.int64)
        order = np.lexsort((time, of))
        edges = np.searchsorted(of[order], np.arange(len(code) + 1))
        values, last = [], np.zeros(len(code), dtype=np.int64)
        for k in range(len(code)):
            at = order[edges[k] : edges[k + 1]]
            values.append(_filled(time[at], np.asarray(y, dtype=np.float64)[at]))
            last[k] = time[at[-1]]
        return cls(values, last, code)

    def place(self, rows: Rows) -> tuple[Ints, Ints]:
        """Series (-1: unknown) and steps after its last known point (of the latest series where unknown), `(n,)` each."""
        frame = rows.frame([SERIES, TIME])
        names = frame[SERIES].cast(pl.String).fill_null("").to_list()
        of = np.fromiter((self.code.get(name, -1) for name in names), dtype=np.int64, count=len(names))
        time = np.rint(frame[TIME].to_numpy().astype(np.float64)).astype(np.int64)
        return of, time - np.where(of >= 0, self.last[of], self.last.max())

    def tail(self, length: int) -> Panel:
        """The same series, the last `length` values alone."""
        return Panel([y[-length:].copy() for y in self.values], self.last, self.code)

    def recent(self, length: int) -> Floats:
        """The last `length` values of each series `(n, length)`, NaN where it had not begun."""
        out = np.full((len(self), length), np.nan)
        for k, y in enumerate(self.values):
            out[k, max(0, length - len(y)) :] = y[-length:]
        return out


def _filled(time: Ints, y: Floats) -> Floats:
    """Every step from the first to the last: missing ones interpolated, or zero in sparse counts."""
    span = int(time[-1] - time[0]) + 1
    if span == len(y) and np.all(np.diff(time) == 1):
        return y
    steps = np.arange(span)
    at, where = np.unique((time - time[0])[::-1], return_index=True)
    held = y[::-1][where]
    if len(at) < (1 - SPARSE) * span and (held >= 0).all() and np.all(held == np.round(held)):
        out = np.zeros(span)
        out[at] = held
        return out
    return np.asarray(np.interp(steps, at, held), dtype=np.float64)
