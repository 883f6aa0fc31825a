"""Which split reproduces the way test differs from train: the strategy, by measurement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import relation
from podium.competition.description import says_rows_are_in_time
from podium.competition.question import Question
from podium.competition.source import Source
from podium.competition.target import Target
from podium.errors import IntakeError
from podium.records import Evidence

STRATEGIES = {
    "kfold": "random",
    "stratified_kfold": "stratified",
    "group_kfold": "grouped",
    "stratified_group_kfold": "stratified_grouped",
    "time_series": "forward",
}
FOLDS = 5
MOST_TIMES = 4  # so many candidate columns of time are measured


@dataclass(frozen=True)
class Split:
    strategy: str
    group_column: str | None
    time_column: str | None
    folds: int
    evidence: dict[str, Evidence]


def find_split(
    source: Source, target: Target, question: Question, id_column: str | None, config: dict[str, Any], text: str
) -> Split:
    """Strategy, group and time column, each measured against test unless the config says. Raises IntakeError for a
    column or strategy that does not fit."""
    folds = int(config.get("cv_folds", FOLDS))
    features = [c for c in source.test.columns if c in source.train.columns and c != id_column]
    _check_asked(source, config)
    asked = STRATEGIES.get(str(config.get("cv_strategy", "")), str(config.get("cv_strategy", "")))
    time = _find_time(source, features, id_column, config, text)
    if asked == "forward" and time is None:
        raise IntakeError(
            "forward folds need a time", expected="`time_column`", remedy="set `time_column` in config.json"
        )
    if time is not None and (asked == "forward" or (time.later and asked == "")):
        return Split("forward", None, time.column, folds, {"time_column": time.evidence, "cv_strategy": time.evidence})
    shown = time.column if time is not None and (time.run or config.get("time_column")) else None
    if asked in ("", "grouped", "stratified_grouped"):
        plain = question.task_type in ("regression", "multilabel_classification")
        grouped = asked or ("grouped" if plain else "stratified_grouped")
        found = _find_grouped(source, features, id_column, config, time)
        if found is not None:
            strategy = "grouped" if found.column == shown and not asked else grouped
            return Split(strategy, found.column, shown, folds, found.evidence)
        if asked:
            raise IntakeError(
                "grouped folds need a group", expected="`group_column`", remedy="set `group_column` in config.json"
            )
        copies = _copies_stay_together(source, features)
        if copies is not None:
            return Split(grouped, None, shown, folds, {"cv_strategy": copies})
    why = "test rows come from among train's: no group or time sets them apart"
    evidence = Evidence(asked or "stratified", "config.json or a flag says so" if asked else why, 1.0 if asked else 0.9)
    return Split(asked or "stratified", None, shown, folds, {"cv_strategy": evidence})


def _check_asked(source: Source, config: dict[str, Any]) -> None:
    for key in ("group_column", "time_column"):
        if config.get(key) and config[key] not in source.train.columns:
            raise IntakeError(
                f"no {key} {config[key]!r} in train",
                expected=", ".join(source.train.columns[:20]),
                remedy=f"correct {key}",
            )


@dataclass(frozen=True)
class FoundGroup:
    column: str
    evidence: dict[str, Evidence]


def _find_grouped(
    source: Source, features: list[str], id_column: str | None, config: dict[str, Any], time: FoundTime | None
) -> FoundGroup | None:
    """The group asked for, else one whose values stay apart, else blocks of time where test comes in runs."""
    if config.get("group_column"):
        asked = Evidence(str(config["group_column"]), "config.json or a flag says so", 1.0)
        return FoundGroup(asked.value, {"group_column": asked, "cv_strategy": asked})
    group = _find_group(source, features, id_column)
    if group is not None:
        return FoundGroup(group.value, {"group_column": group, "cv_strategy": group})
    if time is not None and time.run:
        return FoundGroup(time.column, {"time_column": time.evidence, "cv_strategy": time.evidence})
    return None


def _copies_stay_together(source: Source, features: list[str]) -> Evidence | None:
    """Rows of equal features that train holds several times and test never shares: each set of copies is one fold's."""
    same = [c for c in features if source.train[c].dtype == source.test[c].dtype]
    if len(same) < max(2, 0.8 * len(features)):
        return None
    train, test = (relation.hash_rows(frame, same) for frame in (source.train, source.test))
    seen = relation.overlap(train, test)
    if seen.expected * len(test) < 10 or seen.observed > relation.ALONE * seen.expected:
        return None
    shares = f"{seen.observed:.1%} of test rows equal a train row, chance would give {seen.expected:.1%}"
    why = f"copies of one row never lie in both: {shares}"
    return Evidence("copies", why, 0.85)


@dataclass(frozen=True)
class FoundTime:
    column: str
    later: bool
    run: int  # distinct times in a row that only test has; 0 where rows interleave singly
    evidence: Evidence


