"""Side tables in the dealt data: one row a key for rows that come later, and raw, ids blinded, for solutions.

<campaign>/data/
  joined/<table>.arrow   engine only: the joined columns by key
  names_<key>.arrow      engine only: what the codes of units are spelled as
  tables/<table>.arrow   as read, for `ctx.tables`: where the id is the key, it is replaced by the row number
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import joins
from podium.competition.aggregate import clean
from podium.competition.arrow import write_arrow
from podium.competition.joins import Join
from podium.competition.source import Source
from podium.records import Competition

JOINED, RAW = "joined", "tables"


def keep(
    source: Source, competition: Competition, row_of: NDArray[np.int64], part: Path, *, raw: bool
) -> tuple[Join, ...]:
    """Write the tables that are joined, and those as read where `raw`: not where rows lie in time, since a run may not
    see later rows."""
    found: list[Join] = []
    for side in source.sides:
        join = side.joined.join
        if join is None:
            continue
        found.append(join)
        (part / JOINED).mkdir(exist_ok=True)
        write_arrow(side.joined.frame, part / JOINED / f"{join.table}.arrow")
        if raw:
            (part / RAW).mkdir(exist_ok=True)
            write_arrow(_blinded(side.frame, join, source, competition, row_of), part / RAW / f"{join.table}.arrow")
    return tuple(found)


def keep_coded(names: Mapping[str, pl.Series], tables: Mapping[str, pl.DataFrame], part: Path) -> None:
    """Write what units bring: the spelling of their codes, engine only, and tables keyed by such codes, for solutions."""
    for key, spelled in names.items():
        write_arrow(pl.DataFrame({"name": spelled}), part / f"names_{key.strip('#')}.arrow")
    for name, table in tables.items():
        (part / RAW).mkdir(exist_ok=True)
        write_arrow(
            pl.DataFrame([clean(table[c]) if c in table.columns[1:] else table[c] for c in table.columns]),
            part / RAW / f"{name}.arrow",
        )


def _blinded(
    side: pl.DataFrame, join: Join, source: Source, competition: Competition, row_of: NDArray[np.int64]
) -> pl.DataFrame:
    key = competition.id_column
    side = side.select(*join.key, *(clean(side[c]) for c in side.columns if c not in join.key))
    if key is None or key not in join.key:
        return side
    side = joins.with_key_like(side, (key,), source.train)
    ids = pl.concat([frame[key].cast(side[key].dtype, strict=False) for frame in (source.train, source.test)])
    rows = pl.DataFrame({key: ids, "#row": row_of}).unique(key, keep="first", maintain_order=True)
    blinded = side.join(rows, on=key, how="inner", maintain_order="left")
    return blinded.with_columns(pl.col("#row").alias(key)).drop("#row").sort(key, maintain_order=True)


def extend(folder: Path, frame: pl.DataFrame, found: Sequence[Join]) -> pl.DataFrame:
    """New rows with their joined columns, by key, where they do not bring them. Raises IntakeError without the key."""
    for join in found:
        if all(c in frame.columns for c in join.columns):
            continue
        table = pl.read_ipc(folder / JOINED / f"{join.table}.arrow")
        frame = joins.add(frame.drop(join.columns, strict=False), join, table)
    return frame


def raw_tables(folder: Path) -> dict[str, Path]:
    """What solutions get as `ctx.tables`."""
    return {path.stem: path for path in sorted((folder / RAW).glob("*.arrow"))}
