"""What is known of items and users beside what happened: side tables keyed by the codes that histories hold."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl

from podium.competition.folder import look_at
from podium.competition.table import read_table
from podium.competition.units.events import ITEM, USER, Events
from podium.errors import IntakeError
from podium.records import Competition

KEY = "item"  # the key of tables of items
MOST_TABLES, MOST_COLUMNS = 8, 12
_ITEM_NAME = re.compile(r"item|movie|product|article|track|song|book|ad|game|recipe|video", re.I)
_USER_NAME = re.compile(r"user|customer|visitor|member|listener|session|person|client", re.I)


def side_tables_of(
    competition: Competition, data: Path, events: Events
) -> tuple[pl.DataFrame | None, dict[str, pl.DataFrame]]:
    """(a table of users by USER, tables of items by name, keyed by `KEY`): those whose rows are one each."""
    taken = {competition.train_file, competition.test_file, competition.sample_file}
    users: pl.DataFrame | None = None
    items: dict[str, pl.DataFrame] = {}
    for ref in [t for t in look_at(competition).tables if t not in taken][:MOST_TABLES]:
        try:
            frame = read_table(data, ref).frame
        except IntakeError:  # a side table that cannot be read is no reason to refuse the competition
            continue
        found = _keyed(frame, events)
        if found is None:
            continue
        table, whose = found
        if whose == USER:
            users = _features(table) if users is None else users
        elif table.width > 1:
            items[re.sub(r"\W+", "_", Path(ref).stem)] = table
    return users, items


def _keyed(frame: pl.DataFrame, events: Events) -> tuple[pl.DataFrame, str] | None:
    """The table with its key as codes, and whose they are; None where no column names items or users, one a row."""
    best: tuple[float, str, str, pl.Series] | None = None
    for name in frame.columns[:3]:
        column = frame[name]
        if column.n_unique() < frame.height or not (column.dtype == pl.String or column.dtype.is_integer()):
            continue
        for whose, known, pattern in ((ITEM, events.items, _ITEM_NAME), (USER, events.users, _USER_NAME)):
            codes = _codes(column, known)
            covered = (len(codes) - codes.null_count()) / max(1, len(known))
            alike = min(len(known), frame.height) / max(len(known), frame.height)
            score = covered * (0.5 + alike) + 0.5 * bool(pattern.search(name))
            if covered > 0.3 and (best is None or score > best[0]):
                best = (score, whose, name, codes)
    if best is None:
        return None
    _, whose, name, codes = best
    key = KEY if whose == ITEM else USER
    table = frame.drop(name).select(frame.drop(name).columns[:MOST_COLUMNS])
    table = table.drop(key, strict=False).insert_column(0, codes.alias(key))
    return table.drop_nulls(key).sort(key), whose


def _codes(names: pl.Series, known: pl.Series) -> pl.Series:
    """Codes of names, spelled with or without zeros in front."""
    plain = [s.cast(pl.String).str.strip_chars_start("0") for s in (names, known)]
    table = pl.DataFrame({"name": plain[1], "code": np.arange(len(known), dtype=np.int64)}).unique("name", keep="first")
    return pl.DataFrame({"name": plain[0]}).join(table, on="name", how="left", maintain_order="left")["code"]


def _features(table: pl.DataFrame) -> pl.DataFrame:
    """Columns of users that are numbers, or words that several share."""
    fits = [
        c for c in table.columns
        if c == USER or table[c].dtype.is_numeric() or table[c].dtype.is_temporal() or table[c].dtype == pl.Boolean
        or table[c].n_unique() <= max(20, table.height // 5)
    ]  # fmt: skip
    return table.select(fits)


__all__ = ["KEY", "side_tables_of"]
