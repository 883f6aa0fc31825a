"""Features of all rows that need no label and are dear to make: measured once, not in every fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from podium.protocol import Context, Rows
from podium.recipes.tabular.geometry import read_geometries


def measure_files(rows: Rows, ctx: Context, features: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """The table with every file column replaced by what its files tell, NaN where they tell nothing.

    `features`: the recipe's, for kinds whose files are measured in more than one way; here there is but one.
    """
    frame = rows.frame()
    for column in ctx.schema:
        if column.kind == "file" and column.name in frame.columns:
            told = {} if column.pixels else read_geometries(rows.paths(column.name))
            frame = frame.drop(column.name).with_columns(
                **{f"{column.name}.{name}": pl.Series(values) for name, values in told.items()}
            )
    return frame
