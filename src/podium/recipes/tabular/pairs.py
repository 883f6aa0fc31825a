"""Pairs of categories that say together what neither says alone: each becomes a key, whose target mean and count are taken.

Of every pair the additive effects are subtracted first; what the pair's own effect, fitted on one half of the rows, explains
of the other half's residuals must be more than chance.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.recipes.tabular.blocks import frequent_levels, look_up
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

ROWS = 20_000  # that the search looks at
COLUMNS = 14  # that are paired, those of most levels
FEW = 60  # values up to which a numeric column is as good as a category
LEVELS = 200  # most frequent ones of a column that are told apart in the search
LABELS = 4  # label columns that are explained, those of the largest variance
PRIOR = 10.0  # rows of no effect in every mean
SURE = 3.0  # standard errors that the gain on the other half must have
Codes = NDArray[np.int64]


class Pairs:
    """At most `count` pairs, the most telling first; none where none is more than chance."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.chosen: list[tuple[str, str]] = []

    def fit(self, table: Derived, labels: Floats, seed: int) -> None:
        levels = {name: series.n_unique() for name, series in _candidates(table).items()}
        names = sorted(levels, key=lambda name: (-levels[name], name))[:COLUMNS]
        rows = np.linspace(0, table.n - 1, min(table.n, ROWS)).astype(np.intp)
        codes = {name: _codes(_column(table, name))[rows] for name in names}
        wanted = labels[rows][:, np.argsort(-labels.var(axis=0), kind="stable")[:LABELS]]
        first = np.random.default_rng([seed, 19]).random(len(rows)) < 0.5
        worth = {pair: _sureness(codes[pair[0]], codes[pair[1]], wanted, first) for pair in combinations(names, 2)}
        told = [pair for pair in sorted(worth, key=lambda pair: -worth[pair]) if worth[pair] > SURE]
        self.chosen = told[: self.count]

    def add(self, table: Derived) -> None:
        """The chosen pairs among the table's keys."""
        for a, b in self.chosen:
            joined = pl.select(pl.concat_str([_text(table, a), _text(table, b)], separator=" & ")).to_series()
            table.keys[f"{a} & {b}"] = joined


def _candidates(table: Derived) -> dict[str, pl.Series]:
    """Categories, and numeric columns of few values."""
    numbers = {name: values for name, values in table.numbers.items() if f"{name}.level" not in table.categories}
    few = [name for name, values in numbers.items() if 2 < len(np.unique(values[~np.isnan(values)])) <= FEW]
    return {**{name: _column(table, name) for name in few}, **table.categories}


def _column(table: Derived, name: str) -> pl.Series:
    if name in table.categories:
        return table.categories[name]
    return pl.Series(name, table.stack([name])[:, 0], nan_to_null=True).cast(pl.String)


def _text(table: Derived, name: str) -> pl.Series:
    return _column(table, name).fill_null("(missing)")


def _codes(series: pl.Series) -> Codes:
    """`(n,)`: frequent levels from 1; 0 for the others and what is missing."""
    found = look_up(series, frequent_levels(series, LEVELS))
    return np.where(np.isnan(found), -1, found).astype(np.int64) + 1


def _sureness(a: Codes, b: Codes, labels: Floats, first: NDArray[np.bool_]) -> float:
    """By how many standard errors the pair lowers the squared error of the other half, both ways round, best label column."""
    both = a * (int(b.max()) + 1) + b
    gains = []
    for here in (first, ~first):
        there = ~here
        left = labels - labels[here].mean(axis=0)
        for codes in (a, b):
            left = left - _effect(codes, left, here)
        after = left - _effect(both, left, here)
        gains.append((left**2 - after**2)[there])
    gained = np.concatenate(gains)
    return float(np.max(gained.mean(axis=0) / (gained.std(axis=0) / len(gained) ** 0.5 + 1e-12)))


def _effect(codes: Codes, left: Floats, here: NDArray[np.bool_]) -> Floats:
    """`(n, k)`: mean of what is left in each row's level among the rows `here`, drawn towards 0."""
    size = int(codes.max()) + 1
    counts = np.bincount(codes[here], minlength=size)[:, None] + PRIOR
    sums = np.column_stack([np.bincount(codes[here], column[here], minlength=size) for column in left.T])
    return np.asarray((sums / counts)[codes])
