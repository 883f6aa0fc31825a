"""Rows that come after intake, read as the dealt rows were: side tables joined by key, columns in their clean types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from podium.competition import side_tables
from podium.competition.columns import ColumnType, conform
from podium.competition.joins import Join
from podium.errors import IntakeError


def fitted(folder: Path, frame: pl.DataFrame, types: Sequence[ColumnType], joins: Sequence[Join]) -> pl.DataFrame:
    """`frame` with exactly the dealt feature columns; `folder` holds the dealt data's `joined/` tables.

    Raises IntakeError for a missing column; values that do not fit a column's type become null.
    """
    frame = side_tables.extend(folder, frame, joins)
    missing = [t.name for t in types if t.name not in frame.columns and t.source != "file"]
    if missing:
        raise IntakeError(
            f"new rows lack feature column {missing[0]!r}",
            expected=", ".join(t.name for t in types if t.source != "file"),
            found=", ".join(frame.columns),
            remedy="add the column (empty where unknown)",
        )
    return conform(frame, types)


__all__ = ["fitted"]
