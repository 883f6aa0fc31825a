"""Proposing slices: all intervals of a column's bins, all rectangles of two columns, the one with the most excess first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.referee.coding import WIDEST, Coded
from podium.tasks.task import Floats

SHYNESS = 3.0  # standard errors that the excess of a proposal must exceed, more for two conditions
LEAST_SHARE, MOST_SHARE, LEAST_ROWS = 0.01, 0.6, 20  # of the searched rows
SET = 4  # levels of a category in one condition
PAIRED = 30  # columns whose pairs are searched
COARSE = 8  # bins a side of a pair; one more for missing values
EARNS = 1.25  # a condition that raises the mean loss by less is left out


@dataclass(frozen=True)
class Condition:
    column: int
    codes: tuple[int, ...]


class Search:
    """The searched half: codes `(n, d)` and what each row carries above the average, `(n,)`."""

    def __init__(self, columns: Sequence[Coded], codes: NDArray[np.int64], excess: Floats) -> None:
        self.columns, self.codes, self.excess = columns, codes, excess
        self.spread = float(excess.std())
        n = len(excess)
        self.least, self.most = max(LEAST_ROWS, LEAST_SHARE * n), MOST_SHARE * n
        self.orders = [self._order(at) for at in range(len(columns))]
        self.placed = np.stack([order[codes[:, at]] for at, order in enumerate(self.orders)], axis=1)
        self.allowed = np.stack([self._intervals(column) for column in columns])
        self.pairs, self.coarse, self.coarse_allowed = self._pairs()

    def _order(self, at: int) -> NDArray[np.int64]:
        """Code → place: numbers as they are, levels of a category the worst first, those that no condition names last."""
        column = self.columns[at]
        if column.ordered:
            return np.arange(WIDEST)
        count = np.bincount(self.codes[:, at], minlength=WIDEST)
        mean = np.bincount(self.codes[:, at], weights=self.excess, minlength=WIDEST) / (count + LEAST_ROWS)
        key = np.where(count > 0, -mean, np.inf)
        if column.other >= 0:
            key[column.other] = np.inf
        place = np.empty(WIDEST, dtype=np.int64)
        place[np.argsort(key, kind="stable")] = np.arange(WIDEST)
        return place

    def _intervals(self, column: Coded) -> NDArray[np.bool_]:
        """Which `[i, j)` of places are conditions, `(WIDEST + 1, WIDEST + 1)`."""
        i, j = np.indices((WIDEST + 1, WIDEST + 1))
        if column.ordered:
            top = column.missing if column.missing >= 0 else column.size
            return np.asarray(((i < j) & (j <= top)) | ((i == column.missing) & (j == i + 1) & (i >= 0)))
        named = len(column.spelled) + (column.missing >= 0)
        return np.asarray((i < j) & (j <= named) & ((j == i + 1) | ((i == 0) & (j <= SET))))

    def _pairs(self) -> tuple[list[tuple[int, int]], NDArray[np.int64], NDArray[np.bool_]]:
        """The columns whose pairs are searched, told apart by as much as they tell alone, in `COARSE` bins."""
        d = len(self.columns)
        counts, sums = self._tallies()
        told = (sums**2 / np.maximum(counts, 1)).sum(axis=1)
        chosen = sorted(np.argsort(-told, kind="stable")[:PAIRED].tolist())
        coarse = np.zeros((len(self.excess), d), dtype=np.int64)
        allowed = np.zeros((d, COARSE + 2, COARSE + 2), dtype=bool)
        i, j = np.indices((COARSE + 2, COARSE + 2))
        for at in chosen:
            column = self.columns[at]
            to = self._coarse_of(column)
            coarse[:, at] = to[self.placed[:, at]]
            if column.ordered:
                allowed[at] = ((i < j) & (j <= COARSE)) | ((i == COARSE) & (j == COARSE + 1) & (column.missing >= 0))
            else:
                allowed[at] = (j == i + 1) & (i < COARSE)
        return [(a, b) for k, a in enumerate(chosen) for b in chosen[k + 1 :]], coarse, allowed

    @staticmethod
    def _coarse_of(column: Coded) -> NDArray[np.int64]:
        """Place → coarse place."""
        place = np.arange(WIDEST)
        if not column.ordered:
            return np.minimum(place, COARSE)
        top = column.missing if column.missing >= 0 else column.size
        scaled = place if top <= COARSE else place * COARSE // top
        return np.where((place == column.missing) & (column.missing >= 0), COARSE, np.minimum(scaled, COARSE - 1))

    def _tallies(self) -> tuple[Floats, Floats]:
        """Rows and excess by column and place, `(d, WIDEST)`."""
        d = len(self.columns)
        flat = (self.placed + np.arange(d) * WIDEST).ravel()
        counts = np.bincount(flat, minlength=d * WIDEST).reshape(d, WIDEST)
        sums = np.bincount(flat, weights=np.repeat(self.excess, d), minlength=d * WIDEST).reshape(d, WIDEST)
        return counts.astype(np.float64), np.asarray(sums, dtype=np.float64)

    def _merit(self, rows: Floats, excess: Floats, conditions: int) -> Floats:
        """Excess beyond what noise of so many rows would show; -inf for slices that are too small or too large."""
        merit = excess - (SHYNESS + 0.5 * (conditions - 1)) * self.spread * np.sqrt(np.maximum(rows, 1.0))
        return np.where((rows >= self.least) & (rows <= self.most), merit, -np.inf)

    def best(self) -> tuple[Condition, ...] | None:
        """The proposal with the most excess, its conditions only those that earn their place; None where there is none."""
        single, alone = self._best_single()
        double, together = self._best_pair()
        if max(alone, together) <= 0.0:
            return None
        if single is None or together > 1.1 * alone:
            assert double is not None
            return self._pruned(double)
        return (single,)

    def _best_single(self) -> tuple[Condition | None, float]:
        counts, sums = (np.pad(np.cumsum(t, axis=1), ((0, 0), (1, 0))) for t in self._tallies())
        rows, excess = (t[:, None, :] - t[:, :, None] for t in (counts, sums))
        merit = np.where(self.allowed, self._merit(rows, excess, 1), -np.inf)
        column, i, j = (int(v) for v in np.unravel_index(int(np.argmax(merit)), merit.shape))
        top = float(merit[column, i, j])
        return (self._condition(column, range(i, j)) if top > 0 else None), top

    def _best_pair(self) -> tuple[tuple[Condition, Condition] | None, float]:
        width, best, found = COARSE + 1, 0.0, None
        for a, b in self.pairs:
            cell = self.coarse[:, a] * width + self.coarse[:, b]
            tables = (np.bincount(cell, minlength=width * width),
                      np.bincount(cell, weights=self.excess, minlength=width * width))  # fmt: skip
            ia, ib = np.argwhere(self.coarse_allowed[a]), np.argwhere(self.coarse_allowed[b])
            rows, excess = (_rectangles(t.reshape(width, width), ia, ib) for t in tables)
            merit = self._merit(rows, excess, 2)
            at = int(np.argmax(merit))
            if merit.ravel()[at] > best:
                best = float(merit.ravel()[at])
                found = (a, ia[at // len(ib)], b, ib[at % len(ib)])
        if found is None:
            return None, -np.inf
        a, at_a, b, at_b = found
        return (self._of_coarse(a, at_a), self._of_coarse(b, at_b)), best

    def _of_coarse(self, column: int, interval: NDArray[np.intp]) -> Condition:
        to = self._coarse_of(self.columns[column])
        held = np.flatnonzero((to >= interval[0]) & (to < interval[1]))
        top = self.columns[column].size
        return self._condition(column, [p for p in held.tolist() if p < top or not self.columns[column].ordered])

    def _condition(self, column: int, places: Sequence[int]) -> Condition:
        codes = np.flatnonzero(np.isin(self.orders[column], list(places)))
        codes = codes[codes < self.columns[column].size]
        return Condition(column, tuple(sorted(codes.tolist())))

    def _pruned(self, pair: tuple[Condition, Condition]) -> tuple[Condition, ...]:
        both = self.excess[inside(self.codes, pair)].mean() + 1.0
        for one in pair:
            alone = inside(self.codes, (one,))
            if alone.sum() <= self.most and self.excess[alone].mean() + 1.0 > both / EARNS:
                return (one,)
        return pair

    def level(self, found: Sequence[Condition]) -> None:
        """What was found carries no excess any more."""
        held = inside(self.codes, found)
        self.excess = self.excess - np.where(held, self.excess[held].mean(), 0.0)


def _rectangles(table: NDArray[Any], a: NDArray[np.intp], b: NDArray[np.intp]) -> Floats:
    """Sums over all products of intervals, `(len(a), len(b))`."""
    total = np.pad(table.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0))).astype(np.float64)
    high, low = total[a[:, 1]], total[a[:, 0]]
    bands = high - low
    return np.asarray(bands[:, b[:, 1]] - bands[:, b[:, 0]], dtype=np.float64)


def inside(codes: NDArray[np.int64], conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    held = np.ones(len(codes), dtype=bool)
    for one in conditions:
        named = np.zeros(WIDEST, dtype=bool)
        named[list(one.codes)] = True
        held &= named[codes[:, one.column]]
    return held
