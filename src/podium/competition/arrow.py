"""Files written whole or not at all: Arrow IPC and JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl


def write_arrow(frame: pl.DataFrame, path: Path) -> None:
    """Atomically: a reader sees the whole file or none."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    frame.write_ipc(part, compression="uncompressed")
    part.replace(path)


def write_json(data: Any, path: Path) -> None:
    """Atomically, UTF-8, keys as given."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(json.dumps(data, indent=1, ensure_ascii=False), "utf-8")
    part.replace(path)