def _find_time(
    source: Source, features: list[str], id_column: str | None, config: dict[str, Any], text: str
) -> FoundTime | None:
    asked = config.get("time_column")
    best: FoundTime | None = None
    for column in [asked] if asked else _time_candidates(source, features, id_column):
        found = _measure_time(source, column, bool(asked))
        if found and (best is None or (found.later, found.run) > (best.later, best.run)):
            best = found
    if best is not None and (best.later or best.run or asked):
        return best
    return _order_of_ids(source, features, id_column, text) or best


def _time_candidates(source: Source, features: list[str], id_column: str | None) -> list[str]:
    named = [c for c in features if relation.TIME_NAME.search(c) and source.train[c].n_unique() > 12]
    dates = [c for c in [id_column, *features] if c in source.train.columns and c and _is_date(source.train[c])]
    wide = [c for c in named if source.train[c].n_unique() > 0.01 * source.train.height or _is_year(source.train[c])]
    return list(dict.fromkeys([*dates, *wide]))[:MOST_TIMES]


def _is_date(series: pl.Series) -> bool:
    from podium.competition.columns import learn_type

    if series.dtype.is_temporal():
        return True
    return series.dtype == pl.String and learn_type(series.head(5000)).cast == "datetime"


def _is_year(series: pl.Series) -> bool:
    return series.dtype.is_numeric() and bool(series.is_between(1800, 2200).all())


def _measure_time(source: Source, column: str, asked: bool) -> FoundTime | None:
    if column not in source.test.columns:
        return FoundTime(column, False, 0, Evidence(column, "config.json or a flag says so", 1.0)) if asked else None
    train, test = relation.as_time(source.train[column]), relation.as_time(source.test[column])
    if train is None or test is None:
        if asked:
            raise IntakeError(
                f"time_column {column!r} holds no times", expected="dates or numbers", remedy="correct it"
            )
        return None
    order = relation.time_order(train, test)
    if order.later:
        why, sure = f"test's {column} lies after all of train's", 0.95
    elif order.run:
        why, sure = (
            f"test's {column} comes in runs of about {order.run} times between train's: folds are blocks of time",
            0.9,
        )
    else:
        why, sure = f"{column} of test lies among train's", 0.8
    return FoundTime(column, order.later, order.run, Evidence(column, why, 1.0 if asked else sure))


def _order_of_ids(source: Source, features: list[str], id_column: str | None, text: str) -> FoundTime | None:
    """Ids that number the rows in order of time: test's lie after train's, and a calendar column or a sentence says so."""
    if id_column is None or id_column not in source.train.columns:
        return None
    train, test = relation.numeric_ids(source.train[id_column]), relation.numeric_ids(source.test[id_column])
    if train is None or test is None or test.min() <= train.max():
        return None
    calendar = next(_calendar(source, features, train), None)
    sentence = says_rows_are_in_time(text)
    if calendar is None:
        return None
    said = f"; the description says: {sentence}" if sentence else ""
    why = f"test's {id_column} lies after train's, and {calendar} counts up along it: rows are in order of time{said}"
    return FoundTime(id_column, True, 0, Evidence(id_column, why, 0.95 if sentence else 0.8))


def _calendar(source: Source, features: list[str], ids: NDArray[np.float64]) -> Iterator[str]:
    order = np.argsort(ids, kind="stable")
    for column in features:
        if not (relation.TIME_NAME.search(column) and source.train[column].dtype.is_numeric()):
            continue
        if relation.counts_up(source.train[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()[order]):
            yield column


def _find_group(source: Source, features: list[str], id_column: str | None) -> Evidence | None:
    """A column whose values stay apart: test has other ones than train, where chance would have mixed them."""
    if id_column and id_column in source.train.columns:
        keys = [relation.group_key(frame[id_column]) for frame in (source.train, source.test)]
        if keys[0] is not None and keys[1] is not None:
            found = _apart(keys[0], keys[1])
            if found:
                return Evidence(id_column, f"the first part of {id_column} {found}", 0.95)
    for column in features:
        dtype = source.train[column].dtype
        if (dtype == pl.String or dtype.is_integer()) and not relation.TIME_NAME.search(column):
            found = _apart(source.train[column], source.test[column])
            if found:
                return Evidence(column, f"{column} {found}", 0.9)
    return None


def _apart(train: pl.Series, test: pl.Series) -> str:
    if train.n_unique() < 4 * FOLDS or len(test) < 20:
        return ""
    if train.dtype != test.dtype:
        train, test = train.cast(pl.String), test.cast(pl.String)
    seen = relation.overlap(train, test)
    if not seen.apart:
        return ""
    shares = f"{seen.observed:.0%} of test's values are in train, chance would give {seen.expected:.0%}"
    return f"groups rows that stay together: {shares}"
