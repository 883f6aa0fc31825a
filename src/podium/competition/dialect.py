"""How a text table is written: its separator, header, what stands before it, decimal commas, line ends."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

import polars as pl

from podium.errors import IntakeError

SEPARATORS = (",", "\t", ";", "|")
RARE = (" ", "^", "~", "\x01", ":")  # only where every line has as many of them as the header
LINES = 100  # records of the head that tell the dialect
PREAMBLE = 50  # at most so many lines stand before the header
_COMMA = r"^\s*[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?\s*$"  # a number, perhaps with a decimal comma


@dataclass(frozen=True)
class Dialect:
    """`layout`: plain (as many fields as names), index (rows begin with one field more), trailing (they end with an
    empty one more)."""

    separator: str
    names: tuple[str, ...]  # as spelled, "" where unnamed
    skip: int = 0  # lines before the header
    header_lines: int = 1  # a quoted name may hold a line end
    layout: Literal["plain", "index", "trailing"] = "plain"
    decimal_comma: bool = False
    eol: str = "\n"
    notices: tuple[str, ...] = field(default=())

    @property
    def fields(self) -> tuple[str, ...]:
        """A name for each field of a row."""
        if self.layout == "index":
            return ("", *self.names)
        return (*self.names, "") if self.layout == "trailing" else self.names


def sniff(ref: str, head: str) -> Dialect:
    """The dialect, from the beginning of a table's text. Raises IntakeError where the first line is no header."""
    head = head.removeprefix("\ufeff")
    eol = "\r" if "\r" in head and "\n" not in head else "\n"
    head = head.replace("\r", "\n") if eol == "\r" else head
    skip, separator = _start(ref, head)
    body = "\n".join(head.split("\n")[skip:])
    names, lines, rows = _records(ref, body, separator)
    notices = (f"{ref}: {skip} line{'s' if skip > 1 else ''} before its header left out",) if skip else ()
    return Dialect(
        separator, tuple(names), skip, lines, _layout(len(names), rows), _decimal_comma(body, separator), eol, notices
    )


def _lines(head: str) -> list[str]:
    return [line.rstrip("\r") for line in islice(head.split("\n"), LINES + PREAMBLE)]


def _start(ref: str, head: str) -> tuple[int, str]:
    """Lines before the header, and the separator. Without a sign of anything before it, the header is the first line."""
    lines = _lines(head)
    separator = _separator(ref, lines[0], lines)
    best = (0, separator)
    width = _count(lines[0], separator)
    later = [w for w in (_count(line, separator) for line in lines[1:LINES] if line.strip()) if w]
    if lines[0].strip() and not lines[0].startswith("#") and (width > 1 or not later or max(later) == 1):
        return best
    return _preamble(lines) or best


def _preamble(lines: list[str]) -> tuple[int, str] | None:
    """Where lines of one field stand before many lines of several: the first of these is the header."""
    for separator in SEPARATORS:
        widths = [_count(line, separator) for line in lines]
        common, times = Counter(w for w in widths[1:] if w > 1).most_common(1)[0] if max(widths) > 1 else (0, 0)
        if times < 2 or times < 0.5 * (len(widths) - min(PREAMBLE, widths.index(common))):
            continue
        at = next(
            i for i, w in enumerate(widths) if w in (common, common - 1) and w > 1 and not lines[i].startswith("#")
        )
        named = [f for f in lines[at].split(separator) if re.search(r"[^\W\d]", f)]
        plain = all(
            w <= 1 or line.startswith("#") or not line.strip() for w, line in zip(widths[:at], lines, strict=False)
        )
        if 0 < at <= PREAMBLE and plain and len(named) > widths[at] / 2:
            return at, separator
    return None


def _count(line: str, separator: str) -> int:
    if not line.strip():
        return 0
    return re.sub(r'"[^"]*"', "", line).count(separator) + 1


def _separator(ref: str, header: str, lines: list[str]) -> str:
    """The one that cuts the rows like the header; of several, the one that cuts most."""
    others = [line for line in lines[1:LINES] if line.strip()]

    def alike(separator: str) -> float:
        width = _count(header, separator)
        return sum(_count(line, separator) == width for line in others) / max(1, len(others))

    found = [s for s in SEPARATORS if _count(header, s) > 1]
    if len(found) == 1:
        return found[0]
    if found:
        return max(found, key=lambda s: (round(alike(s), 1), _count(header, s)))
    rare = [s for s in RARE if _count(header, s) > 1 and len(others) > 1 and alike(s) == 1.0]
    if rare and not any(_count(line, ",") > 1 for line in others):
        return rare[0]
    return "\t" if ref.lower().split(".gz")[0].endswith((".tsv", ".tab")) else ","


def _records(ref: str, body: str, separator: str) -> tuple[list[str], int, list[list[str]]]:
    """The header's names, the lines it takes, and the rows after it (the last one may be cut)."""
    reader = csv.reader((line + "\n" for line in body.split("\n")), delimiter=separator)
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise IntakeError(
            f"the header of {ref} is broken",
            expected="one line of column names",
            found=str(error).partition(" - ")[0],
            remedy="save the table again with ordinary line ends",
        ) from error
    lines, rows = reader.line_num, []
    with contextlib.suppress(csv.Error):  # the parser will say where
        rows = [row for row in islice(reader, LINES) if row]
    return names, max(1, lines), rows


def _layout(width: int, rows: list[list[str]]) -> Literal["plain", "index", "trailing"]:
    longer = [row for row in rows if len(row) == width + 1]
    if len(longer) < 2 or len(longer) < 0.9 * len(rows):
        return "plain"
    return "trailing" if all(row[-1].strip() == "" for row in longer) else "index"


def _decimal_comma(text: str, separator: str) -> bool:
    if separator == ",":
        return False
    body = text[text.find("\n") + 1 :][:20000]
    return bool(re.search(r"(?<![\d.,])\d+,\d+(?![\d.,])", body)) and not re.search(
        r"(?<![\d.,])\d+\.\d+(?![\d.,])", body
    )


def with_points(frame: pl.DataFrame, as_text: frozenset[str] | None) -> pl.DataFrame:
    """Columns kept as spelled that are numbers with decimal commas (`1.234,5`), spelled with points."""
    for name in (c for c in frame.columns if as_text is None or c in as_text):
        text = frame[name]
        if text.dtype == pl.String and text.str.contains(",", literal=True).any() and text.str.contains(_COMMA).all():
            plain = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
            frame = frame.with_columns(plain.alias(name))
    return frame
