"""From a seat's name on the command line to the seat. Seats are imported where they are chosen: most need an extra."""

from __future__ import annotations

from pathlib import Path

from podium.errors import UserError
from podium.team.desk import Desk
from podium.team.seat import Seat

API = (
    "openai",
    "anthropic",
    "google",
    "groq",
    "mistral",
    "openrouter",
    "bedrock",
    "deepseek",
    "ollama",
    "local",
    "api",
)
CLIS = ("claude-code", "codex", "gemini-cli")
KNOWN = (
    "builtin, PROVIDER:MODEL (openai:gpt-5, anthropic:…, local:http://HOST:PORT/v1#MODEL), "
    + ", ".join(CLIS)
    + (", command:PROGRAM, host, script:FOLDER")
)


def check_name(name: str, role: str) -> None:
    """Raises UserError for a name that no seat has; nothing is imported."""
    kind, _, rest = name.partition(":")
    bare = kind in ("builtin", "host") and not rest
    if not (bare or kind in CLIS or (kind in (*API, "command", "script") and rest)):
        raise UserError(f"no seat {name!r} for {role}", expected=KNOWN, remedy="use --team ROLE=SEAT")


def seat(name: str, desk: Desk) -> Seat:
    """The seat called `name`, at this desk. Raises UserError: no such seat, or what it needs is not installed."""
    check_name(name, desk.role)
    kind, _, rest = name.partition(":")
    if kind == "builtin":
        from podium.team.builtin import BuiltinSeat

        return BuiltinSeat()
    if kind == "script":
        from podium.team.scripted import ScriptedSeat

        if not Path(rest).is_dir():
            raise UserError(f"no folder {rest} for {desk.role}", expected="<phase>.json or <brief>.json in it")
        return ScriptedSeat(Path(rest))
    if kind == "host":
        from podium.team.host import HostSeat

        return HostSeat(desk)
    if kind == "command":
        from podium.team.command import CommandSeat

        return CommandSeat(rest, desk)
    if kind in CLIS:
        from podium.team.coder import coder_seat

        return coder_seat(kind, rest, desk)
    from podium.team.api import ApiSeat

    return ApiSeat(name, desk)
