"""When rows happened: a column as times, and how test's times lie to train's (later, in runs between, scattered)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import relation
from podium.competition.columns import learn_type
from podium.competition.description import says_rows_are_in_time
from podium.competition.source import Source
from podium.errors import IntakeError
from podium.records import Evidence

MOST_TIMES = 4  # so many candidate columns of time are measured
DAY_S = 86_400.0
TYPED_BY = 5_000  # values that tell whether a column holds dates
Floats = NDArray[np.float64]
EPOCH_S, EPOCH_MS = 3e8, 1e11  # from which numbers are seconds, or milliseconds, since 1970


@dataclass(frozen=True)
class Timing:
    """How test's times lie to train's. Lengths in days for dates, else in the column's unit.

    `later`: test comes after all of train. `run`: distinct times in a row that only test has, 0 where rows interleave
    singly. `gap`: time left out between train and test beyond the usual step. `horizon`: how long test lasts where it is
    later. `unit`: "days" or "".
    """

    column: str
    later: bool
    run: int
    gap: float
    horizon: float
    unit: str
    evidence: Evidence


# ---------------------------------------------------------------- a column as times


def clock(series: pl.Series) -> Floats | None:
    """Days for dates, the number itself otherwise, NaN where unknown; None where the column tells no time."""
    times = relation.as_time(series)
    return times / DAY_S if times is not None and is_date(series) else times


def is_date(series: pl.Series) -> bool:
    if series.dtype.is_temporal():
        return True
    return series.dtype == pl.String and learn_type(series.head(TYPED_BY)).cast == "datetime"


def clock_or_number(series: pl.Series) -> Floats:
    """As `clock`; ids that number the rows count too. Raises IntakeError where the column tells no time."""
    times = clock(series)
    if times is None or not np.isfinite(times).any():
        times = relation.numeric_ids(series)
    if times is None:
        raise IntakeError(
            f"time column {series.name!r} holds no times", expected="dates or numbers", remedy="correct `time_column`"
        )
    return np.where(np.isfinite(times), times, np.nanmin(times))


def days(series: pl.Series) -> Floats:
    """Times in days where they are dates or count seconds or milliseconds since 1970, else in their own unit."""
    times = clock_or_number(series)
    if not series.dtype.is_numeric():
        return times
    middle = float(np.median(times))
    return times / (86_400_000.0 if middle > EPOCH_MS else 86_400.0 if middle > EPOCH_S else 1.0)


def blocks(times: Floats, n_train: int, length: float, count: int) -> NDArray[np.int64]:
    """Blocks of consecutive times, numbered in time: `length` long where given; else of train's times alone, cut so that
    a block lies as far from the rest of train as test's runs do; else `count` blocks of equally many times.

    Rows from `n_train` on are test's. A block beside a run of test has train on one side only, so it is half as long.
    """
    if length > 0:
        return np.asarray((times - times.min()) // length, dtype=np.int64)
    values, index = np.unique(times, return_inverse=True)
    run = relation.time_order(times[:n_train], times[n_train:]).run
    if not run:
        return (index // max(1, len(values) // count)).astype(np.int64)
    trained = np.bincount(index[:n_train], minlength=len(values)) > 0
    starts = np.flatnonzero(np.diff(trained, prepend=not trained[0]))
    cuts = np.zeros(len(values), dtype=np.int64)
    for low, high in itertools.pairwise([*starts.tolist(), len(values)]):
        cuts[low] = 1
        if trained[low]:
            cuts[[low + place for place in _pieces(high - low, run)]] = 1
    return (np.cumsum(cuts) - 1)[index].astype(np.int64)


def _pieces(times: int, run: int) -> list[int]:
    """Where to cut a stretch of `times` between two runs of test: half a run at each end, runs in the middle."""
    edge = min(run // 2, times // 2)
    if edge < 1:
        return []
    inner = times - 2 * edge
    middles = max(1, round(inner / run)) if inner else 0
    return [edge + inner * k // middles for k in range(middles)] + [times - edge] if middles else [edge]


# ---------------------------------------------------------------- which column, and what it shows


def find_timing(
    source: Source, features: list[str], id_column: str | None, config: dict[str, Any], text: str
) -> Timing | None:
    """The column asked for, else the one that sets test apart, else any that tells time; None without one."""
    asked = config.get("time_column")
    best: Timing | None = None
    for column in [asked] if asked else _candidates(source, features, id_column):
        found = _measure_column(source, column, bool(asked))
        if found and (best is None or (found.later, found.run) > (best.later, best.run)):
            best = found
    if best is not None and (best.later or best.run or asked):
        return best
    return _order_of_ids(source, features, id_column, text) or best


def _candidates(source: Source, features: list[str], id_column: str | None) -> list[str]:
    named = [c for c in features if relation.TIME_NAME.search(c) and source.train[c].n_unique() > 12]
    dates = [c for c in [id_column, *features] if c in source.train.columns and c and is_date(source.train[c])]
    wide = [c for c in named if source.train[c].n_unique() > 0.01 * source.train.height or _is_year(source.train[c])]
    return list(dict.fromkeys([*dates, *wide]))[:MOST_TIMES]


def _is_year(series: pl.Series) -> bool:
    return series.dtype.is_numeric() and bool(series.is_between(1800, 2200).all())


def _measure_column(source: Source, column: str, asked: bool) -> Timing | None:
    unit = "days" if is_date(source.train[column]) else ""
    if column not in source.test.columns:
        said = Evidence(column, "config.json or a flag says so; test has no such column", 1.0)
        return Timing(column, False, 0, 0.0, 0.0, unit, said) if asked else None
    train, test = clock(source.train[column]), clock(source.test[column])
    if train is None or test is None:
        if asked:
            raise IntakeError(
                f"time_column {column!r} holds no times", expected="dates or numbers", remedy="correct it"
            )
        return None
    return measure(column, train, test, unit, asked=asked)


def measure(column: str, train: Floats, test: Floats, unit: str = "", *, asked: bool = False) -> Timing:
    """`train`, `test`: times as `clock` gives them, NaN where unknown."""
    train, test = train[np.isfinite(train)], test[np.isfinite(test)]
    order = relation.time_order(train, test)
    gap = horizon = 0.0
    if order.later:
        gap, horizon = _ahead(np.unique(train), np.unique(test))
        lasts = (
            f"it begins {_spell(gap, unit)} late and lasts {_spell(horizon, unit)}"
            if gap
            else f"it lasts {_spell(horizon, unit)}"
        )
        why, sure = f"test's {column} lies after all of train's; {lasts}", 0.95
    elif order.run:
        gap = _between(np.unique(train), np.unique(test))
        apart = f", {_spell(gap, unit)} apart from train's" if gap else ""
        why = (
            f"test's {column} comes in runs of about {order.run} times between train's{apart}: folds are blocks of time"
        )
        sure = 0.9
    else:
        why, sure = f"{column} of test lies among train's", 0.8
    return Timing(column, order.later, order.run, gap, horizon, unit, Evidence(column, why, 1.0 if asked else sure))


def _spell(length: float, unit: str) -> str:
    return f"{length:.4g} {unit}".strip()


def _ahead(train: Floats, test: Floats) -> tuple[float, float]:
    """(gap, horizon) from distinct times: what is missing between them beyond any pause in train; test's length."""
    steps = np.diff(train)
    if not len(steps):
        return 0.0, 0.0
    step, pause = float(np.median(steps)), float(test[0] - train[-1])
    return (pause - step if pause > steps.max() else 0.0), float(test[-1] - max(test[0], train[-1])) + step


