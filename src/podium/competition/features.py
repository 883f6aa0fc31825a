"""The feature columns of all rows: train's and test's stacked, typed, with their files, gathered in the dealt order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import attached, columns, relation
from podium.competition.columns import ColumnType
from podium.competition.source import Source
from podium.errors import IntakeError
from podium.protocol import Column
from podium.records import Competition

Ints = NDArray[np.int64]


def gathered(left: list[pl.Series], order: Ints) -> pl.DataFrame:
    """The rows in the dealt order, column by column; `left` is emptied, each column let go as its copy is made."""
    out: dict[str, pl.Series] = {}
    left.reverse()
    while left:
        column = left.pop()
        out[column.name] = column.rechunk()[order]  # of many chunks a gather takes several times as long
    return pl.DataFrame(out)


def in_sample_order(source: Source, competition: Competition) -> Source:
    """Test rows in the order of the sample submission."""
    key = competition.id_column
    if source.sample is None or key is None or key not in source.test.columns or key not in source.sample.columns:
        return source
    asked = source.sample.select(pl.col(key).cast(pl.String))
    given = source.test.with_columns(pl.col(key).cast(pl.String))
    ordered = asked.join(given, on=key, how="left", maintain_order="left")
    if ordered.height != source.test.height:
        raise IntakeError(
            "the sample submission disagrees with test",
            expected=f"{source.test.height} rows",
            found=str(ordered.height),
        )
    return replace(source, test=ordered.select(source.test.columns))


def stack(source: Source, competition: Competition) -> pl.DataFrame:
    """Feature columns of train's rows, then test's; a column typed differently in the two becomes String."""
    key = competition.id_column
    names = [c for c in source.train.columns if c in source.test.columns and c not in competition.target_columns]
    out = []
    for name in names:
        train, test = source.train[name], source.test[name]
        if name == key and (competition.id_columns or not relation.id_is_feature(train, test)):
            continue
        if train.dtype != test.dtype:
            common = _common(train, test)
            train, test = train.cast(common), test.cast(common)
        out.append(pl.concat([train, test]))
    return pl.DataFrame(out)


def _common(train: pl.Series, test: pl.Series) -> pl.DataType | type[pl.DataType]:
    """The type both fit: of the other where one is empty, Float64 for numbers, else String."""
    if pl.Null in (train.dtype, test.dtype):
        return test.dtype if train.dtype == pl.Null else train.dtype
    return pl.Float64 if train.dtype.is_numeric() and test.dtype.is_numeric() else pl.String


def type_of(series: pl.Series, competition: Competition) -> ColumnType:
    kind = columns.learn_type(series)
    if series.name != competition.id_column:
        return kind
    return ColumnType(kind.name, kind.cast if kind.cast == "datetime" else "str", kind.format, source="id")


def with_files(
    frame: pl.DataFrame, found: Sequence[attached.FileColumn], row_of: Ints, data: Path, part: Path
) -> pl.DataFrame:
    """Attached files under blinded names in `files/`, and the columns that name them."""
    if found:
        (part / "files").mkdir()
    wanted: list[tuple[str, Path]] = []
    for at, column in enumerate(found):
        blinded: list[str | None] = []
        for row, ref in zip(row_of.tolist(), column.refs, strict=True):
            name = None if ref is None else f"{row}{f'_{at}' if at else ''}{PurePosixPath(ref).suffix.lower()}"
            if ref is not None and name is not None:
                wanted.append((ref, part / "files" / name))
            blinded.append(name)
        names = pl.Series(column.name, blinded, dtype=pl.String)
        frame = frame.with_columns(names) if frame.width else pl.DataFrame([names])
    attached.publish(data, wanted)
    return frame


def describe(frame: pl.DataFrame, types: Sequence[ColumnType], files: set[str]) -> tuple[Column, ...]:
    described = tuple(columns.describe(frame[t.name], t, is_file=t.name in files) for t in types)
    return columns.named(described, frame.height)
