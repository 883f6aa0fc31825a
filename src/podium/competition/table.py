"""Reading one table as its host ships it: csv, tsv, JSON records or lines, Parquet, Feather; plain, gz or in a zip.

A reference is a path below the data folder; a member of an archive is `archive.zip/member.csv`.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from podium.errors import IntakeError

TEXT_FORMATS = ("csv", "tsv", "txt", "dat")
FORMATS = (*TEXT_FORMATS, "json", "jsonl", "ndjson", "parquet", "pq", "feather", "arrow", "ipc")
NULLS = ["", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "<NA>", "#N/A"]
SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Table:
    """A table as read: `frame`, and what a person should know about how it was read."""

    ref: str
    frame: pl.DataFrame
    notices: tuple[str, ...] = field(default=())


def format_of(ref: str) -> str | None:
    """The table format a file name tells: csv, parquet, …; None for anything else."""
    name = re.sub(r"\.(gz|zip|bz2)$", "", ref.lower())
    suffix = name.rsplit(".", 1)[-1] if "." in name.rsplit("/", 1)[-1] else ""
    return suffix if suffix in FORMATS else None


def read_table(folder: Path, ref: str, as_text: Collection[str] = (), *, all_text: bool = False) -> Table:
    """The table at `folder / ref`; columns in `as_text` (or all) as spelled (String), so ids and labels keep their form.

    Raises IntakeError: missing, empty, truncated, binary, more or fewer fields than the header.
    """
    data = read_bytes(folder, ref)
    kind = format_of(ref) or "csv"
    if not data.strip():
        raise IntakeError(f"{ref} is empty", expected=f"a {kind} table", remedy="download or unpack it again")
    if kind in TEXT_FORMATS:
        return _read_text(ref, data, None if all_text else frozenset(as_text))
    frame = _read_binary(ref, kind, data)
    return Table(ref, _spell(frame, frame.columns if all_text else as_text))


def read_bytes(folder: Path, ref: str) -> bytes:
    """The unpacked content of a reference."""
    try:
        if ".zip/" in ref.lower():
            cut = ref.lower().index(".zip/") + 4
            with zipfile.ZipFile(folder / ref[:cut]) as archive:
                return _gunzip(ref, archive.read(ref[cut + 1 :]))
        if ref.lower().endswith(".zip"):
            with zipfile.ZipFile(folder / ref) as archive:
                return archive.read(_only_member(ref, archive))
        return _gunzip(ref, (folder / ref).read_bytes())
    except FileNotFoundError as error:
        raise IntakeError(f"no file {ref}", expected=f"a table in {folder}", remedy="check the name") from error
    except KeyError as error:
        raise IntakeError(f"no file {ref}", found="an archive without it", remedy="check the name") from error
    except (zipfile.BadZipFile, EOFError, gzip.BadGzipFile, RuntimeError, NotImplementedError) as error:
        raise IntakeError(
            f"{ref} is damaged, truncated or locked",
            expected="a whole archive",
            found=str(error),
            remedy="download it again",
        ) from error
    except OSError as error:
        raise IntakeError(
            f"cannot read {ref}", found=str(error), remedy="check the file and its permissions"
        ) from error


def _gunzip(ref: str, data: bytes) -> bytes:
    return gzip.decompress(data) if ref.lower().endswith(".gz") else data


def _only_member(ref: str, archive: zipfile.ZipFile) -> str:
    members = [m for m in archive.namelist() if format_of(m) and not m.startswith("__MACOSX")]
    if len(members) != 1:
        raise IntakeError(
            f"{ref}: which table is meant", expected="one table inside", found=", ".join(members) or "none"
        )
    return members[0]


def _read_binary(ref: str, kind: str, data: bytes) -> pl.DataFrame:
    source = io.BytesIO(data)
    try:
        if kind in ("parquet", "pq"):
            frame = pl.read_parquet(source)
        elif kind in ("feather", "arrow", "ipc"):
            frame = pl.read_ipc(source)
        elif kind == "json" and data.lstrip()[:1] == b"[":
            frame = pl.read_json(source, infer_schema_length=None)
        else:
            frame = pl.read_ndjson(source, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise _unreadable(ref, kind, error) from error
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def _unreadable(ref: str, kind: str, error: BaseException) -> IntakeError:
    first = (str(error).strip().splitlines() or ["unreadable"])[0][:160]
    return IntakeError(f"cannot read {ref}", expected=f"a whole {kind} table", found=first, remedy="download it again")


def _spell(frame: pl.DataFrame, as_text: Collection[str]) -> pl.DataFrame:
    wanted = [c for c in frame.columns if c in as_text and frame[c].dtype != pl.String]
    spelled = [
        (
            pl.when(pl.col(c)).then(pl.lit("True")).when(~pl.col(c)).then(pl.lit("False"))
            if frame[c].dtype == pl.Boolean
            else pl.col(c).cast(pl.String)
        ).alias(c)
        for c in wanted
    ]
    return frame.with_columns(spelled)


# ---------------------------------------------------------------- text


def decode(ref: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of a file in UTF-8, UTF-16 or, failing these, cp1252, with a notice. Raises IntakeError for binary content."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decode_as(ref, data, "utf-16")
    head = data[:65536]
    if head.count(0) > 0.3 * len(head):
        return _decode_as(ref, data, "utf-16-le" if head[1:2] == b"\0" else "utf-16-be")
    if 0 in head:
        raise _binary(ref, "NUL bytes")
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return _decode_as(ref, data, "cp1252")


def _decode_as(ref: str, data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _binary(ref, f"byte {data[error.start]:#04x} at {error.start}") from error
    control = sum(1 for c in text[:20000] if ord(c) < 32 and c not in "\t\n\r\f\v")
    if control > 0.01 * min(len(text), 20000):
        raise _binary(ref, "control characters")
    return text, (f"{ref} was read as {encoding}, not UTF-8",)


def _binary(ref: str, found: str) -> IntakeError:
    return IntakeError(
        f"{ref} is not text", expected="UTF-8, UTF-16 or cp1252", found=found, remedy="export the table again as UTF-8"
    )


def _read_text(ref: str, data: bytes, as_text: frozenset[str] | None) -> Table:
    text, notices = decode(ref, data)
    if data[:3] == b"\xef\xbb\xbf" or notices:
        data = text.encode()
    if "<!doctype html" in text[:500].lower() or text[:500].lower().lstrip().startswith("<html"):
        raise IntakeError(
            f"{ref} is a web page", expected="a table", found="HTML", remedy="log in and download it again"
        )
    header_line = text[: text.find("\n")] if "\n" in text else text
    separator, header = split_header(header_line, ref)
    _check_header(ref, header)
    _check_last_line(ref, text, separator, len(header))
    frame = _parse(ref, data, separator, header, as_text, comma=_decimal_comma(text, separator))
    if frame.height == 0:
        raise IntakeError(f"{ref} has a header and no rows", expected="one row at least", remedy="download it again")
    return Table(ref, _drop_index(frame), notices)


def split_header(line: str, ref: str) -> tuple[str, list[str]]:
    """The separator of a table's first line, and its column names. Raises IntakeError on a line that is not one."""
    separator = separator_of(line, ref)
    try:
        return separator, next(csv.reader([line.rstrip("\r")], delimiter=separator), [])
    except csv.Error as error:
        raise IntakeError(
            f"the header of {ref} is broken",
            expected="one line of column names",
            found=str(error).partition(" - ")[0],
            remedy="save the table again with ordinary line ends",
        ) from error