def _between(train: Floats, test: Floats) -> float:
    """The gap that was left around test's runs: where crossing over takes longer than staying, beyond the usual step."""
    merged = np.concatenate([train, test])
    order = np.argsort(merged, kind="stable")
    crosses = np.diff((order >= len(train)).astype(np.int8)) != 0
    steps = np.diff(merged[order])
    stays = steps[~crosses]
    if not len(stays) or not crosses.any() or np.quantile(steps[crosses], 0.1) <= np.quantile(stays, 0.95):
        return 0.0
    return float(np.quantile(steps[crosses], 0.1) - np.median(stays))


# ---------------------------------------------------------------- ids that count up in time


def _order_of_ids(source: Source, features: list[str], id_column: str | None, text: str) -> Timing | None:
    """Ids that number the rows in order of time: test's lie after train's, and a calendar column says so."""
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
    gap, horizon = _ahead(np.unique(train), np.unique(test))
    return Timing(id_column, True, 0, gap, horizon, "", Evidence(id_column, why, 0.95 if sentence else 0.8))


def _calendar(source: Source, features: list[str], ids: Floats) -> Iterator[str]:
    order = np.argsort(ids, kind="stable")
    for column in features:
        if not (relation.TIME_NAME.search(column) and source.train[column].dtype.is_numeric()):
            continue
        if relation.counts_up(source.train[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()[order]):
            yield column
