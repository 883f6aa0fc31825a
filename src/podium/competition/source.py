"""The tables of a competition as read: ids and labels as spelled, labels and side tables joined."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from podium.competition import joins, sampling
from podium.competition.aggregate import ID_LIKE
from podium.competition.folder import TableFiles
from podium.competition.joins import Joined
from podium.competition.labels_table import join_labels
from podium.competition.naming import neutral, role_of, stem_of
from podium.competition.table import Table, format_of, header, read_table
from podium.errors import IntakeError

__all__ = ["Side", "Source", "header", "read_source"]

INDEX_NAMES = ("", "Unnamed: 0")


@dataclass(frozen=True)
class Side:
    """A side table as read (a pair for train and test in one) and, where it is joined, how."""

    name: str
    refs: tuple[str, ...]
    frame: pl.DataFrame
    joined: Joined


@dataclass(frozen=True)
class Source:
    """`train`, `test`, `sample` (None where there is none). Id, train-only and sample columns are String."""

    train: pl.DataFrame
    test: pl.DataFrame
    sample: pl.DataFrame | None
    notices: tuple[str, ...]
    sides: tuple[Side, ...] = field(default=())
    one_in: int = 1  # of so many rows of train, one was read

    @property
    def aggregated(self) -> frozenset[str]:
        """Columns made of several rows of a side table: they describe a row, and never order or group it."""
        found = (side.joined.join for side in self.sides)
        return frozenset(c for join in found if join is not None and join.several for c in join.columns)

    @property
    def train_only(self) -> list[str]:
        """Columns that test lacks, in train's order."""
        return [c for c in self.train.columns if c not in self.test.columns]


def read_source(folder: Path, files: TableFiles, ids: Collection[str] = ()) -> Source:
    """Read and join the tables. Raises IntakeError naming the file at fault."""
    notices: list[str] = []
    sample: pl.DataFrame | None = None
    spelled = set(ids)
    if files.sample:
        sample = _read(folder, files.sample, notices, all_text=True)
        spelled |= set(sample.columns)
        if any(notice.endswith("commas in numbers") for notice in notices):
            notices.append("submission.csv will have commas between fields and points in numbers")
    heads = {ref: header(folder, ref) for ref in (files.train, files.test)}
    spelled |= set(heads[files.train]) - set(heads[files.test])
    labels = _read(folder, files.labels, notices, all_text=True) if files.labels else None
    if labels is not None:
        spelled |= set(labels.columns)
    one_in = files.one_in or sampling.one_in(folder / files.train, format_of(files.train) or "")
    if one_in > 1:
        notices.append(sampling.notice(files.train, one_in))
    train = _read(folder, files.train, notices, spelled, one_in=one_in)
    if files.test == files.sample and sample is not None:
        test = sample.select(sample.columns[:1])
    else:
        test = _without_empty_targets(_read(folder, files.test, notices, spelled), sample)
    train, test = _without_index(train, test)
    train, test = _whole_ids(train, test, sample, notices)
    answer = _empty_target(train, test) if labels is None else ""
    if answer:
        train = _read(folder, files.train, [], spelled | {answer}, one_in=one_in)  # labels as spelled
        train, test = _without_index(train, test.drop(answer))
        notices.append(f"{answer!r} is empty in {files.test}: read as left out, since train has it in every row")
    pairs: list[Side] = []
    if labels is not None:
        joined = join_labels(files, train, test, sample, labels)
        train, test = joined.train, joined.test
        notices.append(joined.notice)
        if joined.rows is not None:  # several rows a label: they are a side table of their own
            pairs.append(_side("rows", (files.train, files.test), joined.rows))
    source = Source(train, test, sample, tuple(notices), one_in=one_in)
    return _with_sides(folder, files.sides, source, pairs)


def _read(
    folder: Path,
    ref: str,
    notices: list[str],
    as_text: Collection[str] = (),
    *,
    all_text: bool = False,
    one_in: int = 1,
) -> pl.DataFrame:
    table: Table = read_table(folder, ref, as_text, all_text=all_text, one_in=one_in)
    notices.extend(table.notices)
    return table.frame


def _without_empty_targets(test: pl.DataFrame, sample: pl.DataFrame | None) -> pl.DataFrame:
    """Some hosts leave the target in test as an empty column."""
    asked = sample.columns[1:] if sample is not None else []
    return test.drop([c for c in asked if c in test.columns and test[c].null_count() == test.height])


