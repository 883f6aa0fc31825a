"""What the arena's commands share: where an arena lies, how options are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.errors import UserError

if TYPE_CHECKING:
    from podium.arena.admin import ArenaAdmin

DATABASE = "PODIUM_ARENA_DATABASE"
HERE = Path("arena")

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="The server's folder: files, answers, database.")]
Url = Annotated[
    str,
    typer.Option("--database", metavar="URL", help=f"postgresql+psycopg://…; or {DATABASE}. [default: SQLite in DIR]"),
]
Page = Annotated[str, typer.Argument(metavar="URL", help="The contest's page: http://host:port/contests/name")]
Slug = Annotated[str, typer.Argument(metavar="NAME", help="The contest's name in its address.")]


@contextmanager
def opened(data: Path, database: str) -> Iterator[ArenaAdmin]:
    """The arena in a folder. Raises UserError where the extra is not installed."""
    try:
        from podium.arena.serving import opened
    except ImportError as problem:
        raise UserError(f"an arena needs {problem.name}", remedy="pip install 'podium[arena]'") from problem
    with opened(data, database or os.environ.get(DATABASE)) as admin:
        yield admin


def text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text()
    except (OSError, UnicodeError) as problem:
        raise UserError(f"{path} cannot be read", expected="a text file in UTF-8", found=str(problem)) from problem


def moment(text: str) -> str | None:
    """ISO 8601 in UTC. Raises UserError for no time, or one that has passed."""
    from datetime import UTC, datetime

    from podium.competition import config

    if not text:
        return None
    try:
        found = config.moment(text)
    except ValueError as problem:
        raise UserError("no such time", expected="2026-12-31 or 2026-12-31T18:00Z", found=repr(text)) from problem
    if found <= datetime.now(UTC):
        raise UserError("the deadline has passed already", found=found.isoformat(), remedy="name a later time")
    return found.isoformat()


def plain(values: Any) -> Any:
    """Times as ISO 8601."""
    from datetime import datetime

    if isinstance(values, dict):
        return {key: plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    return values.isoformat() if isinstance(values, datetime) else values
