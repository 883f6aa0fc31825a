"""The three tables of a competition as read, ids and labels as spelled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from podium.competition.folder import TableFiles
from podium.competition.table import TEXT_FORMATS, Table, decode, format_of, read_bytes, read_table, split_header


@dataclass(frozen=True)
class Source:
    """`train`, `test`, `sample` (None where there is none). Id, train-only and sample columns are String."""

    train: pl.DataFrame
    test: pl.DataFrame
    sample: pl.DataFrame | None
    notices: tuple[str, ...]

    @property
    def train_only(self) -> list[str]:
        """Columns that test lacks, in train's order."""
        return [c for c in self.train.columns if c not in self.test.columns]


def read_source(folder: Path, files: TableFiles, ids: Collection[str] = ()) -> Source:
    """Read the tables. Raises IntakeError naming the file at fault."""
    tables: list[Table] = []
    sample: pl.DataFrame | None = None
    spelled = set(ids)
    if files.sample:
        table = read_table(folder, files.sample, all_text=True)
        sample = table.frame
        tables.append(table)
        spelled |= set(sample.columns)
    heads = {ref: header(folder, ref) for ref in (files.train, files.test)}
    spelled |= set(heads[files.train]) - set(heads[files.test])
    train, test = (read_table(folder, ref, spelled) for ref in (files.train, files.test))
    notices = tuple(n for t in (*tables, train, test) for n in t.notices)
    return Source(train.frame, _without_empty_targets(test.frame, sample), sample, notices)


def _without_empty_targets(test: pl.DataFrame, sample: pl.DataFrame | None) -> pl.DataFrame:
    """Some hosts leave the target in test as an empty column."""
    asked = sample.columns[1:] if sample is not None else []
    return test.drop([c for c in asked if c in test.columns and test[c].null_count() == test.height])


def header(folder: Path, ref: str) -> list[str]:
    """Column names of a table."""
    if format_of(ref) not in TEXT_FORMATS:
        return read_table(folder, ref).frame.columns
    data = read_bytes(folder, ref)
    text, _ = decode(ref, data[: 1 << 20] if len(data) > 1 << 20 and data.isascii() else data)
    return split_header(text.partition("\n")[0], ref)[1]
