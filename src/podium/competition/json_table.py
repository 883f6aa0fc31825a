"""JSON tables: lines of objects, a list of objects, and the other shapes in which pandas writes one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from podium.competition import encoding
from podium.errors import IntakeError

WRAPPERS = ("data", "records", "rows", "items", "results")


def read_json(ref: str, path: Path, *, lines: bool) -> pl.DataFrame:
    """The table. Raises ValueError or PolarsError on broken JSON, IntakeError on a shape that is no table."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip():
        raise IntakeError(f"{ref} is empty", expected="a json table", remedy="download or unpack it again")
    marked = head.startswith(b"\xef\xbb\xbf") or encoding.by_mark(ref, head) != ""
    if marked or not encoding.is_utf8(path):
        text, _ = encoding.decode(ref, path.read_bytes())
        return _from_bytes(ref, text.encode(), lines)
    if lines or (head.lstrip()[:1] == b"{" and _is_lines(head)):
        return pl.read_ndjson(path, infer_schema_length=None)
    return _from_bytes(ref, path.read_bytes(), lines)


def _is_lines(head: bytes) -> bool:
    """Whether the first line is a whole object, and another follows."""
    first, _, rest = head.lstrip().partition(b"\n")
    try:
        json.loads(first)
    except ValueError:
        return False
    return rest.lstrip()[:1] == b"{"


def _from_bytes(ref: str, data: bytes, lines: bool) -> pl.DataFrame:
    start = data.lstrip()[:1]
    if lines or (start == b"{" and _is_lines(data[: 1 << 16])):
        return pl.read_ndjson(data, infer_schema_length=None)
    if start == b"[":
        first = data.lstrip()[1:].lstrip()[:1]
        if first == b"{":
            return pl.read_json(data, infer_schema_length=None)
    return _from_value(ref, json.loads(data))


def _from_value(ref: str, value: Any) -> pl.DataFrame:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return _from_lists(ref, [str(v) for v in value[0]], value[1:])
    if isinstance(value, dict):
        if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
            return _from_lists(ref, [str(c) for c in value["columns"]], value["data"])
        for key in WRAPPERS:
            if isinstance(value.get(key), list) and (not value[key] or isinstance(value[key][0], dict)):
                return pl.DataFrame(value[key], infer_schema_length=None)
        columns = list(value.values())
        if columns and all(isinstance(c, list) and len(c) == len(columns[0]) for c in columns):
            return pl.DataFrame(value, strict=False, infer_schema_length=None)
        if columns and all(isinstance(c, dict) and c.keys() == columns[0].keys() for c in columns):
            return _from_objects(value)
        if not any(isinstance(c, (dict, list)) for c in columns):
            return pl.DataFrame([value], infer_schema_length=None)  # lines of one row
    raise IntakeError(
        f"{ref} is JSON, but no table",
        expected="a list of objects, lines of objects, or an object of columns",
        found=type(value).__name__,
        remedy="save it as csv, or as lines of objects",
    )


def _from_lists(ref: str, names: list[str], rows: list[Any]) -> pl.DataFrame:
    if any(not isinstance(row, list) or len(row) != len(names) for row in rows):
        raise IntakeError(f"{ref} is broken", expected=f"{len(names)} values in each row", remedy="download it again")
    return pl.DataFrame(rows, schema=names, orient="row", strict=False, infer_schema_length=None)


def _from_objects(value: dict[str, dict[str, Any]]) -> pl.DataFrame:
    """column → row → cell as pandas writes by default, or row → column → cell: names of rows are numbers, or the more."""
    inner = list(next(iter(value.values())))
    columns_first = all(k.lstrip("-").isdigit() for k in inner) or (
        not all(k.lstrip("-").isdigit() for k in value) and len(inner) >= len(value)
    )
    if columns_first:
        return pl.DataFrame(
            {c: list(cells.values()) for c, cells in value.items()}, strict=False, infer_schema_length=None
        )
    return pl.DataFrame(list(value.values()), infer_schema_length=None)