def _whole_ids(
    train: pl.DataFrame, test: pl.DataFrame, sample: pl.DataFrame | None, notices: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ids that a data-frame library wrote as `300.0` and the sample submission has as `300`, as the latter."""
    name = sample.columns[0] if sample is not None else ""
    if sample is None or name not in test.columns or test[name].dtype != pl.String:
        return train, test
    floats = r"^-?\d+\.0+$"
    if not test[name].str.contains(floats).all() or sample[name].str.contains(".", literal=True).any():
        return train, test
    notices.append(
        f"ids are written like {test[name][0]} in test and like {sample[name][0]} in the sample: read as whole"
    )
    whole = (
        pl.when(pl.col(name).str.contains(floats)).then(pl.col(name).str.extract(r"^(-?\d+)")).otherwise(pl.col(name))
    )
    return (train.with_columns(whole.alias(name)) if name in train.columns else train), test.with_columns(
        whole.alias(name)
    )


def _empty_target(train: pl.DataFrame, test: pl.DataFrame) -> str:
    """Where test has every column of train, the one that it has empty and train has full is what is asked; else ""."""
    if any(c not in test.columns for c in train.columns):
        return ""
    empty = [c for c in train.columns if test[c].null_count() == test.height and not train[c].null_count()]
    return empty[0] if len(empty) == 1 else ""


def _without_index(train: pl.DataFrame, test: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A nameless running number that was left out of one table (it counts from 0 there) goes from the other too."""
    for name in INDEX_NAMES:
        if (name in train.columns) != (name in test.columns):
            train, test = train.drop(name, strict=False), test.drop(name, strict=False)
    return train, test


# ---------------------------------------------------------------- side tables


def _with_sides(folder: Path, refs: Sequence[str], source: Source, first: Sequence[Side]) -> Source:
    """Every side table that shares a key joined; why another is not, in the notices."""
    train, test, notices, sides = source.train, source.test, list(source.notices), []
    keys = (train, test)
    forbidden = {*source.train_only, *(source.sample.columns[1:] if source.sample is not None else ())} - set(
        test.columns
    )
    read = [*first, *_read_sides(folder, refs, [*test.columns], notices)]
    for side in _onto_each_other(read, keys, forbidden, notices):
        joined = joins.find_join(side.name, side.refs, side.frame, *keys, forbidden)
        if joined.join is None:
            notices.append(f"{' and '.join(side.refs)} is not joined: it {joined.why}")
        else:
            train, test = (joins.add(frame, joined.join, joined.frame) for frame in (train, test))
            notices.append(joined.join.describe())
        sides.append(replace(side, joined=joined))
    return replace(source, train=train, test=test, notices=tuple(notices), sides=tuple(sides))


def _onto_each_other(
    sides: Sequence[Side], keys: tuple[pl.DataFrame, pl.DataFrame], forbidden: set[str], notices: list[str]
) -> list[Side]:
    """A table that shares an id with another side table and nothing with train and test goes onto that one: balances of
    a loan onto loans of a customer."""
    train, test = keys
    direct = [s for s in sides if any(c in train.columns and c in test.columns for c in s.frame.columns)]
    out = {side.name: side for side in sides}
    for side in (s for s in sides if s not in direct):
        for onto in (out[s.name] for s in direct):
            if not any(c in onto.frame.columns and ID_LIKE.search(c) for c in side.frame.columns):
                continue
            joined = joins.find_join(side.name, side.refs, side.frame, onto.frame, onto.frame, forbidden)
            if joined.join is not None:
                frame = joins.add(onto.frame, joined.join, joined.frame)
                out[onto.name] = replace(onto, frame=frame, refs=(*onto.refs, *side.refs))
                del out[side.name]
                notices.append(f"{' and '.join(side.refs)} joined onto {onto.name} by {', '.join(joined.join.key)}")
                break
    return list(out.values())


def _read_sides(folder: Path, refs: Sequence[str], keys: Collection[str], notices: list[str]) -> list[Side]:
    """Tables in the order of their names; what cannot be read is left alone, with the reason."""
    grouped: dict[str, list[str]] = {}
    for ref in refs:
        split = role_of(ref) in ("train", "test")
        grouped.setdefault(neutral(ref) if split else ref, []).append(ref)
    out: list[Side] = []
    for group in grouped.values():
        try:
            tables = [read_table(folder, ref, keys) for ref in group]
        except IntakeError as problem:
            notices.append(f"{' and '.join(group)} is not joined: {problem}")
            continue
        frame = tables[0].frame if len(tables) == 1 else pl.concat([t.frame for t in tables], how="diagonal_relaxed")
        notices.extend(n for t in tables for n in t.notices)
        name = neutral(group[0]).rsplit("/", 1)[-1] if len(group) > 1 else stem_of(group[0])
        out.append(_side(_unused(name or "side", out), tuple(group), frame))
    return out


def _side(name: str, refs: tuple[str, ...], frame: pl.DataFrame) -> Side:
    return Side(name, refs, frame, Joined(None, frame))


def _unused(name: str, taken: Sequence[Side]) -> str:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", name)
    names = {side.name for side in taken}
    return name if name not in names else next(f"{name}_{n}" for n in range(2, 100) if f"{name}_{n}" not in names)
