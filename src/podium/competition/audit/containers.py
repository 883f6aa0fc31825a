"""Containers (JSON columns; attached .json, .xml, .npz, .mat files): keys named like the label, values that give it away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.competition import levels
from podium.competition.audit import attachments
from podium.competition.audit.arrays import leaves
from podium.competition.audit.view import Ints, View, finding
from podium.records import AuditFinding

SUFFIXES = (".json", ".xml", ".npz", ".mat")
MOST_READ = 300  # values of a column, or files
MOST_BYTES = 1_000_000  # of a file
MOST_KEYS = 200
DEPTH = 5
LEAST = 40  # containers that have a key, before its values are measured
LABEL = re.compile(
    r"^(labels?|targets?|class(es)?|answers?|solutions?|ground_?truths?|gt|y|y_?true|is_?correct|verdict|outcome)$"
)


def check_columns(view: View) -> Iterator[AuditFinding]:
    for column in view.of_kind("text", "categorical", "code"):
        series = view.train[column.name]
        head = series.drop_nulls().head(20)
        if len(head) < 10 or not all(v.lstrip().startswith(("{", "[{")) for v in head):
            continue
        rows = np.arange(len(series))[:MOST_READ]
        read = [_json(v) for v in series.head(MOST_READ).to_list()]
        in_test = {key for v in view.test[column.name].head(MOST_READ).to_list() for key in _json(v)}
        yield from _judge(view, column.name, rows, read, in_test)


def check_files(view: View) -> Iterator[AuditFinding]:
    test = {a.column: a for a in attachments.of_test(view, MOST_READ)}
    for attachment in attachments.of_train(view, MOST_READ):
        if attachment.paths[0].suffix not in SUFFIXES:
            continue
        read = [_read(path) for path in attachment.paths]
        others = test[attachment.column].paths if attachment.column in test else ()
        in_test = {key for path in others for key in _read(path)}
        yield from _judge(view, attachment.column, attachment.rows, read, in_test)


def _judge(
    view: View, column: str, rows: Ints, read: Sequence[Mapping[str, str]], in_test: set[str]
) -> Iterator[AuditFinding]:
    outcome = levels.outcomes(view.truth.take(rows))
    names = {name.lower() for name in view.targets}
    counts: dict[str, int] = {}
    for one in read:
        for key in one:
            counts[key] = counts.get(key, 0) + 1
    for key in sorted(counts, key=lambda k: -counts[k])[:MOST_KEYS]:
        last = re.sub(r"\[\]|@", "", key.rsplit(".", 1)[-1]).lower()
        named = last in names or bool(LABEL.match(last))
        strength = _strength(key, read, outcome) if counts[key] >= LEAST else 0.0
        absent = "; test's containers lack it" if key not in in_test else ""
        if strength > 0.9 or (named and (strength > 0.3 or absent)):
            told = f" (strength {strength:.2f}; 1 tells all)" if strength else ""
            text = f"{column}: its key {key!r} holds what looks like the label{told}{absent}"
            yield finding("container", "warn", column, strength or None, text)
        elif named:
            text = f"{column}: its key {key!r} is named like a label, and tells nothing of the target"
            yield finding("container", "info", column, strength, text)


def _strength(key: str, read: Sequence[Mapping[str, str]], outcome: np.ndarray[Any, Any]) -> float:
    values = pl.Series([one.get(key, "") for one in read])
    if values.n_unique() < 2:
        return 0.0
    numbers = values.cast(pl.Float64, strict=False)
    ordered = numbers if numbers.null_count() <= (values == "").sum() else values
    codes = np.asarray(ordered.rank("dense").fill_null(0).cast(pl.Int64))
    told = levels.told(codes, outcome)
    return max(told.named, told.ordered) if max(told.named, told.ordered) > told.chance else 0.0


# ---------------------------------------------------------------- reading


def _json(value: str | None) -> dict[str, str]:
    if not value:
        return {}
    try:
        return dict(_flat(json.loads(value), ""))
    except (ValueError, RecursionError):
        return {}  # no JSON after all


def _flat(value: Any, key: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Leaves of nested mappings by their path; of a list, its first member."""
    if depth > DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in list(value.items())[:MOST_KEYS]:
            yield from _flat(inner, f"{key}.{name}" if key else str(name), depth + 1)
    elif isinstance(value, list):
        if value:
            yield from _flat(value[0], f"{key}[]", depth + 1)
    elif value is not None:
        yield key, str(value)[:100]


def _read(path: Path) -> dict[str, str]:
    """Keys and first values of a container; {} of one that is too large or that its format cannot read."""
    if path.stat().st_size > MOST_BYTES:
        return {}
    if path.suffix == ".json":
        return _json(path.read_text("utf-8", "replace"))
    if path.suffix == ".xml":
        return _xml(path.read_text("utf-8", "replace"))
    return leaves(path)


def _xml(text: str) -> dict[str, str]:
    """Elements and attributes by path. Documents that define entities are left unread: they may grow without end."""
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return {}
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return {}
    found: dict[str, str] = {}
    waiting = [(root.tag, root)]
    while waiting and len(found) < MOST_KEYS:
        path, element = waiting.pop(0)
        if element.text and element.text.strip():
            found.setdefault(path, element.text.strip()[:100])
        for name, value in element.attrib.items():
            found.setdefault(f"{path}.@{name}", value[:100])
        waiting += [(f"{path}.{child.tag}", child) for child in list(element)[:MOST_KEYS]]
    return found


CHECKS = (check_columns, check_files)
