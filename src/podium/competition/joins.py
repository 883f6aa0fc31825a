"""Side tables joined to train and test by a key they share: many-to-one as columns, one-to-many as aggregates.

What is joined is made of the side table alone: no label, no split, no order of rows enters. Which key is chosen rests on the
key columns of train and test and nothing else of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from podium.competition import relation
from podium.competition.aggregate import ID_LIKE, aggregates, clean
from podium.competition.columns import learn_type
from podium.errors import IntakeError

LEAST_COVERED = 0.02  # of train's rows have a row in the side table, or it is not joined
TYPED_BY = 2_000  # values that tell whether a column holds dates
BY_CHANCE = 0.5  # a key that is not named like one must cover at least so much
LOPSIDED = 0.5  # test covered less than this share of what train is: a table of train alone
MANY = 20  # different strings that are names of something


@dataclass(frozen=True)
class Join:
    """How a side table joins. `columns`: of the joined table, as train and test have them."""

    table: str
    refs: tuple[str, ...]
    key: tuple[str, ...]
    several: bool  # rows of one key, hence aggregates
    columns: tuple[str, ...]
    covered_train: float  # share of rows that have a row there
    covered_test: float

    def describe(self) -> str:
        how = "several rows a key, aggregated" if self.several else "one row a key"
        return (
            f"{' and '.join(self.refs)} joined by {', '.join(self.key)} ({how}): {len(self.columns)} columns "
            f"{self.table}.*; covers {self.covered_train:.1%} of train's rows and {self.covered_test:.1%} of test's"
        )


@dataclass(frozen=True)
class Joined:
    """`frame`: one row a key, the key columns first. None where the table is not joined, and `why`."""

    join: Join | None
    frame: pl.DataFrame
    why: str = ""


def find_join(
    name: str,
    refs: tuple[str, ...],
    side: pl.DataFrame,
    train: pl.DataFrame,
    test: pl.DataFrame,
    forbidden: Collection[str],
) -> Joined:
    """The side table reduced to one row a key. `train` and `test` are looked at in their key columns alone;
    `forbidden`: columns that may be answers, a table that holds one is left alone."""
    held = [c for c in side.columns if c in forbidden]
    if held:
        return _left(side, f"holds {held[0]!r}, which train has and test lacks")
    shared = [c for c in side.columns if c in train.columns and c in test.columns]
    if not shared:
        return _left(side, "shares no column with train and test")
    key = _key(side, shared, train, test)
    if not key:
        return _left(side, f"names no rows of train and test by {', '.join(shared[:6])}")
    side = with_key_like(side, key, train)
    share = [covered(side, key, frame) for frame in (train, test)]
    lopsided = share[1] < LOPSIDED * share[0] or share[0] < LOPSIDED * share[1]
    if lopsided and not _is_calendar(side, key, train, test):
        only = "train" if share[0] > share[1] else "test"
        return _left(
            side, f"covers {share[0]:.1%} of train's rows and {share[1]:.1%} of test's: of {only} alone, no feature"
        )
    several = side.select(key).is_duplicated().any()
    table = aggregates(side, key, name) if several else _plain(side, key, name)
    if table.width == len(key):
        return _left(side, "holds nothing but its key")
    join = Join(name, refs, key, several, tuple(table.columns[len(key) :]), round(share[0], 4), round(share[1], 4))
    return Joined(join, table)


def add(frame: pl.DataFrame, join: Join, table: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the joined columns, its rows and their order as they were. Raises IntakeError without the key."""
    lost = [c for c in join.key if c not in frame.columns]
    if lost:
        raise IntakeError(
            f"new rows lack column {lost[0]!r}",
            expected=f"the key by which {join.table} is joined",
            found=", ".join(frame.columns[:12]),
            remedy="add it, or the joined columns",
        )
    names = list(join.key)
    keys = frame.select(_as(frame, table, c) for c in names)
    out = keys.join(table, on=names, how="left", maintain_order="left", nulls_equal=False)
    if join.several and f"{join.table}.count" in join.columns:
        out = out.with_columns(pl.col(f"{join.table}.count").fill_null(0))
    return frame.with_columns(out.get_columns()[len(names) :])


