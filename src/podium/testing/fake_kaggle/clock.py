"""The server's own clock, settable: what its days, its `Date` header and its submissions' times go by."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Runs with the machine's clock at an offset. `set` stops at nothing: it may go back, as clocks do."""

    def __init__(self, at: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None
        if at is not None:
            self.set(at)

    def now(self) -> datetime:
        """Aware, UTC."""
        with self._lock:
            return self._frozen or datetime.now(UTC) + self._offset

    def set(self, at: datetime) -> None:
        """`at`: aware. It runs on from there."""
        with self._lock:
            self._frozen, self._offset = None, at.astimezone(UTC) - datetime.now(UTC)

    def freeze(self, at: datetime) -> None:
        """It stands still at `at` (aware) until it is set or advanced."""
        with self._lock:
            self._frozen = at.astimezone(UTC)

    def advance(self, **by: float) -> None:
        """`by` as of timedelta: hours=2."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += timedelta(**by)
            else:
                self._offset += timedelta(**by)
