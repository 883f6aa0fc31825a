"""Users without a history: what people like them turn to, by the columns that describe them."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.recipes.recommend.log import HISTORY, USER, Floats, Log
from podium.recipes.recommend.sources import Popular, Scores

PRIOR = 50.0  # events of everybody that a segment's own are weighed against
MOST_VALUES, BINS = 50, 6


class Newcomers:
    """Naive Bayes over the columns beside the history, on top of what is popular now."""

    def __init__(self) -> None:
        self.popular = Popular()

    def fit(self, log: Log, frame: pl.DataFrame, n_items: int) -> Newcomers:
        """`frame` `(n, …)`: the rows of the log's users."""
        self.popular.fit(log, n_items)
        overall = np.bincount(log.items, minlength=n_items) + 0.1
        overall = overall / overall.sum()
        self.edges: dict[str, Floats | list[str]] = {}
        self.lift: dict[str, Floats] = {}
        for name in describing(frame):
            values = self._learn(frame[name])
            width = int(values.max(initial=0)) + 1
            counts = np.zeros((width, n_items))
            np.add.at(counts, (values[log.owner], log.items), 1.0)
            smooth = (counts + PRIOR * overall) / (counts.sum(axis=1, keepdims=True) + PRIOR)
            self.lift[name] = np.log(smooth / overall)
        return self

    def scores(self, log: Log, frame: pl.DataFrame) -> Scores:
        out = np.log(self.popular.scores(log) + 1e-9)
        for name, lift in self.lift.items():
            values = self._coded(frame[name]) if name in frame.columns else np.zeros(len(log), dtype=np.int64)
            out += lift[np.minimum(values, len(lift) - 1)]
        return np.asarray(np.exp(out), dtype=np.float32)

    def _learn(self, column: pl.Series) -> NDArray[np.int64]:
        if column.dtype.is_numeric() and column.n_unique() > BINS:
            known = column.drop_nulls().cast(pl.Float64).to_numpy()
            self.edges[column.name] = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        else:
            self.edges[column.name] = sorted(map(str, column.drop_nulls().unique().to_list()))
        return self._coded(column)

    def _coded(self, column: pl.Series) -> NDArray[np.int64]:
        """0 where missing or never seen."""
        edges = self.edges[column.name]
        if isinstance(edges, list):
            place = {value: at + 1 for at, value in enumerate(edges)}
            return np.array([place.get(str(value), 0) for value in column.to_list()], dtype=np.int64)
        numbers = column.cast(pl.Float64, strict=False).to_numpy()
        return np.where(np.isnan(numbers), 0, 1 + np.searchsorted(edges, numbers)).astype(np.int64)


def describing(frame: pl.DataFrame) -> list[str]:
    """Columns that describe a user: numbers, or few values."""
    names = [c for c in frame.columns if c != USER and not c.startswith(HISTORY)]
    return [
        c
        for c in names
        if frame[c].n_unique() > 1 and (frame[c].dtype.is_numeric() or frame[c].n_unique() <= MOST_VALUES)
    ]
