"""A table from elsewhere, held against the dealt data: rows to train on, or a side table; what test knows is left out.

Rows that hold train's columns and its labels become training rows. Dropped are rows whose label is missing or unknown, and
rows that equal, or nearly equal, a row of the competition's own: of test, since it would give its answer away, and of train,
since it may be held out of a fold or lie in the vault. Any other table is kept for solutions to look things up in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import new_rows, relation
from podium.competition.aggregate import clean
from podium.competition.audit.near import near_rows
from podium.competition.columns import cast
from podium.competition.dataset import Dataset
from podium.competition.units import TRUTH
from podium.errors import IntakeError

MOST = 3  # times as many rows as train has: beyond that they drown it, and no estimate of cost holds
SAME = 0.5  # share of the features that a table must have in common with a row for it to be told as the same
Mask = NDArray[np.bool_]


class Told:
    """Which rows are left, and why the others are not. `kept` `(n,)`, from the first `drop` on."""

    def __init__(self) -> None:
        self.kept: Mask = np.empty(0, dtype=bool)
        self.lines: list[str] = []

    def drop(self, why: str, mask: Mask) -> None:
        """Rows that were dropped before are not counted again."""
        before = self.kept if len(self.kept) else np.ones(len(mask), dtype=bool)
        lost = int((mask & before).sum())
        self.kept = before & ~mask
        self.lines += [f"{lost} rows: {why}"] if lost else []

    @property
    def dropped(self) -> int:
        return int((~self.kept).sum())

    @property
    def message(self) -> str:
        return "; ".join(self.lines)


@dataclass(frozen=True)
class Taken:
    """`features`, `labels`: aligned training rows, in the dealt columns; or `table`. `message`: what was left out, and why."""

    features: pl.DataFrame
    labels: pl.DataFrame
    table: pl.DataFrame | None
    dropped: int
    message: str

    @property
    def rows(self) -> int:
        return self.features.height if self.table is None else self.table.height


def take(frame: pl.DataFrame, dataset: Dataset) -> Taken:
    """What may be used of `frame`. Nothing of it is scored, and none of it is in the vault."""
    obstacle = _no_rows(frame, dataset)
    if obstacle:
        return _side_table(frame, dataset, obstacle)
    try:
        fitted = new_rows.fitted(dataset.folder, frame, dataset.types, dataset.joins)
    except IntakeError as problem:
        return _side_table(frame, dataset, str(problem).split(";")[0])
    labels, labelled = labels_of(frame, dataset)
    told = Told()
    told.drop("no label of train's", ~labelled)
    for why, mask in _overlaps(fitted, dataset):
        told.drop(why, mask)
    told.drop(f"more than {MOST} times train", beyond(labelled, dataset))
    chosen = pl.Series(told.kept)
    return Taken(fitted.filter(chosen), labels.filter(chosen), None, told.dropped, told.message)


def _no_rows(frame: pl.DataFrame, dataset: Dataset) -> str:
    """Why the table cannot be training rows, before its columns are looked at; "" where it may."""
    asked = dataset.competition
    if asked.looks_forward:
        return "where folds look forward a row from elsewhere has no place in time"
    if dataset.labels(dataset.train[:1]).columns == [TRUTH] or any(kind.source == "file" for kind in dataset.types):
        return "rows with files, masks, boxes or lists are not joined"
    missing = [name for name in asked.target_columns if name not in frame.columns]
    return f"it has no column {missing[0]!r}" if missing else ""


def labels_of(frame: pl.DataFrame, dataset: Dataset) -> tuple[pl.DataFrame, Mask]:
    """Targets and label-side columns as the dealt data hold them, and which rows have a label that train knows."""
    asked, like = dataset.competition, dataset.labels(dataset.train[:1])
    columns, known = [], np.ones(frame.height, dtype=bool)
    for name in asked.target_columns:
        text = frame[name].cast(pl.String).str.strip_chars()
        if asked.classes and like[name].dtype == pl.String:
            columns.append(text.alias(name))
            known &= text.is_in(list(asked.classes)).fill_null(False).to_numpy()
        else:
            numbers = text.cast(pl.Float64, strict=False)
            columns.append(numbers.alias(name))
            known &= numbers.is_finite().fill_null(False).to_numpy()
    for held in dataset.label_side(dataset.train[:1]).get_columns():
        given = frame[held.name] if held.name in frame.columns else pl.Series(held.name, [None] * frame.height)
        columns.append(given.cast(held.dtype, strict=False).alias(held.name))
    return pl.DataFrame(columns), known


def _overlaps(fitted: pl.DataFrame, dataset: Dataset) -> list[tuple[str, Mask]]:
    """(why, which rows), for rows that are the competition's own: equal by hash, then nearly equal in every number."""
    own, names = dataset.frame(), fitted.columns
    ours, theirs = _hashes(own, names), _hashes(fitted, names)
    numeric = [c.name for c in dataset.columns if c.kind == "numeric"]
    near = near_rows(fitted, own, numeric, np.random.default_rng([dataset.seed, 6]))
    sides = (("test", dataset.test), ("train", np.concatenate([dataset.train, dataset.vault])))
    equal = [(f"equal to a {what} row", theirs.is_in(ours[rows].implode()).to_numpy()) for what, rows in sides]
    return [*equal, *((f"nearly equal to a {what} row", np.isin(near, rows)) for what, rows in sides)]


