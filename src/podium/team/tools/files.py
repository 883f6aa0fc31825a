"""Reading the campaign folder within a role's scope: no path outside it, no link, nothing that the role may not see."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from podium.records import Role
from podium.team.reading import may_read, readable
from podium.team.roles import SCOPES

READ_CHARS = 7_000
LISTED = 200
MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Files:
    campaign: Path
    role: Role

    def list(self, folder: str = "") -> str:
        """The files below a folder of the campaign that the role may read, one a line."""
        found = readable(self.campaign, SCOPES[self.role])
        start = folder.strip("/")
        found = tuple(path for path in found if start in ("", ".") or path.startswith(f"{start}/"))
        more = f"\n… and {len(found) - LISTED} more" if len(found) > LISTED else ""
        return "\n".join(found[:LISTED]) + more or "no file there that you may read"

    def read(self, path: str, offset: int = 0) -> str:
        """Characters of a file from `offset` on."""
        if not may_read(self.campaign, SCOPES[self.role], path):
            return f"there is no file {path[:200]!r} that you may read; list_files names those there are"
        try:
            fd = os.open(self.campaign / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as problem:
            return f"{path}: {problem.strerror}"
        with os.fdopen(fd, "rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
        part = text[max(0, offset) : max(0, offset) + READ_CHARS]
        end = max(0, offset) + len(part)
        return part + (f"\n[{len(text) - end} characters more: read on with offset {end}]" if end < len(text) else "")
