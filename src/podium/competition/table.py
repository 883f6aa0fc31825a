"""Reading one table as its host ships it: csv, tsv, JSON, Parquet, Feather, Excel; plain, packed or inside archives.

A reference is a path below the data folder; a member of an archive is `archive.zip/member.csv`, a sheet `book.xlsx/name`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from podium.competition import archives, delimited, json_table, memory, sampling, spreadsheet
from podium.competition.delimited import NULLS
from podium.competition.encoding import decode
from podium.errors import IntakeError

__all__ = ["FORMATS", "NULLS", "TEXT_FORMATS", "Table", "decode", "format_of", "header", "read_bytes", "read_table"]

TEXT_FORMATS = ("csv", "tsv", "tab", "txt", "dat", "data")
JSON_FORMATS = ("json", "jsonl", "ndjson")
BOOKS = ("xlsx", "xls", "xlsm", "xlsb", "ods")
FORMATS = (*TEXT_FORMATS, *JSON_FORMATS, "parquet", "pq", "feather", "ftr", "arrow", "ipc", *BOOKS)
_PACKED = re.compile(r"\.(gz|zip|bz2|xz|7z)$")
_SHEET = re.compile(rf"^(.*\.({'|'.join(BOOKS)}))/([^/]+)$", re.I)


@dataclass(frozen=True)
class Table:
    """A table as read: `frame`, and what a person should know about how it was read."""

    ref: str
    frame: pl.DataFrame
    notices: tuple[str, ...] = field(default=())


def format_of(ref: str) -> str | None:
    """The table format a file name tells: csv, parquet, …; None for anything else. `train.csv.zip` is a csv."""
    sheet = _SHEET.match(ref)
    if sheet:
        return sheet.group(2).lower()
    name = _PACKED.sub("", ref.lower()).rsplit("/", 1)[-1]
    suffix = name.rsplit(".", 1)[-1] if "." in name else ""
    return suffix if suffix in FORMATS else None


def read_table(
    folder: Path, ref: str, as_text: Collection[str] = (), *, all_text: bool = False, one_in: int = 1
) -> Table:
    """The table at `folder / ref`; columns in `as_text` (or all) as spelled (String), so ids and labels keep their form.
    `one_in`: of so many rows of a text or Parquet table, one (`sampling`).

    Raises IntakeError: missing, empty, truncated, binary, more or fewer fields than the header, unsafe to unpack.
    """
    book, sheet = split_sheet(ref)
    with archives.unpacked(folder, book, _is_table) as path:
        kind = _kind(ref, path)
        if path.stat().st_size == 0:
            raise IntakeError(f"{ref} is empty", expected=f"a {kind} table", remedy="download or unpack it again")
        if kind in TEXT_FORMATS:
            with told(ref, kind):
                spelled = None if all_text else frozenset(as_text)
                return Table(ref, *delimited.read_delimited(ref, path, spelled, one_in))
        with told(ref, kind):
            frame = _read(ref, kind, path, sheet, one_in)
    if not frame.width:
        raise IntakeError(f"{ref} is empty", expected=f"a {kind} table", remedy="download or unpack it again")
    if not frame.height:
        raise IntakeError(f"{ref} has no rows", expected="one row at least", remedy="download it again")
    return Table(ref, _spell(frame, frame.columns if all_text else as_text))


def header(folder: Path, ref: str) -> list[str]:
    """Column names of a table, without reading its rows where the format allows."""
    book, sheet = split_sheet(ref)
    with archives.unpacked(folder, book, _is_table) as path:
        kind = _kind(ref, path)
        with told(ref, kind):
            if kind in TEXT_FORMATS:
                return delimited.header(ref, path)
            if kind in ("parquet", "pq"):
                return list(pl.read_parquet_schema(path))
            if kind in ("feather", "ftr", "arrow", "ipc"):
                return list(pl.read_ipc_schema(path))
            return _read(ref, kind, path, sheet).columns


def read_bytes(folder: Path, ref: str) -> bytes:
    """The unpacked content of a reference."""
    with archives.unpacked(folder, ref, _is_table) as path, told(ref, "readable"):
        return path.read_bytes()


def split_sheet(ref: str) -> tuple[str, str]:
    """(workbook, sheet) of a reference; the sheet is "" where none is named."""
    found = _SHEET.match(ref)
    return (found.group(1), found.group(3)) if found else (ref, "")


class told:
    """What the readers of a format raise, in one line."""

    def __init__(self, ref: str, kind: str) -> None:
        self.ref, self.kind = ref, kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError)) and not isinstance(
            error, IntakeError
        ):
            raise unreadable(self.ref, self.kind, error) from error
        if isinstance(error, OSError):
            raise IntakeError(
                f"cannot read {self.ref}", found=str(error), remedy="check the file and its permissions"
            ) from error


def unreadable(ref: str, kind: str, error: BaseException) -> IntakeError:
    first = (str(error).strip().splitlines() or ["unreadable"])[0][:160]
    return IntakeError(f"cannot read {ref}", expected=f"a whole {kind} table", found=first, remedy="download it again")


def _is_table(name: str) -> bool:
    return format_of(name) is not None


def _kind(ref: str, path: Path) -> str:
    """By the reference's name, else by the one member of an archive."""
    return format_of(ref) or format_of(path.name) or "csv"


def _read(ref: str, kind: str, path: Path, sheet: str, one_in: int = 1) -> pl.DataFrame:
    if kind in BOOKS:
        return spreadsheet.read_sheet(ref, path, sheet)
    if kind in JSON_FORMATS:
        return json_table.read_json(ref, path, lines=kind != "json")
    if kind in ("parquet", "pq"):
        memory.refuse_parquet(ref, path, one_in)
        whole = one_in == 1
        frame = (
            pl.read_parquet(path, glob=False) if whole else sampling.drawn(pl.scan_parquet(path, glob=False), one_in)
        )
    else:
        memory.refuse_arrow(ref, path)
        frame = pl.read_ipc(path)
    return _without_index(frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)))


def _without_index(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the index that pandas keeps beside its columns."""
    return frame.drop([c for c in frame.columns if c.startswith("__index_level_")])


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
