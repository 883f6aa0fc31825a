"""What the cells of a column hold, measured on its first rows: boxes, run lengths, lists, polygons. Shares are 0..1."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

HEAD = 2000  # cells looked at
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?"
_FOUR = rf"^\s*[\[({{]?\s*{_NUMBER}(?:\s*[,;\s]\s*{_NUMBER}){{3}}\s*[\])}}]?\s*$"
_RUNS = r"^\s*\d+ \d+(?: \d+ \d+)*\s*$"
_POLYGON = r"^\s*(?:MULTI)?POLYGON\b"
_ITEM = r"[A-Za-z0-9_\-:.]+"


def head(series: pl.Series) -> pl.Series:
    """The first cells that hold something, as String."""
    if series.dtype in (pl.List, pl.Struct, pl.Array, pl.Object):
        return pl.Series(series.name, [str(v) for v in series.drop_nulls().head(HEAD).to_list()], dtype=pl.String)
    cells = series.drop_nulls().cast(pl.String).str.strip_chars()
    return cells.filter(cells != "").head(HEAD)


def share(flags: pl.Series) -> float:
    return float(flags.mean() or 0.0) if len(flags) else 0.0  # type: ignore[arg-type]


def four_numbers(series: pl.Series) -> float:
    """Cells such as `[834.0, 222.0, 56.0, 36.0]`."""
    return share(head(series).str.contains(_FOUR))


def polygons(series: pl.Series) -> float:
    """Cells in well-known text."""
    return share(head(series).str.contains(_POLYGON))


def runs(series: pl.Series) -> float:
    """Cells that are run lengths: pairs of whole numbers, starts ascending and runs apart; "-1" and "1 1" say nothing.

    0 where no cell has three pairs: a short list of numbers is no mask.
    """
    cells = head(series)
    cells = cells.filter(~cells.is_in(["-1", "1 1", "0 0"]))
    if not len(cells):
        return 0.0
    paired = cells.str.contains(_RUNS)
    long = cells.filter(paired & (cells.str.count_matches(" ") >= 5)).head(200).to_list()
    if len(long) < min(3, len(cells)):
        return 0.0
    good = sum(_ascending(cell) for cell in long)
    return share(paired) * good / len(long)


def _ascending(cell: str) -> bool:
    numbers = np.array(cell.split(), dtype=np.float64)
    starts, lengths = numbers[::2], numbers[1::2]
    return bool((starts[1:] >= starts[:-1] + lengths[:-1]).all() and (lengths > 0).all())


def detections(series: pl.Series) -> float:
    """Cells that are groups of `[label] [confidence] x y w h`: five or six tokens a box, or four."""
    cells = head(series).head(300).to_list()
    good = sum(_groups(cell) for cell in cells)
    return good / len(cells) if cells else 0.0


def _groups(cell: str) -> bool:
    tokens = cell.split()
    for size in (5, 6):
        if len(tokens) % size == 0 and len(tokens) >= size:
            numbers = [t for at, t in enumerate(tokens) if at % size >= size - 4]
            if all(re.fullmatch(_NUMBER, t) for t in numbers):
                return True
    return False


def lists(series: pl.Series) -> float:
    """Cells of two items or more, separated by single blanks, commas, semicolons or bars, perhaps in brackets."""
    return share(_unwrapped(series).str.contains(rf"^{_ITEM}(?: {_ITEM})+$"))


def split_by(cell: str) -> str:
    """What stands between the items of a cell; "" where it is one item."""
    found = re.search(r"\s*[,;|]\s*|\s+", cell.strip())
    return found[0] if found else ""


def tokens(series: pl.Series) -> pl.Series:
    """Every item of every cell looked at."""
    split = _unwrapped(series).str.split(" ").explode()
    return split.filter(split != "")


def _unwrapped(series: pl.Series) -> pl.Series:
    plain = head(series).str.strip_chars("[](){} ").str.replace_all(r"""["']""", "")
    return plain.str.replace_all(r"\s*[,;|]\s*", " ")


def within(values: pl.Series, other: pl.Series) -> float:
    """Share of distinct values that the other column holds, by spelling; `1`, `1.0` and `01` are one."""
    asked = _plain(values)
    known = _plain(other)
    return share(asked.is_in(known.implode())) if len(asked) else 0.0


def _plain(values: pl.Series) -> pl.Series:
    return (
        values.drop_nulls()
        .cast(pl.String)
        .str.strip_chars()
        .str.replace(r"\.0+$", "")
        .str.replace(r"^0+([0-9])", "${1}")
        .unique()
    )


def numeric(series: pl.Series) -> bool:
    """Whether every cell that holds something is a number."""
    cells = series.drop_nulls()
    if not len(cells):
        return False
    return (
        cells.dtype.is_numeric()
        or cells.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).null_count() == 0
    )


def unique_share(series: pl.Series) -> float:
    return series.n_unique() / max(1, len(series))
