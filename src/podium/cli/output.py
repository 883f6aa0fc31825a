"""Where the commands' words go: results to stdout, progress and remarks to stderr, JSON as one document."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

SCHEMA_VERSION = 1

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The campaign's folder.")]


def result(values: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """The command's answer, once, on stdout."""
    if as_json:
        text = json.dumps({"schema_version": SCHEMA_VERSION, **values}, ensure_ascii=False, allow_nan=False)
    print(text, flush=True)


def remark(text: str) -> None:
    """A word beside the answer, on stderr."""
    print(text, file=sys.stderr, flush=True)


def short(path: Path | str) -> str:
    """The path as one would type it from here."""
    absolute, here = Path(path).absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) and absolute != here else str(absolute)


def aligned(rows: Sequence[Sequence[object]]) -> str:
    """Rows as lines with their cells one below the other; "" for no rows. What a terminal would obey is left out: cells may
    hold what strangers chose."""
    texts = [[_plain(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in texts)


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
