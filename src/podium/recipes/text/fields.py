"""Which columns are texts, and what else a row holds beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Column, Context, Rows
from podium.recipes.tabular.encoder import Encoder

REPEATED = 0.3  # a text with fewer distinct values than this share of rows is a category too


def text_columns(schema: Sequence[Column]) -> list[str]:
    """Columns to read as texts: those intake calls so, else strings of any kind."""
    texts = [column.name for column in schema if column.kind == "text"]
    return texts or [column.name for column in schema if column.kind in ("categorical", "code")]


def read_texts(rows: Rows, columns: list[str]) -> list[pl.Series]:
    frame = rows.frame(columns)
    return [frame[name].cast(pl.String).fill_null("") for name in columns]


class Beside:
    """The columns that are not texts, as `(n, d)` float32: filled, scaled, categories one-hot or by target means.

    Texts that recur (the same anchor in many rows) count as categories too.
    """

    def __init__(self, target: bool) -> None:
        self.target = target

    def fit_transform(self, train: Rows, ctx: Context) -> NDArray[np.float32]:
        """Out-of-fold within `train` where labels are used."""
        schema = tuple(self._as_category(column, train) for column in ctx.schema)
        made = set(train.columns) - {column.name for column in schema}  # by a `prepare`: what it told of the texts
        schema += tuple(Column(name, "constant") for name in sorted(made))
        self.empty = all(column.kind in ("constant", "file") for column in schema)
        if self.empty:
            return np.empty((len(train), 0), np.float32)
        self.encoder = Encoder(view="dense", target=self.target, texts=0, onehot=32)
        return self.encoder.fit_transform(train, replace(ctx, schema=schema)).values

    def transform(self, rows: Rows) -> NDArray[np.float32]:
        return np.empty((len(rows), 0), np.float32) if self.empty else self.encoder.transform(rows).values

    def _as_category(self, column: Column, train: Rows) -> Column:
        if column.kind != "text":
            return column
        values = train.frame([column.name])[column.name]
        recurs = self.target and values.n_unique() < REPEATED * len(values)
        return replace(column, kind="categorical" if recurs else "constant")
