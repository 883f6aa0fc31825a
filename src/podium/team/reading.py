"""What a role may read of a campaign's folder: plain files in its scope, none of them reached through a link.

Briefs, tools, workspaces and MCP all ask here, so that a barrier is one rule and not five.
"""

from __future__ import annotations

import stat
from pathlib import Path

from podium.team.roles import Scope


def readable(campaign: Path, scope: Scope, *, leave_out: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Relative paths, in order. `leave_out`: folders at the top that are not looked into."""
    found: set[str] = set()
    for pattern in (*scope.reads, *scope.writes):
        if pattern.partition("/")[0] in leave_out:
            continue
        deep = f"{pattern[:-1]}**/*" if pattern.endswith("/*") else pattern  # a scope's star crosses folders
        found |= {path.relative_to(campaign).as_posix() for path in campaign.glob(deep)}
    return tuple(sorted(path for path in found if may_read(campaign, scope, path)))


def may_read(campaign: Path, scope: Scope, path: str) -> bool:
    """Whether the scope names the path and it is a plain file of the campaign."""
    return scope.may_read(path) and is_plain(campaign, path)


def is_plain(campaign: Path, path: str) -> bool:
    """Whether the path is a regular file below the campaign's folder, and neither it nor a folder on its way is a link."""
    here, mode = campaign, 0
    for part in Path(path).parts:
        here = here / part
        try:
            mode = here.lstat().st_mode
        except (OSError, ValueError):
            return False
        if part == ".." or stat.S_ISLNK(mode):
            return False
    return stat.S_ISREG(mode)
