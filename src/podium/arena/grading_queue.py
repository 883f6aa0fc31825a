"""Grading in the background: what is pending, oldest first, by a worker process that may be slow, crash or hang."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from podium.arena.account_service import utc_now
from podium.arena.store import audit, submissions
from podium.arena.store.database import Database
from podium.arena.store.submissions import Kept

BATCH, TOGETHER_S = 50, 0.2
IDLE_S = 5.0  # between looks where nobody woke it: another process may have written a submission


class Marker(Protocol):
    """What scores one submission: (public, private, ""), or (None, None, why not)."""

    def mark(self, kept: Kept) -> tuple[float | None, float | None, str]: ...

    def close(self) -> None: ...


class GradingQueue:
    """A thread that drains what is pending. The table is the queue: a crash loses nothing, and a score is written once."""

    def __init__(self, database: Database, marker: Marker, clock: Callable[[], datetime] = utc_now) -> None:
        self._database, self._marker, self._clock = database, marker, clock
        self._look, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="arena-grading", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._look.set()

    def close(self) -> None:
        """Finish the submission at hand, then stop; the rest waits in the table."""
        self._stop.set()
        self._look.set()
        if self._thread.is_alive():
            self._thread.join()
        self._marker.close()

    def drain(self) -> int:
        """Grade all that is pending, here; returns how many."""
        graded = 0
        while not self._stop.is_set():
            with self._database.read() as connection:
                waiting = submissions.pending(connection, BATCH)
            if not waiting:
                break
            graded += self._grade(waiting)
        return graded

    def _grade(self, waiting: Sequence[Kept]) -> int:
        """The first of these, as many as are marked within a moment: a crowd's small ones share one commit."""
        until, marked = time.monotonic() + TOGETHER_S, []
        for kept in waiting:
            marked.append((kept, self._marker.mark(kept)))
            if self._stop.is_set() or time.monotonic() > until:
                break
        with self._database.write() as connection:
            for kept, (public, private, error) in marked:
                now, scores = self._clock(), None if public is None else (public, private)
                if submissions.settle(connection, kept.id, now, scores=scores, error=error):
                    outcome = "graded" if scores else "not_graded"
                    audit.append(connection, now, "server", outcome, contest=kept.contest, subject=kept.id)
        return len(marked)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look.clear()
            try:
                self.drain()
            except Exception:  # noqa: BLE001 (the database was away, say: what is pending waits in it, and so do we)
                traceback.print_exc()
            self._look.wait(IDLE_S)