def beyond(labelled: Mask, dataset: Dataset) -> Mask:
    """Rows drawn out by the seed, where there are too many."""
    most, out = MOST * len(dataset.train), np.zeros(len(labelled), dtype=bool)
    rows = np.flatnonzero(labelled)
    if len(rows) > most:
        out[np.random.default_rng([dataset.seed, 7]).permutation(rows)[most:]] = True
    return out


def _side_table(frame: pl.DataFrame, dataset: Dataset, why: str) -> Taken:
    """The table without rows that are the competition's own, where it has enough of their columns to tell."""
    key = dataset.competition.id_column
    frame = pl.DataFrame([series if series.name == key else clean(series) for series in frame])
    own = dataset.frame()
    features = [kind for kind in dataset.types if kind.name in frame.columns and kind.source != "file"]
    names, equal = [kind.name for kind in features], np.zeros(frame.height, dtype=bool)
    if names and len(names) >= SAME * len(dataset.types):
        alike = pl.DataFrame([cast(frame[kind.name], kind).alias(kind.name) for kind in features])
        equal = _hashes(alike, names).is_in(_hashes(own, names).implode()).to_numpy()
    left = f"; {int(equal.sum())} rows: equal to a train or test row" if equal.any() else ""
    kept = _blinded(frame.filter(pl.Series(~equal)), dataset)
    empty = pl.DataFrame()
    return Taken(empty, empty, kept, frame.height - kept.height, f"no training rows: {why}{left}")


def _blinded(frame: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Where the table has the competition's ids, their row numbers in their place, and no row of test beside a target."""
    key, every = dataset.competition.id_column, np.arange(dataset.n_rows)
    ids = dataset.ids(every)
    if key is None or key not in frame.columns or ids is None:
        return frame
    answers = any(name in frame.columns for name in dataset.competition.target_columns)
    told = np.isin(every, np.concatenate([dataset.test, dataset.train, dataset.vault]))
    rows = pl.DataFrame({key: ids, "#row": every}).filter(pl.Series(told)).drop_nulls().unique(key)
    text = frame.with_columns(pl.col(key).cast(pl.String))
    joined = text.join(rows, on=key, how="left", maintain_order="left")
    if not joined["#row"].null_count() < joined.height:
        return frame  # ids of its own
    if answers:
        return joined.filter(pl.col("#row").is_null()).drop("#row")
    return joined.filter(pl.col("#row").is_not_null()).with_columns(pl.col("#row").alias(key)).drop("#row")


def _hashes(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """One number a row; texts that differ in case and spacing alone are equal."""
    plain = [
        pl.col(name).str.strip_chars().str.to_lowercase().str.replace_all(r"\s+", " ")
        if frame[name].dtype == pl.String
        else pl.col(name)
        for name in names
    ]
    return relation.hash_rows(frame.select(plain), list(names))


__all__ = ["MOST", "Taken", "Told", "beyond", "labels_of", "take"]
