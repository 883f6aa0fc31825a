"""A run's log: the first part as it comes, the last part when it is over, 1 MB in all. Standard library alone.

The head shows how it began, the tail holds the traceback; what lies between is dropped, and counted.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from podium.execution.job import new_file

HEAD, TAIL = 700_000, 300_000  # bytes


class RunLog:
    """Drains the pipe that is the solution's stdout and stderr, so that a flood of output fills no disk."""

    def __init__(self, path: Path) -> None:
        self.fd = new_file(path)
        self.read_end, self.write_end = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.read_end, False)
        self._room = HEAD
        self._tail: deque[bytes] = deque()
        self._kept = self._dropped = 0

    def drain(self, most: int = 1 << 22) -> bool:
        """Take what the pipe holds, at most `most` bytes; False at its end, when nobody is left to write."""
        while most > 0:
            try:
                part = os.read(self.read_end, 1 << 16)
            except BlockingIOError:
                return True
            if not part:
                return False
            most -= len(part)
            self._keep(part)
        return True

    def _keep(self, part: bytes) -> None:
        if self._room:
            head, part = part[: self._room], part[self._room :]
            self._room -= len(head)
            _write(self.fd, head)
        if part:
            self._tail.append(part)
            self._kept += len(part)
        while self._tail and self._kept - len(self._tail[0]) >= TAIL:
            gone = len(self._tail.popleft())
            self._kept -= gone
            self._dropped += gone

    def close(self) -> None:
        """Write the tail. Not synced: a log is never a result."""
        tail = b"".join(self._tail)
        if len(tail) > TAIL:
            self._dropped += len(tail) - TAIL
            tail = tail[-TAIL:]
        if self._dropped:
            _write(self.fd, f"\n[… {self._dropped} bytes of output left out …]\n".encode())
        _write(self.fd, tail)
        os.close(self.fd)
        os.close(self.read_end)


def _write(fd: int, data: bytes) -> None:
    """Write all of it, or as much as the disk takes: a full disk must not end the supervisor before its exit.json."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except OSError:
            return