def separator_of(header: str, ref: str) -> str:
    outside = re.sub(r'"[^"]*"', "", header)
    counts = Counter({s: outside.count(s) for s in SEPARATORS})
    best, count = counts.most_common(1)[0]
    if count:
        return best
    return "\t" if format_of(ref) == "tsv" else ","


def _check_header(ref: str, header: list[str]) -> None:
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise IntakeError(
            f"{ref} names column {twice[0]!r} {header.count(twice[0])} times",
            expected="a header of different names",
            remedy="rename or drop one of them",
        )


def _check_last_line(ref: str, text: str, separator: str, width: int) -> None:
    """A download that was cut off ends inside a line."""
    if text.endswith("\n") or width < 2:
        return
    last = text[text.rfind("\n") + 1 :]
    if '"' in last or "\n" not in text:
        return
    fields = last.count(separator) + 1
    if fields < width:
        raise IntakeError(
            f"{ref} is truncated",
            expected=f"{width} fields",
            found=f"{fields} in its last line",
            remedy="download it again",
        )


def _decimal_comma(text: str, separator: str) -> bool:
    if separator == ",":
        return False
    body = text[text.find("\n") + 1 :][:20000]
    return bool(re.search(r"(?<![\d.,])\d+,\d+(?![\d.,])", body)) and not re.search(
        r"(?<![\d.,])\d+\.\d+(?![\d.,])", body
    )


def _parse(
    ref: str, data: bytes, separator: str, header: list[str], as_text: frozenset[str] | None, *, comma: bool
) -> pl.DataFrame:
    problem: Exception | None = None
    # The first 2,000 rows tell the types; a later surprise is read by looking at all rows, at last as strings.
    for infer in (2_000, None, 0) if as_text is not None else (0,):
        try:
            return pl.read_csv(
                data,
                separator=separator,
                infer_schema_length=infer,
                null_values=NULLS,
                schema_overrides={name: pl.String for name in header if as_text and name in as_text},
                decimal_comma=comma,
            )
        except (pl.exceptions.PolarsError, ValueError) as error:
            problem = error
            if "found more fields" in str(error) or "malformed" in str(error):
                break
    raise _malformed(ref, data, separator, len(header), problem)


def _malformed(ref: str, data: bytes, separator: str, width: int, problem: Exception | None) -> IntakeError:
    """Names the first line at fault, which the parser does not."""
    text = io.StringIO(data.decode("utf-8", "replace"), newline="")
    reader = csv.reader(text, delimiter=separator)
    try:
        for fields in reader:
            if len(fields) > width:
                found = f"{len(fields)} in line {reader.line_num}"
                return IntakeError(
                    f"{ref} is broken", expected=f"{width} fields", found=found, remedy="repair that line"
                )
            if any(len(f) > 100_000 and "\n" in f for f in fields):
                break
    except csv.Error:
        pass  # what the csv module cannot read either is told below, in the words of the parser
    if data.count(b'"') % 2:
        return IntakeError(
            f"{ref} is truncated",
            expected="every quote closed",
            found='an opening " without its end',
            remedy="download it again",
        )
    return _unreadable(ref, "csv", problem or ValueError("unknown"))


def _drop_index(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the nameless running number that data-frame libraries write first."""
    name = frame.columns[0]
    if name.strip() not in ("", "Unnamed: 0") or not frame[name].dtype.is_integer() or frame.width == 1:
        return frame
    return frame.drop(name) if (frame[name] == pl.int_range(frame.height, eager=True)).all() else frame