def with_key_like(side: pl.DataFrame, key: Sequence[str], train: pl.DataFrame) -> pl.DataFrame:
    """Key columns in train's type (numbers as numbers, else as spelled); rows without a key are left out."""
    typed = side.with_columns(_like(side[c], train[c].dtype).alias(c) for c in key)
    return typed.drop_nulls(list(key))


def covered(side: pl.DataFrame, key: Sequence[str], frame: pl.DataFrame) -> float:
    """Share of the frame's rows whose key is in the side table."""
    if not frame.height:
        return 0.0
    keys = side.select(key).unique()
    rows = frame.select(_like(frame[c], side[c].dtype).alias(c) for c in key)
    return rows.join(keys, on=list(key), how="semi").height / frame.height


# ---------------------------------------------------------------- which key


def _key(side: pl.DataFrame, shared: Sequence[str], train: pl.DataFrame, test: pl.DataFrame) -> tuple[str, ...]:
    """A column of which the side table has one row a value; else the columns that do together; else the finest id."""
    fits: dict[str, float] = {}
    for name in shared:
        typed = with_key_like(side, (name,), train)
        share = max(covered(typed, (name,), frame) for frame in (train, test))
        if share >= (LEAST_COVERED if ID_LIKE.search(name) else BY_CHANCE):
            fits[name] = share
    days = [] if fits else [name for name in shared if _is_day(train[name])]
    fits = fits or {c: share for c in days if (share := covered(with_key_like(side, (c,), train), (c,), train))}
    fits = {c: share for c, share in fits.items() if share >= LEAST_COVERED}
    if not fits:
        return ()
    single = [c for c in fits if side[c].n_unique() == side.height - side[c].null_count() > 1]
    if single:
        return (max(single, key=lambda c: (bool(ID_LIKE.search(c)), fits[c])),)
    if len(shared) > 1 and not side.select(shared).is_duplicated().any():
        together = with_key_like(side, shared, train)
        if max(covered(together, shared, frame) for frame in (train, test)) >= LEAST_COVERED:
            return tuple(shared)
    ids = [c for c in fits if side[c].n_unique() > 1 and (ID_LIKE.search(c) or c in days or _names(train[c]))]
    return (max(ids, key=lambda c: side[c].n_unique()),) if ids else ()


def _is_day(column: pl.Series) -> bool:
    """A date. A table of some days (holidays, promotions) covers few rows by its nature."""
    return column.dtype.is_temporal() or (
        column.dtype == pl.String and learn_type(column.head(TYPED_BY)).cast == "datetime"
    )


def _is_calendar(side: pl.DataFrame, key: Sequence[str], train: pl.DataFrame, test: pl.DataFrame) -> bool:
    """Keyed by days, from train's on as far as test's last: known ahead, however many of its days lie in either."""
    if len(key) != 1 or not _is_day(train[key[0]]):
        return False
    times = [relation.as_time(frame[key[0]].drop_nulls()) for frame in (side, train, test)]
    if any(t is None or not len(t) or not np.isfinite(t).any() for t in times):
        return False
    days, past, ahead = (t[np.isfinite(t)] for t in times if t is not None)
    return bool(days.min() <= past.max() and days.max() >= ahead.max())


def _names(column: pl.Series) -> bool:
    """Many different strings, or a value for most rows: it names something, whatever it is called."""
    unique = column.n_unique()
    return not column.dtype.is_float() and (
        unique > 0.5 * len(column) or (column.dtype == pl.String and unique >= MANY)
    )


def _like(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if series.dtype == dtype:
        return series
    if dtype.is_numeric() and (series.dtype.is_numeric() or series.dtype == pl.String):
        return series.cast(dtype, strict=False)
    return series.cast(pl.String, strict=False)


def _as(frame: pl.DataFrame, table: pl.DataFrame, name: str) -> pl.Series:
    return _like(frame[name], table[name].dtype).alias(name)


def _plain(side: pl.DataFrame, key: Sequence[str], name: str) -> pl.DataFrame:
    columns = [c for c in side.columns if c not in key]
    return side.select(*key, *(clean(side[c]).alias(f"{name}.{c}") for c in columns))


def _left(side: pl.DataFrame, why: str) -> Joined:
    return Joined(None, side, why)
