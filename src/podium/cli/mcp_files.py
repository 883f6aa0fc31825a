"""A campaign's files as a role may read them: what an MCP client is handed out."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from podium.errors import Refused, UserError
from podium.records import Role
from podium.team.reading import is_plain
from podium.team.roles import SCOPES

LARGEST_BYTES = 1 << 20


def read_as(folder: Path, role: str, path: str) -> str:
    """The text of a file in the role's scope, or of its own briefs. Raises UserError, Refused."""
    known: Role | None = next((one for one in get_args(Role) if one == role), None)
    if known is None:
        raise UserError("there is no such role", expected=", ".join(get_args(Role)), found=repr(role))
    if not (SCOPES[known].may_read(path) or _is_own_brief(known, path)):
        raise Refused(f"{path!r} is outside what the {role} may read")
    whole = folder / path
    if not is_plain(folder, path):
        if whole.exists():
            raise Refused(f"{path!r} leads outside what the {role} may read")
        raise UserError(f"there is no file {path!r}")
    if whole.stat().st_size > LARGEST_BYTES:
        raise UserError(f"{path!r} is too large to hand out", expected=f"at most {LARGEST_BYTES} bytes")
    return whole.read_text(encoding="utf-8", errors="replace")


def _is_own_brief(role: Role, path: str) -> bool:
    """`host/<role>/R03_plan.md` and its figures; not what was answered."""
    parts = path.split("/")
    return (
        len(parts) == 3 and parts[:2] == ["host", role] and ".." not in parts and not parts[2].endswith(".answer.json")
    )
