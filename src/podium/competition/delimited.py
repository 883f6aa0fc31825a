"""Text tables (csv, tsv, any separator) read from disk by polars: types learned from the first rows, settled over all."""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from podium.competition import encoding, memory, sampling
from podium.competition.dialect import Dialect, sniff, with_points
from podium.errors import IntakeError

NULLS = ["", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "<NA>", "#N/A"]
HEAD = 1 << 18  # bytes that tell encoding and dialect
INFER = 2_000  # rows that tell the types
SURPRISES = 3  # columns whose later values do not fit, before all are read as strings and settled one by one


def read_delimited(
    ref: str, path: Path, as_text: frozenset[str] | None, one_in: int = 1
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table (one row in `one_in`) and notices on how it was read; `as_text` columns (None: all) as spelled.

    Raises IntakeError: empty, binary, a web page, truncated, more fields than the header, columns of one name.
    """
    with _in_utf8(ref, path) as (plain, dialect, notices):
        _check_last_line(ref, plain, dialect)
        frame = _parse(ref, plain, dialect, as_text, one_in)
    frame, dropped = _name(ref, frame, dialect)
    if dialect.decimal_comma:
        frame = with_points(frame, as_text)
        notices = (f"{'; '.join([*notices, ref])}: fields between {dialect.separator!r}, commas in numbers",)
    frame, blank = _without_blank_rows(ref, frame)
    if frame.height == 0:
        raise IntakeError(f"{ref} has a header and no rows", expected="one row at least", remedy="download it again")
    return _drop_index(frame), (*notices, *dialect.notices, *dropped, *blank)


def header(ref: str, path: Path) -> list[str]:
    """Column names of a text table."""
    with _in_utf8(ref, path, names_alone=True) as (_, dialect, _):
        return list(dialect.names)


# ---------------------------------------------------------------- UTF-8


@contextlib.contextmanager
def _in_utf8(ref: str, path: Path, *, names_alone: bool = False) -> Iterator[tuple[Path, Dialect, tuple[str, ...]]]:
    """The file itself where it is UTF-8, else a temporary copy that is; its dialect, and a notice of the encoding."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise _empty(ref)
    marked = encoding.by_mark(ref, head[: encoding.HEAD])
    foreign = marked not in ("", "utf-8-sig") or _broken(head)
    if not foreign and (names_alone or encoding.is_utf8(path)):
        yield path, _dialect(ref, head.decode("utf-8-sig", "ignore")), ()
        return
    found = encoding.encoding_of(ref, path)
    with tempfile.TemporaryDirectory(prefix="podium-") as scratch:
        target = Path(scratch) / "table"
        encoding.to_utf8(ref, path, found, target)
        with target.open("rb") as file:
            head = file.read(HEAD)
        if not head.strip():
            raise _empty(ref)
        yield target, _dialect(ref, head.decode("utf-8", "ignore")), (encoding.notice(ref, found),)


def _broken(head: bytes) -> bool:
    """Not UTF-8, whatever a character cut at its end may be."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return True
    return False


def _dialect(ref: str, head: str) -> Dialect:
    start = head[:500].lower()
    if start.startswith("version https://git-lfs"):
        raise IntakeError(
            f"{ref} is a Git LFS pointer, not the data", expected="a table", found="the address of one",
            remedy="run `git lfs pull` there, or download the file",
        )  # fmt: skip
    if "<!doctype html" in start or start.lstrip().startswith("<html"):
        raise IntakeError(
            f"{ref} is a web page", expected="a table", found="HTML", remedy="log in and download it again"
        )
    return sniff(ref, head)


def _empty(ref: str) -> IntakeError:
    return IntakeError(f"{ref} is empty", expected="a csv table", remedy="download or unpack it again")


# ---------------------------------------------------------------- parsing


def _parse(ref: str, path: Path, dialect: Dialect, as_text: frozenset[str] | None, one_in: int) -> pl.DataFrame:
    """Columns by place, in the names polars gives them."""
    plain = dialect.layout == "plain"
    options: dict[str, Any] = {
        "separator": dialect.separator,
        "null_values": NULLS,
        "decimal_comma": dialect.decimal_comma,
        "eol_char": dialect.eol,
        "has_header": plain,
        "skip_lines": dialect.skip + (0 if plain else dialect.header_lines),
        "glob": False,
    }
    try:
        first = pl.read_csv(path, n_rows=INFER, infer_schema_length=INFER, **options)
    except (pl.exceptions.PolarsError, ValueError):
        first = None
    try:
        if first is None:
            return _settle(pl.read_csv(path, infer_schema=False, **options), as_text, dialect)
        memory.refuse_text(ref, path, first, one_in)
        if one_in > 1:  # as strings, settled over the sample: a type that the first rows tell may not hold for all
            return _settle(sampling.drawn(pl.scan_csv(path, infer_schema=False, **options), one_in), as_text, dialect)
        return _read_typed(path, first, dialect, as_text, options)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _malformed(ref, path, dialect, error) from error


def _read_typed(
    path: Path, first: pl.DataFrame, dialect: Dialect, as_text: frozenset[str] | None, options: dict[str, Any]
) -> pl.DataFrame:
    names = dict(zip(first.columns, dialect.fields, strict=False))
    schema = {
        c: pl.String() if as_text is None or names.get(c) in as_text else dtype for c, dtype in first.schema.items()
    }
    doubtful = {c for c in first.columns if first[c].null_count() == first.height and schema[c] == pl.String}
    for _ in range(SURPRISES):
        try:
            frame = pl.read_csv(path, schema=schema, **options)
            break
        except pl.exceptions.ComputeError as error:
            place = re.search(r"at column '(.*)' \(column number \d+\)", str(error), re.S)
            if place is None or place.group(1) not in schema or schema[place.group(1)] == pl.String:
                raise
            schema[place.group(1)] = pl.String()
            doubtful.add(place.group(1))
    else:
        frame = pl.read_csv(path, schema=dict.fromkeys(schema, pl.String()), **options)
        doubtful = set(schema)
    doubtful -= {c for c in schema if as_text is None or names.get(c) in as_text}
    return _narrow(frame, doubtful, dialect)


def _settle(frame: pl.DataFrame, as_text: frozenset[str] | None, dialect: Dialect) -> pl.DataFrame:
    names = dict(zip(frame.columns, dialect.fields, strict=False))
    return _narrow(frame, {c for c in frame.columns if as_text is not None and names.get(c) not in as_text}, dialect)


def _narrow(frame: pl.DataFrame, doubtful: set[str], dialect: Dialect) -> pl.DataFrame:
    """Strings that are all whole numbers, numbers, or true and false, in that type."""
    for name in (c for c in frame.columns if c in doubtful):
        text = frame[name]
        if text.null_count() == len(text):
            continue
        if dialect.decimal_comma:
            text = text.str.replace(",", ".", literal=True)
        for dtype in (pl.Int64, pl.Float64):
            numbers = text.cast(dtype, strict=False)
            if numbers.null_count() == text.null_count():
                frame = frame.with_columns(numbers.alias(name))
                break
        else:
            if text.is_in(["true", "false"]).all():
                frame = frame.with_columns((text == "true").alias(name))
    return frame


# ---------------------------------------------------------------- names, blank rows, index


def _name(ref: str, frame: pl.DataFrame, dialect: Dialect) -> tuple[pl.DataFrame, list[str]]:
    """The header's names. A column that is there twice with one content is kept once; else it is refused."""
    fields = list(dialect.fields[: frame.width])
    fields += [""] * (frame.width - len(fields))
    keep: dict[str, pl.Series] = {}
    notices: list[str] = []
    for at, name in enumerate(fields):
        series = frame.to_series(at)
        if not name.strip() and at:
            if series.null_count() == len(series):
                continue  # what a separator at the end of each line makes
            name = f"column_{at + 1}"
        if name not in keep:
            keep[name] = series.alias(name)
        elif series.dtype == keep[name].dtype and series.equals(keep[name], null_equal=True):
            notices.append(f"{ref} holds column {name!r} twice, with the same content: one is left out")
        else:
            raise IntakeError(
                f"{ref} names column {name!r} {fields.count(name)} times",
                expected="a header of different names",
                remedy="rename or drop one of them",
            )
    return pl.DataFrame(keep), list(dict.fromkeys(notices))


def _without_blank_rows(ref: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Without lines that hold nothing. In a table of one column they may be missing values, but for those at its end."""
    if frame.height == 0 or frame.to_series(0).null_count() == 0:
        return frame, []
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if frame.width == 1:
        last = (~blank).arg_max() if not blank.all() else None
        filled = 0 if last is None else frame.height - int((~blank).reverse().arg_max() or 0)
        return frame.head(filled), []
    count = int(blank.sum())
    if not count:
        return frame, []
    return frame.filter(~blank), [f"{ref}: {count} blank line{'s' if count > 1 else ''} left out"]


def _drop_index(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the nameless running number that data-frame libraries write first (from 0, or from 1)."""
    name = frame.columns[0]
    index = frame[name]
    if (
        name.strip() not in ("", "Unnamed: 0")
        or not index.dtype.is_integer()
        or frame.width == 1
        or index[0] not in (0, 1)
    ):
        return frame
    return frame.drop(name) if (index == pl.int_range(index[0], index[0] + frame.height, eager=True)).all() else frame


# ---------------------------------------------------------------- what is wrong


def _check_last_line(ref: str, path: Path, dialect: Dialect) -> None:
    """A download that was cut off ends inside a line."""
    width = len(dialect.names)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - HEAD))
        tail = file.read().decode("utf-8", "ignore")
    if tail.endswith(dialect.eol) or width < 2 or dialect.eol not in tail:
        return
    last = tail[tail.rfind(dialect.eol) + 1 :]
    fields = last.count(dialect.separator) + 1
    if '"' not in last and fields < width:
        raise IntakeError(
            f"{ref} is truncated",
            expected=f"{width} fields",
            found=f"{fields} in its last line",
            remedy="download it again",
        )


