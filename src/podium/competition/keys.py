"""Names of rows that are made of several columns: `store,date`, or `12_2020-01-01` for test's store and date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from podium.competition.source import Source

SEPARATORS = ("_", "-", "|", ":", " ", "")
MOST_PARTS = 8  # columns of test that may be parts
JOINT = "\x1f"  # between the parts of a joined key: a control character that no cell holds


def key_name(columns: Sequence[str]) -> str:
    """The name of a joined key."""
    return ",".join(columns)


def with_key(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """With a column `a,b` that joins several, where the frame has them all."""
    if len(columns) < 2 or not all(c in frame.columns for c in columns):
        return frame
    return frame.with_columns(
        pl.concat_str([pl.col(c).cast(pl.String) for c in columns], separator=JOINT).alias(key_name(columns))
    )


def keyed(source: Source, ids: Sequence[str]) -> Source:
    """With a column that joins several id columns, which the sample submission then has in place of them."""
    if len(ids) < 2:
        return source
    sample = source.sample
    if sample is not None:
        sample = with_key(sample, ids)
        key = key_name(ids)
        sample = sample.select(key, *(c for c in sample.columns if c not in (*ids, key)))
    return replace(source, train=with_key(source.train, ids), test=with_key(source.test, ids), sample=sample)


def split(keys: pl.Series, columns: Sequence[str]) -> list[pl.Series]:
    """The columns that a joined key was made of, as spelled."""
    parts = keys.cast(pl.String).str.split(JOINT)
    return [parts.list.get(at).alias(name) for at, name in enumerate(columns)]


def joined(ids: pl.Series, test: pl.DataFrame) -> tuple[str, ...]:
    """The columns of test whose cells, joined, are these ids in order; () where none are."""
    if len(ids) != test.height:
        return ()
    head, names = ids.head(200).cast(pl.String), test.columns[:MOST_PARTS]
    for first in names:
        for second in (c for c in names if c != first):
            for separator in SEPARATORS:
                made = test.head(200).select(pl.concat_str([first, second], separator=separator)).to_series()
                if (made == head).all():
                    return first, second
    return ()
