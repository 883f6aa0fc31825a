"""Reading the campaign folder within a role's scope: no path outside it, no link, nothing that the role may not see."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from podium.records import Role
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
        scope, found = SCOPES[self.role], []
        top = {pattern.partition("/")[0] for pattern in (*scope.reads, *scope.writes)}
        for base, folders, names in os.walk(self.campaign, followlinks=False):
            below = Path(base).relative_to(self.campaign).as_posix()
            folders[:] = sorted(one for one in folders if below != "." or one in top)  # data may hold 100,000 images
            paths = [name if below == "." else f"{below}/{name}" for name in sorted(names)]
            found += [path for path in paths if scope.may_read(path) and self._plain(path)]
        start = folder.strip("/")
        found = [path for path in found if start in ("", ".") or path.startswith(f"{start}/")]
        more = f"\n… and {len(found) - LISTED} more" if len(found) > LISTED else ""
        return "\n".join(found[:LISTED]) + more or "no file there that you may read"

    def read(self, path: str, offset: int = 0) -> str:
        """Characters of a file from `offset` on."""
        if not SCOPES[self.role].may_read(path) or not self._plain(path):
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

    def _plain(self, path: str) -> bool:
        """Whether the path is a file of the campaign, reached without any link."""
        here = self.campaign
        for part in Path(path).parts:
            here = here / part
            try:
                mode = here.lstat().st_mode
            except (OSError, ValueError):
                return False
            if stat.S_ISLNK(mode):
                return False
        return stat.S_ISREG(mode)
