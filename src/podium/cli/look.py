"""`podium status`, `watch`, `report`: look at a campaign, from anywhere, at any time."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.output import SCHEMA_VERSION, Folder, Json, result, short

if TYPE_CHECKING:
    from podium.registry.events import Event


def status(folder: Folder, as_json: Json = False) -> None:
    """Where the campaign stands, now."""
    from podium.report.snapshot import snapshot

    if as_json:
        result(snapshot(folder), "", as_json=True)
        return
    from rich.console import Console

    from podium.report.frame import frame
    from podium.report.terminal import Reader

    reader, console = Reader(folder), Console()
    try:
        unicode = console.encoding.lower().startswith("utf")
        console.print(frame(reader.snapshot(), reader.messages(), console.width, 60, unicode=unicode))
    finally:
        reader.close()


def watch(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line an event on stdout.")] = False,
    after: Annotated[
        int, typer.Option("--after", help="Only events newer than this id (lines, not the live view).")
    ] = 0,
) -> None:
    """Follow the campaign until no engine is at work on it: live in a terminal, else one line an event."""
    from podium.report import terminal

    over = terminal.is_over(folder)
    if as_json:
        for event in terminal.follow(folder, over, after=after):
            print(event_json(event), flush=True)
    elif sys.stdout.isatty():
        from rich.console import Console

        terminal.show(folder, Console(), over)
    else:
        terminal.print_lines(folder, sys.stdout, over, after=after)


def event_json(event: Event) -> str:
    """One event as one line."""
    values = {
        "schema_version": SCHEMA_VERSION,
        "id": event.id,
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds"),
        "alive_s": event.alive_s,
        "round": event.round,
        "kind": event.kind,
        "payload": dict(event.payload),
    }
    return json.dumps(values, ensure_ascii=False)


def report(folder: Folder, as_json: Json = False) -> None:
    """Write report.html, one self-contained page, and say where it is."""
    from podium.report.page import write_report

    path = write_report(folder)
    result({"report": str(path.absolute())}, short(path), as_json=as_json)
