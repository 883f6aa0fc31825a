"""The live terminal of `podium run` and `podium watch`: drawn from the registry by a reader with its own connection."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from podium.registry import Registry
from podium.registry.events import Event
from podium.report.event_line import event_line, is_quiet
from podium.report.snapshot import budget_values, campaign_state, change_mark, read_snapshot

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

POLL_S = 0.5
CLOCK_S = 2.0
LAST_MESSAGES = 4
AT_WORK = ("running", "paused", "waiting")


class Reader:
    """Snapshots and events through one read-only connection. Reads the tables again only when they have changed."""

    def __init__(self, campaign: Path) -> None:
        """Raises CampaignError where there is no campaign."""
        self.campaign, self._registry = campaign, Registry.open(campaign)
        self._mark: tuple[Any, ...] | None = None
        self._snapshot: dict[str, Any] = {}
        self._messages: list[Event] = []

    def snapshot(self) -> dict[str, Any]:
        """The present snapshot; with an unchanged registry only its clock and its liveness are read."""
        mark = change_mark(self._registry)
        if mark != self._mark:
            self._mark, self._snapshot = mark, read_snapshot(self.campaign, self._registry)
            self._messages = [self._complete(event) for event in self._registry.events.newest(60)]
            return self._snapshot
        self._snapshot["state"] = campaign_state(self.campaign, self._registry)
        self._snapshot["clock"] = budget_values(self._registry, [])["clock"]
        return self._snapshot

    def messages(self) -> list[str]:
        """The last few events worth a line, oldest first, as of the last `snapshot`."""
        return [event_line(event) for event in self._messages if not is_quiet(event)][-LAST_MESSAGES:]

    def events_after(self, id_: int) -> list[Event]:
        return [self._complete(event) for event in self._registry.events.after(id_)]

    def newest_event(self) -> int:
        newest = self._registry.events.newest(1)
        return newest[0].id if newest else 0

    def close(self) -> None:
        self._registry.close()

    def _complete(self, event: Event) -> Event:
        """The event with what it is about, where the engine left that to the tables: a score, a file, a state."""
        query = _COMPLETED.get(event.kind)
        if query is None:
            return event
        key, sql = query
        row = self._registry.database.row(sql, str(event.payload.get(key)))
        known = {} if row is None else {name: value for name, value in dict(row).items() if value is not None}
        return replace(event, payload={**known, **event.payload})


_COMPLETED = {  # kind of event → the field that names its row, and the row
    "verdict": ("experiment", "SELECT score, stderr, message FROM experiments WHERE id=?"),
    "submission": ("tag", "SELECT file, state, expected FROM submissions WHERE tag=?"),
}


def show(campaign: Path, console: Console, until: Callable[[], bool]) -> None:
    """Draw the campaign in place until `until()` or, where it is over, once; the last frame stays on the screen."""
    from rich.live import Live

    from podium.report.frame import frame

    reader = Reader(campaign)
    try:
        drawn: tuple[Any, ...] = ()

        def draw() -> RenderableType:
            return frame(reader.snapshot(), reader.messages(), console.width, console.height, unicode=_unicode(console))

        with Live(draw(), console=console, auto_refresh=False, transient=False) as live:
            while not until():
                now = reader.snapshot()
                look = (
                    reader._mark,
                    now["state"],
                    int(now["clock"]["alive_s"] / CLOCK_S),
                    console.width,
                    console.height,
                )
                if look != drawn:  # a frame costs 10 ms: the clock alone is not worth one each time
                    drawn = look
                    live.update(draw(), refresh=True)
                time.sleep(POLL_S)
            live.update(draw(), refresh=True)
    finally:
        reader.close()


def follow(campaign: Path, until: Callable[[], bool], *, after: int | None = None) -> Iterator[Event]:
    """Each event once, oldest first, until `until()`; then whatever is left. `after` None: from the first."""
    reader, last = Reader(campaign), after or 0
    try:
        while True:
            over = until()  # asked before the read: nothing that precedes the end is missed
            events = reader.events_after(last)
            for event in events:
                last = event.id
                yield event
            if over and not events:
                return
            if not events:
                time.sleep(POLL_S)
    finally:
        reader.close()


def print_lines(campaign: Path, stream: TextIO, until: Callable[[], bool], *, after: int | None = None) -> None:
    """One plain line an event, for pipes, logs and machines without a terminal."""
    for event in follow(campaign, until, after=after):
        print(event_line(event), file=stream, flush=True)


def is_over(campaign: Path) -> Callable[[], bool]:
    """A test whether nobody is at work on the campaign (any more): no engine, and no outside agent between two calls."""

    def over() -> bool:
        registry = Registry.open(campaign)
        try:
            return campaign_state(campaign, registry) not in AT_WORK
        finally:
            registry.close()

    return over


class Watcher:
    """Shows progress from a thread while this process runs the engine. Use as a context manager."""

    def __init__(self, campaign: Path, *, live: bool, stream: TextIO | None = None) -> None:
        """`live`: draw in place (a terminal); else one line an event. `stream`: stderr unless told otherwise."""
        self._campaign, self._live = campaign, live
        self._stream = sys.stderr if stream is None else stream
        self._stop, self._after = threading.Event(), 0
        self._thread = threading.Thread(target=self._watch, name="podium-terminal", daemon=True)

    def __enter__(self) -> Watcher:
        reader = Reader(self._campaign)
        self._after = reader.newest_event()  # a resume does not tell the past again
        reader.close()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)

    def _watch(self) -> None:
        if self._live:
            from rich.console import Console

            show(self._campaign, Console(file=self._stream), self._stop.is_set)
            return
        print_lines(self._campaign, self._stream, self._stop.is_set, after=self._after)


def _unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
