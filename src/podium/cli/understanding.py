"""What intake understood, as a table for people: each value, how sure it is, and what speaks for it."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

KEYS = ("task_type", "target_column", "id_column", "metric", "metric_direction", "surrogate", "submission_kind", "classes",
        "inputs", "group_column", "time_column", "cv_strategy", "train_file", "test_file", "sample_file",
        "label_side_columns", "external_data")  # fmt: skip
EXTRA = ("label_cells", "pretrained", "time_gap", "cv_horizon", "group_overlap", "drift", "config_keys")
NARROWEST, WIDEST = 90, 150
MOST_OF_A_CHECK, MOST_ALONE = 3, 6
DOUBT = 0.75  # below this a value deserves a look


def table(competition: Mapping[str, Any]) -> str:
    """Rows of key, value, certainty and evidence; what is not there is left out, but for the five main values."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    colour = sys.stdout.isatty()
    width = min(max(shutil.get_terminal_size((WIDEST, 40)).columns, NARROWEST), WIDEST)
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    grid.add_column("", style="bold", no_wrap=True)
    grid.add_column("value", overflow="fold", max_width=44)
    grid.add_column("sure", justify="right", no_wrap=True)
    grid.add_column("because", overflow="fold", style="dim" if colour else "")
    for key, value, sure, why in rows(competition):
        mark = "" if sure is None else f"{sure:.0%}"
        style = "yellow" if sure is not None and sure < DOUBT else "green"
        grid.add_row(key, _escaped(value), f"[{style}]{mark}[/]" if mark else "", _escaped(why))
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False).print(grid)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join(lines).strip("\n")


def rows(competition: Mapping[str, Any]) -> list[tuple[str, str, float | None, str]]:
    """(key, value, certainty, evidence) of what is shown."""
    from podium.report.figures import one_line

    evidence: Mapping[str, Any] = competition.get("evidence") or {}
    found: list[tuple[str, str, float | None, str]] = []
    for key in (*KEYS, *(k for k in EXTRA if k in evidence)):
        why = evidence.get(key) or (evidence.get("target_columns") if key == "target_column" else None)
        value = _value(competition, key, why)
        if not value and key not in KEYS[:5]:
            continue
        told = "" if why is None else one_line(why["why"], 200)
        found.append((key, one_line(value or "–", 120), None if why is None else float(why["confidence"]), told))
    notes = [e["why"] for k, e in evidence.items() if k.startswith(("notice_", "files_"))]
    return [*found, *(("note", "", None, one_line(note, 200)) for note in notes[:8])]


def _value(competition: Mapping[str, Any], key: str, why: Mapping[str, Any] | None) -> str:
    if key == "metric":
        return str(competition.get("metric_title") or competition.get("metric") or "")
    if (
        key == "target_column"
        and len(competition.get("target_columns") or ()) > 1
        and not competition.get("target_name")
    ):
        return _listed(competition["target_columns"])
    if key == "classes":
        names = competition.get("classes") or ()
        return f"{len(names)}: {_listed(names, 5)}" if names else ""
    value = competition.get(key)
    if key in EXTRA and why is not None:  # with its unit
        return str(why["value"])
    return _listed(value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)


def _listed(values: Sequence[Any], most: int = 8) -> str:
    shown = ", ".join(str(v) for v in values[:most])
    return f"{shown}, … {len(values)} in all" if len(values) > most else shown


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def audit_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the audit saw, the gravest first, in a line a finding: a few of each check, the rest counted."""
    from podium.report.figures import one_line

    lines = []
    for severity in ("block", "warn", "info"):
        here = [f for f in findings if f["severity"] == severity]
        for check in dict.fromkeys(f["check"] for f in here):
            same = [_told(f) for f in here if f["check"] == check]
            shown = [", ".join(same[:MOST_ALONE])] if check == "association" else same[:MOST_OF_A_CHECK]
            lines += [f"{severity:6}{check:13}{one_line(told, WIDEST - 20)}" for told in shown]
            if check != "association" and len(same) > len(shown):
                lines.append(f"{'':6}{'':13}and {len(same) - len(shown)} more of this kind")
    return lines


def _told(finding: Mapping[str, Any]) -> str:
    column, message = finding["column"], str(finding["message"])
    return message if not column or column in message else f"{column} {message}"
