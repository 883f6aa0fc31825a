"""Rows that belong together: groups that never cross from train to test, copies, and groups whose last rows are test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from podium.competition import relation
from podium.competition.source import Source
from podium.competition.timeline import Timing, clock, is_date
from podium.records import Evidence

LEAST_GROUPS = 20
KNOWN = 0.9  # of test's rows whose group is in train, for test to be what comes last in each
LAST = 0.95  # of those rows that come after all of their group's in train
FEW_ROWS = 3.0  # mean rows a group of train, below which "the last" says nothing


@dataclass(frozen=True)
class FoundGroup:
    column: str
    evidence: Evidence


@dataclass(frozen=True)
class FoundLast:
    """Test holds the last rows of each group: about `n_last` of them."""

    column: str
    n_last: int
    folds: int  # so many steps back the groups are long enough for
    evidence: Evidence


def find_apart(
    source: Source, features: list[str], id_column: str | None, timing: Timing | None = None
) -> FoundGroup | None:
    """A column whose values stay apart: test has other ones than train, where chance would have mixed them. Times are no
    groups, but where test holds other days, scattered, one day's rows stay together."""
    keys = _parts_of_ids(source, id_column)
    if keys is not None and id_column is not None:
        found = _apart(*keys)
        if found:
            return FoundGroup(id_column, Evidence(id_column, f"the first part of {id_column} {found}", 0.95))
    for column in _candidates(source, features):
        found = _apart(source.train[column], source.test[column])
        if found:
            return FoundGroup(column, Evidence(column, f"{column} {found}", 0.9))
    if timing is None or timing.later or timing.run or timing.column not in source.test.columns:
        return None
    found = _apart(source.train[timing.column], source.test[timing.column])
    return FoundGroup(timing.column, Evidence(timing.column, f"{timing.column} {found}", 0.9)) if found else None


def _candidates(source: Source, features: list[str]) -> list[str]:
    dtypes = {column: source.train[column].dtype for column in features if not relation.TIME_NAME.search(column)}
    return [c for c, d in dtypes.items() if d.is_integer() or (d == pl.String and not is_date(source.train[c]))]


def _apart(train: pl.Series, test: pl.Series) -> str:
    if train.n_unique() < LEAST_GROUPS or len(test) < 20:
        return ""
    seen = relation.overlap(*_alike(train, test))
    if not seen.apart:
        return ""
    shares = f"{seen.observed:.0%} of test's values are in train, chance would give {seen.expected:.0%}"
    return f"groups rows that stay together: {shares}"


def _parts_of_ids(source: Source, id_column: str | None) -> tuple[pl.Series, pl.Series] | None:
    """The part of structured ids that rows share, of train and of test."""
    if not id_column or id_column not in source.train.columns or id_column not in source.test.columns:
        return None
    both = relation.group_key(pl.concat([frame[id_column].cast(pl.String) for frame in (source.train, source.test)]))
    return None if both is None else (both.head(source.train.height), both.tail(source.test.height))


def _alike(train: pl.Series, test: pl.Series) -> tuple[pl.Series, pl.Series]:
    return (train, test) if train.dtype == test.dtype else (train.cast(pl.String), test.cast(pl.String))


def straddles(source: Source, features: list[str], id_column: str | None) -> Evidence | None:
    """Groups that lie in train and test alike, in structured ids or the column of strings with the most of them: rows of
    one group help each other, and folds need not keep them whole."""
    keys = _parts_of_ids(source, id_column)
    if keys is not None and id_column is not None and not is_date(source.train[id_column]):
        return _on_both_sides(id_column, *keys)
    sizes = {c: source.train[c].n_unique() for c in _candidates(source, features) if source.train[c].dtype == pl.String}
    repeated = {c: n for c, n in sizes.items() if LEAST_GROUPS <= n <= source.train.height / FEW_ROWS}
    if not repeated:
        return None
    column = max(repeated, key=lambda name: repeated[name])
    return _on_both_sides(column, *_alike(source.train[column], source.test[column]))


def _on_both_sides(column: str, train: pl.Series, test: pl.Series) -> Evidence:
    seen = relation.overlap(train, test)
    shares = f"{seen.observed:.0%} of test rows share one with train, chance would give {seen.expected:.0%}"
    return Evidence(column, f"groups in {column} lie on both sides: {shares}", 0.95)


def find_copies(source: Source, features: list[str]) -> Evidence | None:
    """Rows of equal features that train holds several times and test never shares: each set of copies is one fold's."""
    same = [c for c in features if source.train[c].dtype == source.test[c].dtype]
    if len(same) < max(2, 0.8 * len(features)):
        return None
    train, test = (relation.hash_rows(frame, same) for frame in (source.train, source.test))
    seen = relation.overlap(train, test)
    if seen.expected * len(test) < 10 or seen.observed > relation.ALONE * seen.expected:
        return None
    shares = f"{seen.observed:.1%} of test rows equal a train row, chance would give {seen.expected:.1%}"
    return Evidence("copies", f"copies of one row never lie in both: {shares}", 0.85)


def find_last(source: Source, features: list[str], timing: Timing | None, folds: int) -> FoundLast | None:
    """The column of whose groups (users, series) test holds the last rows, by a time; None where there is none."""
    if timing is None or timing.later or timing.column not in source.test.columns:
        return None
    times = [clock(frame[timing.column]) for frame in (source.train, source.test)]
    if times[0] is None or times[1] is None:
        return None
    best: FoundLast | None = None
    most = 0
    for column in _candidates(source, features):
        n_groups = source.train[column].n_unique()
        if column == timing.column or not max(LEAST_GROUPS, most) < n_groups <= source.train.height / FEW_ROWS:
            continue
        train, test = _alike(source.train[column], source.test[column])
        found = measure_last(column, timing.column, train, times[0], test, times[1], folds)
        if found is not None:
            best, most = found, n_groups
    return best


def measure_last(
    column: str, time: str, train: pl.Series, train_times: relation.Floats, test: pl.Series,
    test_times: relation.Floats, folds: int,
) -> FoundLast | None:  # fmt: skip
    """Whether test's rows come after their own group's in train, where a random cut would have mixed them."""
    past = pl.DataFrame({"group": train, "time": train_times}).group_by("group").agg(pl.col("time").max(), pl.len())
    rows = pl.DataFrame({"group": test, "now": test_times}).join(past, on="group", how="left")
    known = rows.drop_nulls("len")
    if not known.height or known.height < KNOWN * rows.height:
        return None
    after = float((known["now"] >= known["time"]).mean() or 0.0)  # type: ignore[arg-type]
    chance = float((1.0 / (known["len"] + 1)).mean() or 0.0)  # type: ignore[arg-type]
    if after < LAST or chance > 0.5 * after:
        return None
    counts = known.group_by("group").agg(pl.len().alias("tested"), pl.col("len").first())
    n_last, steps = _steps(counts["tested"].to_numpy(), past["len"].to_numpy(), folds)
    share = f"{after:.0%} of test rows come after all of their {column}'s in train, chance would give {chance:.0%}"
    why = f"by {time}, {share}: each fold holds {n_last} rows of each {column}, the last first"
    return FoundLast(column, n_last, steps, Evidence(column, why, 0.9))


def _steps(tested: relation.Ints, trained: relation.Ints, folds: int) -> tuple[int, int]:
    """(rows a fold takes from a group, folds): as many as test takes, fewer where groups are too short for two folds."""
    long = float(np.median(trained)) - 1.0
    n_last = int(np.clip(np.median(tested), 1, max(1.0, long / 2)))
    return n_last, int(np.clip(long // n_last, 2, folds))
