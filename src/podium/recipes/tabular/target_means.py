"""Target encoding (Micci-Barreca 2001): a category becomes the smoothed mean label of its training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.recipes.tabular.blocks import Block
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

INNER_FOLDS = 5
SMOOTHING = (10.0,)  # rows of prior in every mean
MAX_VALUES = 3000  # a numeric column of more distinct values has no means


class TargetMeans(Block):
    """Means for categories and keys, and for numeric columns' values where `values` is set; one for each `smoothing`.

    With several a model weighs for itself how far a seldom seen value is to be believed. The training rows get out-of-fold
    means (five inner folds, keyed by the seed), others the means over all of them.
    """

    def __init__(self, values: bool, smoothing: Sequence[float] = SMOOTHING) -> None:
        self.values, self.smoothing = values, tuple(map(float, smoothing))

    def fit(self, table: Derived, labels: Floats) -> None:
        self.sources = self._sources(table)
        # the last class of several follows from the others
        self.width = labels.shape[1] - 1 if is_one_hot(labels) and labels.shape[1] > 2 else labels.shape[1]
        self.prior = labels[:, : self.width].mean(axis=0)
        marks = [f"~{rows:g}" for rows in self.smoothing] if len(self.smoothing) > 1 else [""]
        means = [f"mean{k}{mark}" for mark in marks for k in range(self.width)]
        self.names = [f"{name}.{mean}" for name in self.sources for mean in means]
        columns = self._columns(table)
        self.tables = [_sums(columns[name], labels[:, : self.width]) for name in self.sources]

    def fit_transform(self, table: Derived, labels: Floats, seed: int) -> Floats:
        self.fit(table, labels)
        columns, labels = self._columns(table), labels[:, : self.width]
        fold = inner_folds(table, np.random.default_rng(seed))
        out, wide = np.empty((len(labels), len(self.names))), self.width * len(self.smoothing)
        for inner in range(INNER_FOLDS):
            here = fold == inner
            for k, name in enumerate(self.sources):
                sums = _sums(columns[name].filter(pl.Series(~here)), labels[~here])
                part = self._means(columns[name].filter(pl.Series(here)), sums)
                out[here, k * wide : (k + 1) * wide] = part
        return out

    def transform(self, table: Derived) -> Floats:
        columns = self._columns(table)
        parts: list[Floats] = [np.empty((table.n, 0))]
        parts += [self._means(columns[name], sums) for name, sums in zip(self.sources, self.tables, strict=True)]
        return np.concatenate(parts, axis=1)

    def _means(self, series: pl.Series, sums: pl.DataFrame) -> Floats:
        """`(n, smoothings × width)`: a level that is not in `sums` gets the prior."""
        found = pl.DataFrame({"level": series}).join(
            sums, on="level", how="left", nulls_equal=True, maintain_order="left"
        )
        count = found["n"].fill_null(0).to_numpy().astype(np.float64)[:, None]
        total = found.select(pl.col("^m[0-9]+$").fill_null(0.0)).to_numpy().astype(np.float64)
        return np.concatenate([(total + rows * self.prior) / (count + rows) for rows in self.smoothing], axis=1)

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


def inner_folds(table: Derived, rng: np.random.Generator) -> NDArray[np.int64]:
    """`(n,)`: which of `INNER_FOLDS` each row is in; rows of one group together, for one would tell the other's label."""
    if table.groups is None:
        return rng.integers(INNER_FOLDS, size=table.n)
    _, group = np.unique(table.groups, return_inverse=True)
    return np.asarray(rng.integers(INNER_FOLDS, size=int(group.max(initial=0)) + 1)[group])


def _sums(series: pl.Series, labels: Floats) -> pl.DataFrame:
    """Columns `level`, n, m0…: rows of each level, and the sum of each of their labels."""
    frame = pl.DataFrame({"level": series, **{f"m{k}": labels[:, k] for k in range(labels.shape[1])}})
    return frame.group_by("level").agg(pl.len().alias("n"), pl.exclude("level").sum())


def is_one_hot(labels: Floats) -> bool:
    return bool(np.all(labels.sum(axis=1) == 1) and np.all((labels == 0) | (labels == 1)))
