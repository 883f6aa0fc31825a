"""One row a key from several: how many, what on average, the least, the most, the latest, the most frequent.

Plain statistics of groups, as in the common baselines for relational competitions (Home Credit, American Express).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import polars as pl

from podium.competition.columns import cast, learn_type
from podium.competition.relation import TIME_NAME

ID_LIKE = re.compile(
    r"(^|_)(id|ids|key|code|no|nr|nbr|number|uid|uuid|index|ref)(_|$)|[a-z](Id|ID|Key|Code|No)$|^(Id|ID|sk_id)", re.I
)
MANY_NAMES = 0.5  # of the number of keys: so many distinct ids name events, fewer are kinds of things
MOST_COLUMNS = 400  # a table gives, taken statistic by statistic
MOST_VALUES = 10_000  # distinct strings beyond which none is called the most frequent


def clean(series: pl.Series) -> pl.Series:
    """In its clean type: numbers, dates and booleans written as strings are read as such."""
    if series.dtype != pl.String:
        return series
    return cast(series, learn_type(series))


def aggregates(side: pl.DataFrame, key: Sequence[str], name: str) -> pl.DataFrame:
    """`key` columns, then `name.count` and `name.<column>_<statistic>`, at most MOST_COLUMNS; rows sorted by key."""
    keys = list(key)
    side = side.select(*keys, *(clean(side[c]) for c in side.columns if c not in keys))
    time = time_of(side, keys)
    side = side.sort([*keys, *([time] if time else [])], maintain_order=True)
    events = _names_of_events(side, keys)
    out = side.group_by(keys, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias(f"{name}.count"), *_statistics(side, keys, time, name, events)
    )
    columns = [c for c in side.columns if c not in (*keys, *events) and side[c].dtype == pl.String]
    for column in columns[: max(0, MOST_COLUMNS - out.width)]:
        if 1 < side[column].n_unique() <= MOST_VALUES:
            out = out.join(_most_frequent(side, keys, column, name), on=keys, how="left", maintain_order="left")
    return out


def time_of(side: pl.DataFrame, keys: Sequence[str]) -> str | None:
    """The column that orders a key's rows: a date, else a number named like a time."""
    columns = [c for c in side.columns if c not in keys]
    dates = [c for c in columns if side[c].dtype.is_temporal()]
    named = [c for c in columns if side[c].dtype.is_numeric() and TIME_NAME.search(c)]
    return next(iter((*dates, *named)), None)


def _names_of_events(side: pl.DataFrame, keys: Sequence[str]) -> list[str]:
    """Columns of ids that name rows of this table or of another (a loan, an order): their order and size mean nothing."""
    n_keys = side.select(keys).n_unique()
    return [
        c for c in side.columns
        if c not in keys and ID_LIKE.search(c) and (side[c].dtype.is_integer() or side[c].dtype == pl.String)
        and side[c].n_unique() > max(1.0, MANY_NAMES * n_keys)
    ]  # fmt: skip


def _statistics(
    side: pl.DataFrame, keys: Sequence[str], time: str | None, name: str, events: Collection[str]
) -> list[pl.Expr]:
    """Statistic by statistic over all columns, so that a wide table loses its lesser ones. Of `events`, how many."""
    columns = [c for c in side.columns if c not in (*keys, *events) and not side[c].dtype.is_nested()]
    numbers = [c for c in columns if side[c].dtype.is_numeric() or side[c].dtype == pl.Boolean]
    ordered = [c for c in columns if side[c].dtype.is_temporal() or c in numbers]
    strings = [c for c in columns if side[c].dtype == pl.String]
    plans = [(c, "mean", pl.col(c).cast(pl.Float64).mean()) for c in numbers]
    if time:
        plans += [(c, "last", pl.col(c).drop_nulls().last()) for c in columns]
    counted = [*strings, *(c for c in events if side[c].n_unique() < side.height)]
    plans += [(c, "n_unique", pl.col(c).drop_nulls().n_unique().cast(pl.Int64)) for c in counted]
    plans += [(c, "max", pl.col(c).max()) for c in ordered]
    plans += [(c, "min", pl.col(c).min()) for c in ordered]
    return [made.alias(f"{name}.{c}_{statistic}") for c, statistic, made in plans[: MOST_COLUMNS - 1]]


def _most_frequent(side: pl.DataFrame, keys: Sequence[str], column: str, name: str) -> pl.DataFrame:
    """The value most rows of a key have; of equals, the first in the alphabet."""
    counted = side.drop_nulls(column).group_by([*keys, column]).len()
    first = counted.sort([*keys, "len", column], descending=[*[False] * len(keys), True, False]).unique(
        keys, keep="first", maintain_order=True
    )
    return first.select(*keys, pl.col(column).alias(f"{name}.{column}_mode"))
