"""One engine a campaign. Liveness is the lock on this file, never a process id: the kernel lets go when the holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from podium.errors import EngineBusy

PATIENCE_S = 0.2  # whoever asks `is_held` holds the lock for microseconds; that is no engine


class EngineLock:
    """An exclusive flock on `engine.lock`, held close-on-exec so that no child keeps it."""

    def __init__(self, campaign: Path) -> None:
        self._path = campaign / "engine.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises EngineBusy while another engine is alive."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as problem:
                if time.monotonic() > give_up:
                    os.close(descriptor)
                    raise EngineBusy(
                        f"another engine is at work on {self._path.parent}; "
                        "watch it with `podium watch`, or stop it with `podium stop`"
                    ) from problem
                time.sleep(0.02)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @staticmethod
    def is_held(campaign: Path) -> bool:
        """Whether an engine is alive on this campaign, now."""
        path = campaign / "engine.lock"
        if not path.exists():
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False
