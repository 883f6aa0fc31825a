"""From a raw table to numbers, categories and texts, row by row: no label is seen, so nothing can leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Column, ColumnKind, Rows
from podium.recipes.tabular.geometry import read_geometries
from podium.recipes.tabular.spelling import Spelling

Floats = NDArray[np.float64]

FEW_LEVELS = 50  # a string column that the schema does not know is categorical up to this many levels, else text
REPEATED = 4  # rows for each different text, from where on it stands for something by itself too
NAME_LENGTH = 40  # texts up to this mean length are names: their first and last word may bind rows together
CODE_TOKEN = "[0-9]+|[A-Za-z]+"
CODE_WIDTH = 6  # parts of a code that are looked at
DIGITS = 15  # of a number in a code: what a float holds exactly


@dataclass
class Derived:
    """`(n,)` each. Missing is NaN in numbers, null in categories and keys, empty in texts."""

    n: int
    numbers: dict[str, Floats] = field(default_factory=dict)
    categories: dict[str, pl.Series] = field(default_factory=dict)
    texts: dict[str, pl.Series] = field(default_factory=dict)
    keys: dict[str, pl.Series] = field(default_factory=dict)  # too many levels to be categories; counts are useful
    of_codes: set[str] = field(default_factory=set)  # names of numbers that codes were taken apart into
    groups: NDArray[Any] | None = None  # of training rows that belong together

    def stack(self, names: Sequence[str]) -> Floats:
        """Numeric columns side by side, `(n, len(names))`; a column these rows do not have is missing throughout."""
        nothing = np.full(self.n, np.nan)
        return np.column_stack([np.empty((self.n, 0)), *[self.numbers.get(name, nothing) for name in names]])


class Deriver:
    """Takes columns apart by kind. What a code's parts are is settled on the first rows it sees, the training rows."""

    def __init__(self, schema: Sequence[Column], dates: bool = True, codes: bool = True, files: bool = True) -> None:
        self.known = {column.name: column for column in schema}
        self.dates, self.codes, self.files = dates, codes, files
        self.kinds: dict[str, ColumnKind] = {}
        self.digits: dict[str, list[bool]] = {}  # code column → which of its parts are numbers
        self.repeated: dict[
            str, bool
        ] = {}  # column of texts, or of categories → whether they come back from row to row
        self.spelled: dict[str, Spelling | None] = {}  # column of categories → how its strings are spelled, if they are

    def __call__(self, rows: Rows) -> Derived:
        out, frame = Derived(len(rows)), rows.frame()
        for name in frame.columns:
            series = frame[name]
            kind = self.kinds.setdefault(name, self._kind(series))
            if kind == "file" and self.files and not self._pictured(name):
                geometry = read_geometries(rows.paths(name))
                out.numbers.update({f"{name}.{key}": values for key, values in geometry.items()})
            elif kind == "date" and self.dates:
                out.numbers.update(_date_parts(name, series))
            elif kind == "code" and self.codes:
                self._code(name, series.cast(pl.String), out)
            elif kind == "text":
                self._text(name, series.cast(pl.String), out)
            elif kind in ("numeric", "boolean"):
                out.numbers[name] = _numeric(series)
            elif kind == "categorical":
                self._category(name, series.cast(pl.String), out)
        return out

    def _pictured(self, name: str) -> bool:
        """Whether a file column's files are images, which no reader of geometries understands."""
        return name in self.known and self.known[name].pixels > 0

    def _kind(self, series: pl.Series) -> ColumnKind:
        """The schema's word; columns it does not name (made by `prepare`) go by their type."""
        if series.name in self.known:
            return self.known[series.name].kind
        if series.dtype.is_numeric() or series.dtype == pl.Boolean:
            return "numeric"
        if series.dtype.is_temporal():
            return "date"
        return "categorical" if series.n_unique() <= FEW_LEVELS else "text"

    def _category(self, name: str, strings: pl.Series, out: Derived) -> None:
        """A category; `ABABDADBAB`, of which there are too many, is a key, and its letters are numbers. `LAX` and `JFK`, which
        come back from row to row, are both."""
        if name not in self.spelled:
            self.spelled[name] = Spelling.of(strings) if self.codes else None
            self.repeated[name] = REPEATED * strings.n_unique() <= len(strings)
        spelling = self.spelled[name]
        if spelling is None or self.repeated[name]:
            out.categories[name] = strings
        if spelling is not None:
            out.keys[name] = strings
            columns = spelling(name, strings)
            out.numbers.update(columns)
            out.of_codes.update(columns)

    def _code(self, name: str, strings: pl.Series, out: Derived) -> None:
        """`F/731/S` → F, 731, S; `0013_01` → 13, 1. Digits become numbers, letters categories, prefixes keys."""
        tokens = strings.fill_null("").str.extract_all(CODE_TOKEN)
        if name not in self.digits:
            width = min(CODE_WIDTH, int(tokens.list.len().max() or 0))  # type: ignore[arg-type]
            self.digits[name] = [bool(_is_number(_part(tokens, k)).all()) for k in range(width)]
        for k, numeric in enumerate(self.digits[name]):
            title, part = f"{name}.{k}", _part(tokens, k)
            if numeric:
                out.of_codes.add(title)
                out.numbers[title] = _numeric(part.set(~_is_number(part), None).str.slice(0, DIGITS))
            else:
                out.categories[title] = part.alias(title)
            if k > 0:
                prefix = tokens.list.head(k).list.join("/").set(tokens.list.len() < k, None)
                out.keys[f"{name}.prefix{k}"] = prefix.alias(f"{name}.prefix{k}")
        out.keys[name] = strings

    def _text(self, name: str, strings: pl.Series, out: Derived) -> None:
        """Words, and the text as a whole where it comes back: `South Korea` says more than its words."""
        column = self.known.get(name)
        out.texts[name] = strings.fill_null("")
        if name not in self.repeated:
            self.repeated[name] = REPEATED * strings.n_unique() <= len(strings)
        if self.repeated[name]:
            out.keys[name] = strings
        out.numbers[f"{name}.length"] = _numeric(strings.str.len_chars())
        out.numbers[f"{name}.words"] = _numeric(strings.str.count_matches(r"\S+"))
        if column is not None and column.mean_length <= NAME_LENGTH:
            out.keys[f"{name}.first"] = strings.str.extract(r"^\W*(\w+)")
            out.keys[f"{name}.last"] = strings.str.extract(r"(\w+)\W*$")


def _part(tokens: pl.Series, k: int) -> pl.Series:
    """The k-th token of every code, null where it has fewer."""
    return tokens.list.get(k, null_on_oob=True)


def _is_number(part: pl.Series) -> pl.Series:
    """Whether a token is made of digits; null where there is none."""
    return part.str.contains("^[0-9]")


def _numeric(series: pl.Series) -> Floats:
    values = series.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _date_parts(name: str, series: pl.Series) -> dict[str, Floats]:
    moment = series.cast(pl.Datetime("us"), strict=False)
    parts = {
        "year": moment.dt.year(),
        "month": moment.dt.month(),
        "day": moment.dt.day(),
        "weekday": moment.dt.weekday(),
        "hour": moment.dt.hour(),
        "minute": moment.dt.minute(),
        "dayofyear": moment.dt.ordinal_day(),
    }
    numbers = {f"{name}.{part}": _numeric(values) for part, values in parts.items()}
    numbers[f"{name}.days"] = _numeric(moment.dt.epoch("s")) / 86400.0
    return numbers
