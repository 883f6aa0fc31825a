"""What a feature column is: its clean type and its kind, decided over all rows, train and test together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from podium.protocol import Column, ColumnKind

Cast = Literal["float", "int", "bool", "str", "datetime", "list"]
MISSING_WORDS = ("", "?", "-", ".", "none", "missing", "na", "n/a", "nan", "null", "unknown", "inf", "-inf", "infinity")
NAMES, NAMED_ROWS, NAME_LENGTH = 250, 20, 40  # different texts at most, rows for each at least, mean length at most
UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"  # scripts without blanks between words
)
SENTENCE = 6  # of their letters, from which on a value says more than a name
FEW_VALUES = 20  # at most so many distinct strings are plain categories, whatever they look like
DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    *(  # two digits of a year are tried first: %Y would take 21 for the year 21
        f"{day}{time}"
        for day in (
            "%d.%m.%y", "%d.%m.%Y", "%m/%d/%y", "%d/%m/%y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y",
        )
        for time in ("", " %H:%M", " %H:%M:%S")
    ),
    "%b %d, %Y",
    "%d-%b-%y",
    "%d-%b-%Y",
)  # fmt: skip
_UNIT = r"^([-+]?)[$€£]?\s?([-+]?[\d.,]+)\s?[%$€£]?$"  # an amount of money, a share in percent: the number
_DATE_LIKE = re.compile(
    r"^\s*(\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})([ T]|$)"
    r"|^\s*[A-Z][a-z]{2} \d|^\s*\d{1,2}-[A-Z][a-z]{2}-\d"
)


@dataclass(frozen=True)
class ColumnType:
    """How a raw column becomes a feature column, so that rows that come later are read the same way.

    `source`: table (a column of the files), id (the id column, kept because it is structured), file (attached files).
    """

    name: str
    cast: Cast
    format: str | None = None  # of a date
    decimal_comma: bool = False
    thousands: bool = False  # commas between groups of three digits
    source: Literal["table", "id", "file"] = "table"


def learn_type(series: pl.Series) -> ColumnType:
    """The clean type of a raw column: numbers in strings, dates and booleans are recognised over all its values."""
    name, dtype = series.name, series.dtype
    if dtype == pl.Boolean:
        return ColumnType(name, "bool")
    if dtype.is_integer():
        return ColumnType(name, "int")
    if dtype.is_numeric():
        return ColumnType(name, "float")
    if dtype.is_temporal():
        return ColumnType(name, "datetime")
    if isinstance(dtype, pl.List) and dtype.inner.is_numeric():
        return ColumnType(name, "list")
    return _learn_string(name, series.cast(pl.String, strict=False))


def _learn_string(name: str, series: pl.Series) -> ColumnType:
    values = series.drop_nulls()
    if not len(values):
        return ColumnType(name, "str")
    head = values.head(50)
    if head.str.contains(r"^\s*[-+]?[$€£]?\s?[-+]?(\d|\.\d)").mean() or _missing(head).all():
        if _grouped(values):
            return ColumnType(name, "float", thousands=True)
        for comma in (False, True):
            if _numeric(values, comma):
                return ColumnType(name, "float", decimal_comma=comma)
    if (
        head.str.to_lowercase().is_in(["true", "false"]).all()
        and values.str.to_lowercase().is_in(["true", "false"]).all()
    ):
        return ColumnType(name, "bool")
    if all(_DATE_LIKE.match(value) for value in head.to_list()):
        date_format = _date_format(values)
        if date_format:
            return ColumnType(name, "datetime", date_format)
    return ColumnType(name, "str")


def _missing(values: pl.Series) -> pl.Series:
    return values.str.strip_chars().str.to_lowercase().is_in(list(MISSING_WORDS))


def _to_float(values: pl.Series, comma: bool) -> pl.Series:
    text = values.str.strip_chars().str.replace(_UNIT, "${1}${2}")
    if comma:
        text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def _grouped(values: pl.Series) -> bool:
    """Every number is written like 1,234,567.8: each comma before three digits, none after a leading 0; one has a comma."""
    known = values.filter(~_missing(values)).str.strip_chars().str.replace(_UNIT, "${1}${2}")
    if not known.str.contains(",", literal=True).any():
        return False
    return bool(known.str.contains(r"^\s*[-+]?(0|[1-9]\d*|[1-9]\d{0,2}(,\d{3})+)(\.\d+)?\s*$").all())


def _numeric(values: pl.Series, comma: bool) -> bool:
    """Every value is a number or a usual word for a missing one, and one at least is a number.

    Leading zeros mark a code ("0071"), not a number.
    """
    numbers = _to_float(values, comma)
    if numbers.null_count() == len(numbers) or not _missing(values.filter(numbers.is_null())).all():
        return False
    values = values.str.strip_chars().str.replace(_UNIT, "${1}${2}")
    if comma and not values.str.contains(r"^\s*[-+]?\d{1,3}(\.?\d{3})*,\d+\s*$|^\s*[-+]?\d+(,\d+)?\s*$").all():
        return False
    return not values.str.contains(r"^\s*0\d").any()


def _date_format(values: pl.Series) -> str | None:
    sample = values if len(values) <= 2000 else values.gather_every(max(1, len(values) // 2000))
    for date_format in DATE_FORMATS:
        if parse_dates(sample, date_format).null_count():
            continue
        if parse_dates(values, date_format).null_count() <= 0.01 * len(values):
            return date_format
    return None


def parse_dates(values: pl.Series, date_format: str) -> pl.Series:
    """Datetime in microseconds, null where a value does not fit the format."""
    text = values.str.strip_chars()
    if "%H" in date_format:
        return text.str.to_datetime(date_format, strict=False, time_unit="us", time_zone=None)
    return text.str.to_date(date_format, strict=False).cast(pl.Datetime("us"))


def conform(frame: pl.DataFrame, types: Sequence[ColumnType]) -> pl.DataFrame:
    """`frame` with exactly these columns and types, in this order; an attached-file column that is absent is null."""
    out = []
    for kind in types:
        series = frame[kind.name] if kind.name in frame.columns else pl.Series(kind.name, [None] * frame.height)
        out.append(cast(series, kind).alias(kind.name))
    return pl.DataFrame(out)


def cast(series: pl.Series, kind: ColumnType) -> pl.Series:
    """One column in its clean type; what does not fit becomes null, infinities too."""
    if kind.cast == "bool":
        if series.dtype == pl.String:
            lower = series.str.strip_chars().str.to_lowercase()
            known = pl.when(lower.is_in(["true", "false"])).then(lower == "true")
            return pl.select(known).to_series()
        return series.cast(pl.Boolean, strict=False)
    if kind.cast in ("int", "float"):
        return _cast_number(series, kind)
    if kind.cast == "list":
        return series
    if kind.cast == "datetime":
        if series.dtype == pl.String:
            return parse_dates(series, kind.format or DATE_FORMATS[0])
        return series.dt.replace_time_zone(None).cast(pl.Datetime("us")) if _zoned(series) else _datetime(series)
    if series.dtype in (pl.List, pl.Struct, pl.Array, pl.Object):
        return pl.Series(series.name, [None if v is None else str(v) for v in series.to_list()], dtype=pl.String)
    return series.cast(pl.String, strict=False)


def _zoned(series: pl.Series) -> bool:
    return isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None


def _datetime(series: pl.Series) -> pl.Series:
    return series.cast(pl.Datetime("us"), strict=False)


def _cast_number(series: pl.Series, kind: ColumnType) -> pl.Series:
    if series.dtype == pl.String:
        plain = series.str.replace_all(",", "", literal=True) if kind.thousands else series
        numbers = _to_float(plain, kind.decimal_comma)
    else:
        numbers = series
    if kind.cast == "int":
        return numbers.cast(pl.Int64, strict=False)
    numbers = numbers.cast(pl.Float64, strict=False)
    if numbers.is_finite().all():
        return numbers
    return pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()


def describe(series: pl.Series, kind: ColumnType, *, is_file: bool = False) -> Column:
    """The kind of a clean column and the figures that recipes choose by."""
    n = max(1, len(series))
    if kind.cast == "list":
        return Column(series.name, "list", len(series), series.null_count() / n)
    unique = series.n_unique() - (1 if series.null_count() else 0)
    length = 0.0
    if series.dtype == pl.String and len(series) > series.null_count():
        mean = series.str.len_chars().mean()
        length = float(mean) if isinstance(mean, (int, float)) else 0.0
    return Column(
        name=series.name,
        kind="file" if is_file else _kind(series, unique, length),
        n_unique=unique,
        missing=series.null_count() / n,
        mean_length=round(length, 2),
    )


def named(described: tuple[Column, ...], rows: int) -> tuple[Column, ...]:
    """Few texts that come back from row to row name things, `South Korea` as well as `France`: they are categories, unless other
    texts stand beside them, which they are then read together with."""

    def is_name(column: Column) -> bool:
        return column.n_unique <= min(NAMES, rows // NAMED_ROWS) and column.mean_length <= NAME_LENGTH

    if not all(is_name(column) for column in described if column.kind == "text"):
        return described
    return tuple(replace(column, kind="categorical") if column.kind == "text" else column for column in described)


def _kind(series: pl.Series, unique: int, length: float) -> ColumnKind:
    if unique == 0 or (unique == 1 and not series.null_count()):  # one value or none may say something
        return "constant"
    if series.dtype == pl.Boolean:
        return "boolean"
    if series.dtype.is_numeric():
        return "numeric"
    if series.dtype.is_temporal():
        return "date"
    return string_kind(series, unique, length)


def string_kind(series: pl.Series, unique: int, length: float) -> ColumnKind:
    """categorical, code or text, by number of values, words and shape."""
    if unique <= FEW_VALUES:
        return "text" if length > 60 else "categorical"
    values = series.drop_nulls().unique(maintain_order=True).head(2000)
    words = values.str.count_matches(r"\b\p{L}{2,}\b")
    mean_words = float(words.mean() or 0)  # type: ignore[arg-type]
    wordy = float((words >= 2).mean() or 0)  # type: ignore[arg-type]
    if length > 60 or mean_words >= 3 or (wordy >= 0.6 and not is_structured(values)):
        return "text"
    if is_structured(values):
        return "code"
    foreign = float(values.str.contains(r"\S\s+\S+\s+\S").mean() or 0)  # type: ignore[arg-type]
    if (foreign > 0.8 and length > 15) or _without_blanks(values, series):
        return "text"
    return "categorical"


def _without_blanks(values: pl.Series, series: pl.Series) -> bool:
    """Whether they are sentences in a script that puts no blanks between words, most of them different."""
    written = float((values.str.count_matches(UNSPACED) >= SENTENCE).mean() or 0)  # type: ignore[arg-type]
    seen = series.drop_nulls()
    return written > 0.6 and seen.n_unique() > 0.5 * len(seen)


def is_structured(values: pl.Series) -> bool:
    """Codes such as `F/731/S`, `0013_01`, `B24`: few shapes cover most values, and they hold digits.

    The shape of a value: runs of letters → A, runs of digits → 9, everything else as it is.
    """
    shapes = values.str.replace_all(r"[A-Za-z]+", "A").str.replace_all(r"[0-9]+", "9")
    counts = shapes.value_counts(sort=True)
    covered = int(counts["count"].head(8).sum())
    if covered < 0.85 * len(values):
        return False
    with_digits = counts.head(8).filter(pl.col(shapes.name).str.contains("9", literal=True))["count"].sum()
    return int(with_digits) >= 0.6 * len(values)
