"""Files that are whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, content: str | bytes) -> Path:
    """A reader sees the old file or the new one, never half of either. The same bytes are left alone, missing folders made.

    Text is UTF-8; what cannot be spelled in it becomes a question mark. Returns `path`. Raises OSError.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    part.write_bytes(data)
    part.replace(path)
    return path
