"""How test differs from train, measured: group overlap, order in time, copies. Splits reproduce what is found here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.columns import cast, learn_type

TIME_NAME = re.compile(
    r"(^|[_\W])(date|datetime|time|timestamp|year|yr|month|week|day|hour|period|quarter|season|epoch|dt|ts)($|[_\W\d])"
    r"|[a-z](Date|Time|Year|Month|Week|Day|Hour|Sold)($|[_\W])|^(Date|Time|Year|Month|Week|Day|Hour)",
)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ALONE = 0.1  # groups do not travel across the split where overlap is below a tenth of what chance would give
EXPECTED = 0.2  # below this chance overlap, no overlap proves nothing


@dataclass(frozen=True)
class Overlap:
    """Share of test rows whose value is also in train: observed, and expected had rows been split at random."""

    observed: float
    expected: float
    n_values: int  # distinct values in train

    @property
    def apart(self) -> bool:
        """Test holds other values than train, where chance would have mixed them."""
        return self.expected >= EXPECTED and self.observed <= ALONE * self.expected


def overlap(train: pl.Series, test: pl.Series) -> Overlap:
    """Measured over the rows that have a value."""
    train, test = train.drop_nulls(), test.drop_nulls()
    n_train, n_test = len(train), len(test)
    if not n_train or not n_test:
        return Overlap(0.0, 0.0, 0)
    counts = pl.concat([train, test]).value_counts()["count"].to_numpy().astype(np.float64)
    total = n_train + n_test
    meets = 1.0 - (n_test / total) ** (counts - 1)  # P(another row of the same value is in train)
    distinct = train.unique()
    observed = test.is_in(distinct.implode()).mean()
    return Overlap(float(observed or 0.0), float((counts * meets).sum() / total), len(distinct))  # type: ignore[arg-type]


def group_key(series: pl.Series) -> pl.Series | None:
    """The part of a structured id that rows share (`0013` of `0013_01`); None where ids stand alone."""
    values = series.drop_nulls().cast(pl.String)
    if not len(values):
        return None
    for separator in ("_", "-", "/", ":", ".", " "):
        has = values.str.contains(separator, literal=True)
        if has.mean() is not None and float(has.mean()) > 0.98:  # type: ignore[arg-type]
            head = values.str.extract("^(.*)" + re.escape(separator) + "[^" + re.escape(separator) + "]*$", 1)
            unique = head.n_unique()
            if 1 < unique < 0.95 * len(values):
                return series.cast(pl.String).str.extract(
                    "^(.*)" + re.escape(separator) + "[^" + re.escape(separator) + "]*$", 1
                )
    return None


def id_is_feature(train: pl.Series, test: pl.Series) -> bool:
    """An id is a feature where it is a date, or a code whose first part several rows share."""
    ids = pl.concat([train.cast(pl.String), test.cast(pl.String)])
    return learn_type(ids.head(5000)).cast == "datetime" or group_key(ids) is not None


@dataclass(frozen=True)
class TimeOrder:
    """`later`: every test row comes after train (within 1 %). `blocks`: test comes in runs between train's times, of
    `run` distinct times each (median); 0 where rows interleave singly."""

    later: bool
    run: int


def time_order(train: NDArray[np.float64], test: NDArray[np.float64]) -> TimeOrder:
    """How test's times lie to train's; NaN are left out."""
    train, test = train[np.isfinite(train)], test[np.isfinite(test)]
    if len(train) < 10 or len(test) < 2:
        return TimeOrder(False, 0)
    end = np.quantile(train, 0.995)
    if (test > end).mean() >= 0.99 and test.min() >= np.quantile(train, 0.95):
        return TimeOrder(True, 0)
    return TimeOrder(False, _median_run(train, test))


def _median_run(train: NDArray[np.float64], test: NDArray[np.float64]) -> int:
    """Median run of distinct times that only test has, between times that train has; 0 unless runs beat chance."""
    train_times, test_times = np.unique(train), np.unique(test)
    if np.isin(test_times, train_times).mean() > 0.1 or len(test_times) < 10:
        return 0
    merged = np.concatenate([train_times, test_times])
    is_test = np.concatenate([np.zeros(len(train_times), bool), np.ones(len(test_times), bool)])
    flags = is_test[np.argsort(merged, kind="stable")].astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]])))
    runs = edges[1::2] - edges[::2]
    chance = len(merged) / len(train_times)  # mean of a geometric run
    if len(runs) < 4 or runs.mean() < 3 * chance:
        return 0
    return int(np.median(runs))


def as_time(series: pl.Series) -> NDArray[np.float64] | None:
    """Times as float64 (seconds for dates, the number itself otherwise); None where the column tells no time."""
    kind = learn_type(series)
    if kind.cast not in ("datetime", "int", "float"):
        return None
    clean = cast(series, kind)
    if clean.dtype.is_temporal():
        clean = clean.dt.epoch("us").cast(pl.Float64) / 1e6
    numbers: NDArray[np.float64] = clean.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return numbers


def counts_up(values: NDArray[np.float64]) -> bool:
    """A calendar column in row order: it stays or steps by one nearly always (1, 2, 3 … 365, 1, 2 …)."""
    if len(values) < 20:
        return False
    steps = np.diff(values)
    ordered = np.isin(steps, (0.0, 1.0)).mean()
    return bool(ordered > 0.9 and len(np.unique(values)) > 5)


def hash_rows(frame: pl.DataFrame, columns: list[str]) -> pl.Series:
    """One UInt64 for each row over `columns`; equal rows, equal hashes."""
    return frame.select(columns).hash_rows(seed=0) if columns else pl.Series([0] * frame.height, dtype=pl.UInt64)


def numeric_ids(ids: pl.Series) -> NDArray[np.float64] | None:
    """Ids as numbers where all of them are (a common prefix of letters is dropped); None otherwise."""
    text = ids.cast(pl.String).str.replace(r"^[A-Za-z_\-]+", "")
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() or not len(numbers):
        return None
    values: NDArray[Any] = numbers.to_numpy()
    return values
