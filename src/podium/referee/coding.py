"""Feature columns as small whole numbers with words for them: bins of numbers and dates, levels of categories.

`Coded.words(codes)` says what a set of codes means in the competition's own values, so that a slice can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Column

BINS = 16  # of a number, by quantiles
LEVELS = 24  # most frequent ones of a category
WIDEST = BINS + 10  # codes of any column, all others and missing included
VALUE_CHARS = 40
Codes = NDArray[np.int16]


@dataclass(frozen=True)
class Coded:
    """One column. `codes` `(n,)`. Ordered: code i lies above `edges[i - 1]` and up to `edges[i]`, in `spelled` form; else
    code i is level `spelled[i]`. `other`: the code of all rarer levels, `missing`: of no value; -1 where there is none."""

    name: str  # as conditions show it: the column, or `month of when`
    column: str
    codes: Codes
    ordered: bool
    spelled: tuple[str, ...]
    other: int = -1
    missing: int = -1
    single: bool = False  # ordered by few values, each with a code of its own

    @property
    def size(self) -> int:
        return int(max(len(self.spelled) + (self.ordered and not self.single), self.other + 1, self.missing + 1))

    def words(self, codes: Sequence[int]) -> str:
        """`store = 3`, `day > 200`, `3 < day <= 9`, `colour in (red, blue)`, `age is missing`."""
        name = f"`{self.name}`"
        if list(codes) == [self.missing]:
            return f"{name} is missing"
        if self.ordered and not self.single:
            low, high = min(codes), max(codes)
            above = self.spelled[low - 1] if low > 0 else ""
            to = self.spelled[high] if high < len(self.spelled) else ""
            if above and to:
                return f"{above} < {name} <= {to}"
            return f"{name} > {above}" if above else f"{name} <= {to}" if to else f"{name} is known"
        listed = [self.spelled[code] for code in codes if 0 <= code < len(self.spelled)]
        if self.single and len(listed) > 2 and sorted(codes) == list(range(min(codes), max(codes) + 1)):
            return f"{listed[0]} <= {name} <= {listed[-1]}"
        return f"{name} = {listed[0]}" if len(listed) == 1 else f"{name} in ({', '.join(listed)})"


def code_columns(frame: pl.DataFrame, schema: Sequence[Column]) -> list[Coded]:
    """Everything that can be told of rows by their features: values, missing ones, dates' parts, lengths of texts."""
    known = {column.name: column for column in schema}
    found = [coded for name in frame.columns for coded in _of_column(frame[name], known.get(name))]
    nulls = sum((frame[name].is_null().cast(pl.Int64) for name in frame.columns), start=pl.Series([0] * frame.height))
    counted = code_numbers("number of missing values", "", nulls.to_numpy().astype(np.float64))
    return [one for one in (*found, counted) if one is not None]


def _of_column(series: pl.Series, column: Column | None) -> Iterator[Coded | None]:
    kind = column.kind if column is not None else "numeric" if series.dtype.is_numeric() else "categorical"
    name = series.name
    if kind in ("constant", "file"):
        return
    if series.dtype.is_temporal():
        yield from _of_date(series)
    elif series.dtype.is_numeric():
        yield code_numbers(name, name, series.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    elif kind == "text" or (kind == "code" and series.n_unique() > 10 * LEVELS):
        text = series.cast(pl.String)
        lengths = text.str.len_chars().cast(pl.Float64).fill_null(float("nan"))
        yield code_numbers(f"length of {name}", name, lengths.to_numpy())
        if kind == "text":
            words = text.str.count_matches(r"\S+").cast(pl.Float64).fill_null(float("nan"))
            yield code_numbers(f"words of {name}", name, words.to_numpy())
    else:
        yield code_levels(name, name, series.cast(pl.String))


def _of_date(series: pl.Series) -> Iterator[Coded | None]:
    moment = series.cast(pl.Datetime("us"), strict=False)
    seconds = moment.dt.epoch("s").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    yield code_numbers(series.name, series.name, seconds, _as_date)
    for part, values in (("month", moment.dt.month()), ("weekday", moment.dt.weekday()), ("hour", moment.dt.hour())):
        numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        yield code_numbers(f"{part} of {series.name}", series.name, numbers)


def code_numbers(name: str, column: str, values: NDArray[np.float64], spell: Any = None) -> Coded | None:
    """Bins by quantiles; each value its own where there are few. None for a constant."""
    finite = values[np.isfinite(values)]
    distinct = np.unique(finite)
    lost = len(finite) < len(values)
    if len(distinct) + lost < 2:
        return None
    spell = spell or _as_number
    if len(distinct) <= BINS:
        codes = np.searchsorted(distinct, np.where(np.isfinite(values), values, distinct[0] if len(distinct) else 0.0))
        spelled, size = tuple(spell(v) for v in distinct.tolist()), len(distinct)
    else:
        edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
        codes = np.searchsorted(edges, np.where(np.isfinite(values), values, edges[0]), side="left")
        spelled, size = tuple(spell(v) for v in edges.tolist()), len(edges) + 1
    codes = np.where(np.isfinite(values), codes, size)
    few = len(distinct) <= BINS
    return Coded(name, column, codes.astype(np.int16), True, spelled, missing=size if lost else -1, single=few)


def code_levels(name: str, column: str, values: pl.Series) -> Coded | None:
    """The most frequent levels; all others share a code that no condition names. None for a constant."""
    counts = values.drop_nulls().value_counts().sort(["count", values.name], descending=[True, False])
    levels = counts[values.name].head(LEVELS).to_list()
    lost, rest = values.null_count() > 0, counts.height > LEVELS
    if len(levels) + lost < 2:
        return None
    table = {level: code for code, level in enumerate(levels)}
    other, missing = (len(levels) if rest else -1), (len(levels) + rest if lost else -1)
    codes = values.replace_strict(table, default=max(other, 0), return_dtype=pl.Int16).to_numpy().copy()
    if lost:
        codes[values.is_null().to_numpy()] = missing
    spelled = tuple(_as_word(level) for level in levels)
    return Coded(name, column, codes.astype(np.int16), False, spelled, other=other, missing=missing)


def _as_number(value: float) -> str:
    return f"{value:.6g}"


def _as_date(seconds: float) -> str:
    moment = np.datetime64(round(seconds), "s")
    return str(moment).removesuffix("T00:00:00").replace("T", " ")


def _as_word(value: str) -> str:
    """A value of the data as one short printable word."""
    line = " ".join("".join(c if c.isprintable() else " " for c in value).split()).replace("`", "'")
    return repr(line if len(line) <= VALUE_CHARS else line[: VALUE_CHARS - 1] + "…")
