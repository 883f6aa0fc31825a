"""What is usual in a row's group: means of leading numbers over each category's levels, and how far the row is from them."""

from __future__ import annotations

import numpy as np
import polars as pl

from podium.recipes.tabular.blocks import Block, look_up, strength, varies
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

GROUPINGS = 4  # categories and keys, those of most rows in levels that are shared
SHARED = 3  # rows that make a level one


class GroupStatistics(Block):
    """Over the `width` numeric columns that go best with the labels: the level's mean, its deviation, the row's score in it."""

    def __init__(self, width: int) -> None:
        self.width = width

    def fit(self, table: Derived, labels: Floats) -> None:
        columns = [name for name, values in table.numbers.items() if varies(values)]
        worth = {name: strength(table.numbers[name], labels) for name in columns}
        leading = sorted(columns, key=lambda name: -worth[name])[: self.width]
        self.pairs = [(group, name) for group in _groupings(table) for name in leading]
        self.names = [f"{name} in {group}.{what}" for group, name in self.pairs for what in ("mean", "spread", "score")]
        self.levels = [_statistics(_series(table, group), table.numbers[name]) for group, name in self.pairs]

    def transform(self, table: Derived) -> Floats:
        parts = [np.empty((table.n, 0))]
        for (group, name), (means, spreads) in zip(self.pairs, self.levels, strict=True):
            series, values = _series(table, group), table.stack([name])[:, 0]
            mean, spread = look_up(series, means), look_up(series, spreads)
            score = np.divide(values - mean, spread, out=np.full(table.n, np.nan), where=spread > 0)
            parts.append(np.column_stack([mean, spread, score]))
        return np.concatenate(parts, axis=1)


def _groupings(table: Derived) -> list[str]:
    """Names of categories and keys whose levels many rows share; of many levels first, for few a tree needs no help."""
    found = {}
    for name, series in {**table.categories, **table.keys}.items():
        sizes = series.alias("level").drop_nulls().value_counts(name="n").filter(pl.col("n") >= SHARED)
        if len(sizes) > 1 and sizes["n"].sum() >= table.n / 2:
            found[name] = len(sizes)
    return sorted(found, key=lambda name: (-found[name], name))[:GROUPINGS]


def _series(table: Derived, name: str) -> pl.Series:
    return table.categories[name] if name in table.categories else table.keys[name]


def _statistics(series: pl.Series, values: Floats) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and deviation of the values in each level that enough rows share."""
    frame = pl.DataFrame({"level": series, "value": pl.Series(values, nan_to_null=True)}).drop_nulls()
    grouped = frame.group_by("level").agg(pl.len().alias("n"), pl.mean("value").alias("mean"), pl.std("value", ddof=0))
    grouped = grouped.filter(pl.col("n") >= SHARED)
    levels = grouped["level"].to_list()
    return dict(zip(levels, grouped["mean"], strict=True)), dict(zip(levels, grouped["value"], strict=True))
