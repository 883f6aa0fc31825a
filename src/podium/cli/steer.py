"""`podium stop`, `pause`, `resume`, `note`, `approve`: messages into the campaign's inbox, which its engine consumes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from podium.cli.output import Folder, Json, remark, result, short
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.registry.inbox import Kind

ANYONE = "any"


def stop(folder: Folder, as_json: Json = False) -> None:
    """Ask the engine to stop soon, resumable; without a live engine there is nothing to do."""
    _ask_the_living(folder, "stop", as_json=as_json)


def pause(folder: Folder, as_json: Json = False) -> None:
    """Ask the engine to start nothing new until `podium resume`; its clock goes on."""
    _ask_the_living(folder, "pause", as_json=as_json)


def resume(folder: Folder, as_json: Json = False) -> None:
    """Let a paused engine go on. Where no engine is alive, `podium run DIR` is the command."""
    _ask_the_living(folder, "resume", as_json=as_json)


def note(
    folder: Folder,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="Whom to tell, e.g. researcher; `any` for all.")],
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    as_json: Json = False,
) -> None:
    """Tell a role something; it reads it with its next brief."""
    from podium.records import Role

    if role not in (*get_args(Role), ANYONE):
        raise UserError("there is no such role", expected=", ".join((*get_args(Role), ANYONE)), found=repr(role))
    _put(folder, "note", {"role": role, "text": text}, as_json=as_json)


def approve(
    folder: Folder,
    id_: Annotated[str, typer.Argument(metavar="ID", help="What is approved, as the campaign asked.")],
    as_json: Json = False,
) -> None:
    """Approve what the campaign asked leave for."""
    _put(folder, "approve", {"id": id_}, as_json=as_json)


def _ask_the_living(folder: Path, kind: Kind, *, as_json: bool) -> None:
    """Only a live engine can obey: a stop left in the inbox would end the next run as soon as it begins. Where an outside
    agent drives, that is what is wanted: between two calls of `podium next` no engine is alive, and yet the team is at work."""
    from podium.registry import Registry
    from podium.registry.lock import EngineLock

    registry = Registry.open(folder)
    driven = registry.deliveries.any() and (registry.setting("state") or {}).get("finished") is None
    registry.close()
    if driven or EngineLock.is_held(folder):
        _put(folder, kind, {}, as_json=as_json)
        return
    remark(f"no engine is at work on {short(folder)}; start it with: podium run {shlex.quote(short(folder))}")
    result({"campaign": str(folder.absolute()), "asked": None, "engine_alive": False}, "nothing to do", as_json=as_json)


def _put(folder: Path, kind: Kind, payload: Mapping[str, Any], *, as_json: bool) -> None:
    from podium.registry import Registry
    from podium.registry.lock import EngineLock

    registry = Registry.open(folder)
    try:
        registry.inbox.put(kind, payload)
    finally:
        registry.close()
    alive = EngineLock.is_held(folder)
    words = f"asked: {kind}" if alive else f"recorded: {kind}; read when an engine next works on {short(folder)}"
    result({"campaign": str(folder.absolute()), "asked": kind, "engine_alive": alive}, words, as_json=as_json)
