"""Excel and OpenDocument workbooks: a sheet is a table. Needs the `excel` extra."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from podium.errors import IntakeError


def sheets(ref: str, path: Path) -> list[str]:
    """Names of the sheets that hold a table. Raises IntakeError: no reader installed, a damaged workbook."""
    with _opened(ref, path) as book:
        return _with_rows(book)


def read_sheet(ref: str, path: Path, sheet: str) -> pl.DataFrame:
    """The sheet of this name; the only one that holds a table where the name is "". Whole numbers, which a workbook
    keeps as others, are read as such."""
    with _opened(ref, path) as book:
        found = _with_rows(book)
        if not sheet and len(found) != 1:
            raise IntakeError(f"{ref}: which sheet is meant", expected="one sheet with a table", found=", ".join(found))
        if sheet and sheet not in found:
            raise IntakeError(f"no sheet {sheet!r} in {ref}", found=", ".join(found) or "no sheet with a table")
        frame: pl.DataFrame = book.load_sheet(sheet or found[0], schema_sample_rows=None).to_polars()
    frame = frame.drop([c for c in frame.columns if c.startswith("__UNNAMED__") and not frame[c].is_not_null().any()])
    return frame.with_columns(_whole(frame[c]) for c in frame.columns if frame[c].dtype == pl.Float64)


def _with_rows(book: Any) -> list[str]:
    return [name for name in book.sheet_names if book.load_sheet(name, header_row=None).height >= 2]


def _whole(series: pl.Series) -> pl.Series:
    numbers = series.cast(pl.Int64, strict=False)
    return numbers if numbers.null_count() == series.null_count() and (numbers == series).all() else series


@contextlib.contextmanager
def _opened(ref: str, path: Path) -> Iterator[Any]:
    try:
        import fastexcel
    except ImportError as error:
        raise IntakeError(
            f"{ref} is a workbook",
            expected="fastexcel to read it",
            remedy="pip install 'podium[excel]', or save it as csv",
        ) from error
    try:
        yield fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise IntakeError(
            f"cannot read {ref}",
            expected="a whole workbook",
            found=(str(error).strip().splitlines() or ["unreadable"])[0][:160],
            remedy="download it again",
        ) from error
