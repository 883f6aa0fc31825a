"""Files of PODIUM_HOME that campaigns share: changed under one lock, replaced whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from podium.records import dumps

LOCK = "learnings.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else changes the folder's files meanwhile. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replaced(path: Path, value: Any) -> None:
    """Write records as JSON, whole or not at all. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(json.loads(dumps(value)), indent=1, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
