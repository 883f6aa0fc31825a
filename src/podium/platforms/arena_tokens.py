"""The user's accounts at arenas: PODIUM_ARENA_TOKEN, else PODIUM_HOME/arena.json, by the arena's address."""

from __future__ import annotations

import json
import os
from pathlib import Path

from podium.errors import UserError
from podium.execution import boot

VARIABLE, FILE = "PODIUM_ARENA_TOKEN", "arena.json"


def token_for(url: str) -> str | None:
    """`url`: scheme, host and port. Raises UserError where the file is damaged."""
    stated = os.environ.get(VARIABLE)
    return stated or _read().get(url)


def remember(url: str, token: str) -> Path | None:
    """Keep a token for this arena, readable by the user alone; returns the file, None where there is no PODIUM_HOME."""
    path = _path()
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{FILE}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump({**_read(), url: token}, out, indent=1)
    part.replace(path)
    return path


def _path() -> Path | None:
    return None if os.environ.get("PODIUM_HOME") == "" else boot.home() / FILE


def _read() -> dict[str, str]:
    path = _path()
    if path is None or not path.is_file():
        return {}
    try:
        held = json.loads(path.read_text())
        return {str(url): str(token) for url, token in held.items()}
    except (ValueError, AttributeError) as problem:
        raise UserError(
            f"{path} is damaged", expected="an object of addresses and tokens", remedy="repair it"
        ) from problem