def _malformed(ref: str, path: Path, dialect: Dialect, problem: Exception) -> IntakeError:
    """Names the first line at fault, which the parser does not."""
    width = len(dialect.fields)
    with path.open(encoding="utf-8", errors="replace", newline="") as text:
        for _ in range(dialect.skip):
            text.readline()
        reader = csv.reader(text, delimiter=dialect.separator)
        try:
            for fields in reader:
                if len(fields) > width:
                    found = f"{len(fields)} in line {dialect.skip + reader.line_num}"
                    return IntakeError(
                        f"{ref} is broken", expected=f"{width} fields", found=found, remedy="repair that line"
                    )
                if any(len(f) > 100_000 and "\n" in f for f in fields):
                    break
        except csv.Error:
            pass  # what the csv module cannot read either is told below, in the words of the parser
    if _quotes(path) % 2:
        return IntakeError(
            f"{ref} is truncated",
            expected="every quote closed",
            found='an opening " without its end',
            remedy="download it again",
        )
    first = (str(problem).strip().splitlines() or ["unreadable"])[0][:160]
    return IntakeError(f"cannot read {ref}", expected="a whole csv table", found=first, remedy="download it again")


def _quotes(path: Path) -> int:
    with path.open("rb") as file:
        return sum(Counter(chunk)[ord('"')] for chunk in iter(lambda: file.read(1 << 20), b""))
