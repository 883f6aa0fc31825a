"""`podium arena join|submit|leaderboard`: taking part in a contest, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.arena_options import Page
from podium.cli.output import Json, remark, result
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.platforms.arena import Arena


def join(
    url: Page,
    name: Annotated[str, typer.Option("--name", help="Makes an account of this name, where you have none there.")] = "",
    as_json: Json = False,
) -> None:
    """Accept a contest's rules; with --name, make an account first and keep its token in PODIUM_HOME."""
    from podium.platforms import arena_tokens
    from podium.platforms.arena import base_of, register

    kept = None
    if arena_tokens.token_for(base_of(url)) is None:
        if not name:
            raise UserError("you have no account there", remedy=f"podium arena join {url} --name YOUR_NAME")
        made = register(url, name)
        kept = arena_tokens.remember(base_of(url), made)
        remark(f"the token is in {kept}" if kept else f"set {arena_tokens.VARIABLE}={made}: it is shown this once")
    _contest(url).join()
    result({"contest": url, "token_file": str(kept) if kept else None}, f"joined {url}", as_json=as_json)


def submit(
    url: Page,
    file: Annotated[Path, typer.Argument(help="A CSV, plain or packed by gzip or zip.")],
    message: Annotated[str, typer.Option("--message", "-m")] = "",
    tag: Annotated[
        str, typer.Option(help="The same tag and file again are one submission. [default: by the file]")
    ] = "",
    as_json: Json = False,
) -> None:
    """Send a file to a contest, and wait for its public score."""
    import hashlib

    from podium.records import to_json

    if not file.is_file():
        raise UserError(f"no such file: {file}", remedy="check the path")
    mark = tag or f"file-{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
    told = _contest(url).submit(file, mark, message)
    words = {"complete": f"public score {told.public_score}", "error": told.message, "pending": "not graded yet"}
    result(dict(to_json(told)), f"{told.id}  {words[told.status]}", as_json=as_json)


def leaderboard(url: Page, as_json: Json = False) -> None:
    """A contest's standings: public while it runs, private once it has ended."""
    told = _contest(url).standings()
    rows = [f"{row['rank']:5}  {row['name']:40}  {row['score']:.6g}  {row['submissions']:4}" for row in told["rows"]]
    head = f"{told['split']} leaderboard, {told['direction']} is better"
    result(told, "\n".join([head, *rows]), as_json=as_json)


def _contest(url: str) -> Arena:
    from podium.platforms.arena import Arena

    return Arena(url)
