"""A table of labels beside train's features: joined by the id they share, or row by row where they share none.

Where train has several rows an id and the labels one, the unit that is predicted is the id: the labels are train, the
ids of test are test, and the rows are a side table to be aggregated.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from podium.competition.aggregate import ID_LIKE
from podium.competition.folder import TableFiles
from podium.competition.joins import covered, with_key_like

COVERED = 0.9  # of train's rows have a label, or the table of labels is another one


@dataclass(frozen=True)
class Labelled:
    train: pl.DataFrame
    test: pl.DataFrame
    rows: pl.DataFrame | None  # of train and test, where a unit has several
    notice: str


def join_labels(
    files: TableFiles, train: pl.DataFrame, test: pl.DataFrame, sample: pl.DataFrame | None, labels: pl.DataFrame
) -> Labelled:
    """Train with its labels. A table that fits neither by key nor by rows is left alone, and the notice says so."""
    new = [c for c in labels.columns if c not in train.columns]
    shared = [c for c in labels.columns if c in train.columns]
    if not new:
        return Labelled(train, test, None, f"{files.labels} is not joined: it holds no column that {files.train} lacks")
    if not shared:
        if labels.height != train.height:
            why = f"{labels.height:,} rows, {train.height:,} in {files.train}, and no column of both"
            return Labelled(train, test, None, f"{files.labels} is not joined: {why}")
        return Labelled(train.hstack(labels), test, None, f"{files.labels} joined to {files.train} row by row")
    for key in sorted(shared, key=lambda c: not ID_LIKE.search(c)):
        if labels[key].n_unique() < labels.height:
            continue
        typed = with_key_like(labels.select(key, *new), (key,), train)
        share = covered(typed, (key,), train)
        if share < COVERED:
            continue
        if train[key].n_unique() < train.height and key in test.columns:
            return _by_unit(files, train, test, sample, labels.select(key, *new), key)
        out = train.join(typed, on=key, how="left", maintain_order="left")
        return Labelled(
            out, test, None, f"{files.labels} joined to {files.train} by {key}: labels of {share:.1%} of its rows"
        )
    why = f"no column of both ({', '.join(shared[:6])}) has one row a value and covers {files.train}"
    return Labelled(train, test, None, f"{files.labels} is not joined: {why}")


def _by_unit(
    files: TableFiles,
    train: pl.DataFrame,
    test: pl.DataFrame,
    sample: pl.DataFrame | None,
    labels: pl.DataFrame,
    key: str,
) -> Labelled:
    common = [c for c in train.columns if c in test.columns]
    rows = pl.concat([train.select(common), test.select(common)], how="vertical_relaxed")
    asked = (
        sample.select(key)
        if sample is not None and key in sample.columns
        else test.select(key).unique(maintain_order=True)
    )
    mean = train.height / max(1, labels.height)
    notice = f"{files.labels} has one row a {key}, {files.train} {mean:.1f}: the unit is the {key}"
    return Labelled(labels, asked.cast(pl.String), rows, notice)
