"""Tables beside train and test that intake could not join, tried once more by their values: what could be learned from them.

A column of the table whose values are those of a feature column, under whatever name, is taken for its key. Nothing is added
to the data: what is found is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.columns import cast, learn_type
from podium.competition.table import read_table
from podium.errors import IntakeError
from podium.referee.coding import code_columns

if TYPE_CHECKING:
    from podium.records import Competition

MOST_BYTES = 64_000_000
MOST_TABLES = 6
LEAST_VALUES = 12  # of a key: fewer match by chance
COVERED = 0.8  # of the rows must have a row in the table
TOLD = re.compile(r"(.+) is not joined: it (.+)")


@dataclass(frozen=True)
class SideFile:
    """A table nobody uses. `why`: intake's reason; `key`, `of`: its column and the feature column with the same values, ""
    where none has; `covers`: share of the rows; `levels`: column → level of each row, negative where unknown."""

    ref: str
    why: str
    key: str
    of: str
    covers: float
    levels: dict[str, NDArray[np.int64]]


def unjoined(competition: Competition) -> list[tuple[str, str]]:
    """(reference, why) of the tables that intake did not join, as it said; those that hold answers are left out."""
    told = [TOLD.fullmatch(evidence.why) for evidence in competition.evidence.values()]
    found = [(match[1], match[2]) for match in told if match and not match[2].startswith("holds ")]
    return [(ref, why) for refs, why in found for ref in refs.split(" and ")][:MOST_TABLES]


def try_again(competition: Competition, features: pl.DataFrame) -> Iterator[SideFile]:
    """`features`: the rows in question. Tables that cannot be read any more are passed over."""
    answers = {*competition.target_columns, *competition.label_side_columns}
    for ref, why in unjoined(competition):
        path = Path(competition.data_dir) / ref
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            continue
        try:
            table = read_table(Path(competition.data_dir), ref).frame
        except (IntakeError, OSError):
            continue
        found = _key(table, features)
        if found is None:
            yield SideFile(ref, why, "", "", 0.0, {})
            continue
        key, of, covers = found
        yield SideFile(ref, why, key, of, covers, _levels(table.drop(answers, strict=False), key, features[of]))


def _key(table: pl.DataFrame, features: pl.DataFrame) -> tuple[str, str, float] | None:
    """The pair of columns whose values coincide for the most rows; unique keys of the table before others."""
    best: tuple[bool, float, str, str] | None = None
    values = {name: features[name].cast(pl.String) for name in features.columns if _may_be_key(features[name])}
    for key in table.columns:
        if not _may_be_key(table[key]):
            continue
        own = table[key].cast(pl.String).drop_nulls()
        there = own.unique()
        if len(there) < LEAST_VALUES:
            continue
        for name, column in values.items():
            covers = float(column.is_in(there.implode()).mean() or 0.0)  # type: ignore[arg-type]
            merit = (len(there) == len(own), covers, key, name)
            if covers >= COVERED and (best is None or merit[:2] > best[:2]):
                best = merit
    return None if best is None else (best[2], best[3], best[1])


def _may_be_key(series: pl.Series) -> bool:
    return (series.dtype == pl.String or series.dtype.is_integer()) and series.n_unique() >= LEAST_VALUES


def _levels(table: pl.DataFrame, key: str, of: pl.Series) -> dict[str, NDArray[np.int64]]:
    """The table's other columns as levels of the rows: of the first of several rows of one key."""
    once = table.with_columns(pl.col(key).cast(pl.String)).unique(key, keep="first", maintain_order=True)
    clean = [
        cast(once[c], learn_type(once[c])) if once[c].dtype == pl.String else once[c] for c in once.columns if c != key
    ]
    rows = pl.DataFrame({key: of.cast(pl.String)}).join(
        pl.DataFrame([once[key], *clean]), on=key, how="left", maintain_order="left"
    )
    coded = code_columns(rows.drop(key), [])
    return {one.name: one.codes.astype(np.int64) for one in coded if one.column}
