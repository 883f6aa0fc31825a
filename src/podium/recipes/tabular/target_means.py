"""Target encoding (Micci-Barreca 2001): a category becomes the smoothed mean label of its training rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from podium.recipes.tabular.blocks import Block
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

INNER_FOLDS = 5
SMOOTHING = 10.0  # rows of prior in every mean
MAX_VALUES = 3000  # a numeric column of more distinct values is binned to this many first


class TargetMeans(Block):
    """Means for categories and keys, and for numeric columns' values where `values` is set.

    The training rows get out-of-fold means (five inner folds, keyed by the seed), others the means over all of them.
    """

    def __init__(self, values: bool) -> None:
        self.values = values

    def fit(self, table: Derived, labels: Floats) -> None:
        self.sources = self._sources(table)
        # the last class of several follows from the others
        self.width = labels.shape[1] - 1 if _is_one_hot(labels) and labels.shape[1] > 2 else labels.shape[1]
        self.prior = labels[:, : self.width].mean(axis=0)
        self.names = [f"{name}.mean{k}" for name in self.sources for k in range(self.width)]
        columns = self._columns(table)
        self.tables = [_means(columns[name], labels[:, : self.width], self.prior) for name in self.sources]

    def fit_transform(self, table: Derived, labels: Floats, seed: int) -> Floats:
        self.fit(table, labels)
        columns, labels = self._columns(table), labels[:, : self.width]
        fold = np.random.default_rng(seed).integers(INNER_FOLDS, size=len(labels))
        out = np.empty((len(labels), len(self.names)))
        for inner in range(INNER_FOLDS):
            here = fold == inner
            for k, name in enumerate(self.sources):
                means = _means(columns[name].filter(pl.Series(~here)), labels[~here], self.prior)
                part = _apply(columns[name].filter(pl.Series(here)), means, self.prior)
                out[here, k * self.width : (k + 1) * self.width] = part
        return out

    def transform(self, table: Derived) -> Floats:
        columns = self._columns(table)
        parts: list[Floats] = [np.empty((table.n, 0))]
        parts += [_apply(columns[n], means, self.prior) for n, means in zip(self.sources, self.tables, strict=True)]
        return np.concatenate(parts, axis=1)

    def _sources(self, table: Derived) -> list[str]:
        names = [name for name, series in {**table.categories, **table.keys}.items() if series.n_unique() > 2]
        if self.values:
            names += [name for name, numbers in table.numbers.items() if 2 < len(np.unique(numbers)) <= MAX_VALUES]
        return names

    def _columns(self, table: Derived) -> dict[str, pl.Series]:
        numeric = {
            name: pl.Series(name, table.numbers[name], nan_to_null=True).cast(pl.String)
            for name in self.sources
            if name in table.numbers
        }
        return {**table.categories, **table.keys, **numeric}


def _means(series: pl.Series, labels: Floats, prior: Floats) -> pl.DataFrame:
    """Columns `level`, m0…: smoothed means of each level."""
    frame = pl.DataFrame({"level": series, **{f"m{k}": labels[:, k] for k in range(labels.shape[1])}})
    grouped = frame.group_by("level").agg(pl.len().alias("n"), pl.exclude("level").sum())
    return grouped.select(
        "level",
        *[((pl.col(f"m{k}") + SMOOTHING * p) / (pl.col("n") + SMOOTHING)).alias(f"m{k}") for k, p in enumerate(prior)],
    )


def _apply(series: pl.Series, means: pl.DataFrame, prior: Floats) -> Floats:
    joined = pl.DataFrame({"level": series}).join(
        means, on="level", how="left", nulls_equal=True, maintain_order="left"
    )
    return np.column_stack([joined[f"m{k}"].fill_null(float(p)).to_numpy() for k, p in enumerate(prior)])


def _is_one_hot(labels: Floats) -> bool:
    return bool(np.all(labels.sum(axis=1) == 1) and np.all((labels == 0) | (labels == 1)))
