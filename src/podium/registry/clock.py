"""How long the engine has been alive, journalled each second. Only the monotonic clock is asked: the wall clock may jump."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress

from podium.errors import StaleEpoch
from podium.registry.database import Database


class Clock:
    """Total alive seconds over all engines of this campaign. A resume spends the rest, never more."""

    def __init__(self, database: Database, *, started: float | None = None) -> None:
        """`started`: the monotonic time this engine's process began, so that its start-up is charged too."""
        self._database = database
        row = database.row("SELECT value FROM meta WHERE key='alive_s'")
        self._before = 0.0 if row is None else float(row["value"])
        self._started = time.monotonic() if started is None else started
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def alive_s(self) -> float:
        return self._before + time.monotonic() - self._started

    def charge(self, seconds: float) -> None:
        """Add time that passed while no engine was alive but a run it left behind went on."""
        self._before += seconds

    def beat(self) -> None:
        """Journal the time."""
        with self._database.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('alive_s', ?)", (f"{self.alive_s():.3f}",))

    def start(self) -> None:
        """Beat each second from a thread with a connection of its own, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="podium-clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and journal what passed since its last beat, however the engine ends."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        # a newer engine counts from what it found; a full disk was told of, and must not hide what ended the engine
        with suppress(StaleEpoch, sqlite3.OperationalError):
            self.beat()

    def _run(self) -> None:
        own = Database(self._database.path, epoch=self._database.epoch)
        try:
            while not self._stop.wait(1.0):
                try:
                    with own.write() as db:
                        db.execute("INSERT OR REPLACE INTO meta VALUES ('alive_s', ?)", (f"{self.alive_s():.3f}",))
                except sqlite3.OperationalError:
                    continue  # a full disk says so by the engine's own next write; a busy one is free again in a second
        except StaleEpoch:
            return  # a newer engine: this one's next write says so, in its own thread
        finally:
            own.close()
