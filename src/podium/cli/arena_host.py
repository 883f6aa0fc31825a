"""`podium arena list|extend|ban|token|log|export`: the host's own acts, on the server's machine, beside a running server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.arena_options import HERE, Data, Slug, Url, moment, opened, plain
from podium.cli.output import Json, result, short


def list_(data: Data = HERE, database: Url = "", as_json: Json = False) -> None:
    """The folder's contests and accounts."""
    with opened(data, database) as admin:
        from podium.arena.service import ArenaService
        from podium.records import to_json

        contests = ArenaService(admin.database, admin.places).contests()
        people = [{"name": account.name, "banned": banned} for account, banned in admin.accounts()]
    lines = [
        f"{one.slug:24}  {one.metric:12}  {one.contestants:5} joined  {one.submissions:6} submissions  "
        f"{'ended' if one.ended else one.deadline.isoformat(timespec='minutes') if one.deadline else 'no deadline'}"
        for one in contests
    ]
    lines.append(f"{len(people)} accounts, {sum(one['banned'] is True for one in people)} banned")
    values = {"contests": [plain(to_json(one)) for one in contests], "accounts": people}
    result(values, "\n".join(lines), as_json=as_json)


def extend(
    name: Slug,
    deadline: Annotated[str, typer.Argument(metavar="ISO")],
    data: Data = HERE,
    database: Url = "",
    as_json: Json = False,
) -> None:
    """Move a contest's deadline, while it runs."""
    from datetime import datetime

    until = moment(deadline)
    assert until is not None
    with opened(data, database) as admin:
        admin.extend(name, datetime.fromisoformat(until))
    result({"contest": name, "deadline": until}, f"{name} ends at {until}", as_json=as_json)


def ban(
    account: Annotated[str, typer.Argument()],
    lift: Annotated[bool, typer.Option("--lift", help="Let it in again.")] = False,
    data: Data = HERE,
    database: Url = "",
    as_json: Json = False,
) -> None:
    """Let an account in nowhere, and take it off the leaderboards."""
    with opened(data, database) as admin:
        admin.ban(account, banned=not lift)
    word = "is let in again" if lift else "is banned"
    result({"account": account, "banned": not lift}, f"{account} {word}", as_json=as_json)


def token(
    account: Annotated[str, typer.Argument()],
    new: Annotated[bool, typer.Option("--new", help="Make the account.")] = False,
    data: Data = HERE,
    database: Url = "",
    as_json: Json = False,
) -> None:
    """A new token for an account: shown once, all earlier ones end."""
    with opened(data, database) as admin:
        made = admin.new_token(account, new=new)
    result({"account": account, "token": made}, made, as_json=as_json)


def log(
    contest: Annotated[str, typer.Option(metavar="NAME")] = "",
    after: Annotated[int, typer.Option(min=0, help="Lines after this one.")] = 0,
    data: Data = HERE,
    database: Url = "",
    as_json: Json = False,
) -> None:
    """The audit log: who did what, when."""
    with opened(data, database) as admin:
        lines = admin.log(contest or None, after)
    shown = [
        f"{one.id:6}  {one.at:%Y-%m-%d %H:%M:%S}  {one.actor:20}  {one.action:14}  {one.contest} {one.subject}"
        for one in lines
    ]
    from podium.records import to_json

    result({"lines": [plain(to_json(one)) for one in lines]}, "\n".join(shown), as_json=as_json)


def export(
    name: Slug,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Must not exist.")],
    data: Data = HERE,
    database: Url = "",
    as_json: Json = False,
) -> None:
    """A contest's results for its host: all submissions with both scores, the leaderboard, the audit log."""
    with opened(data, database) as admin:
        from podium.arena.results import export as write

        files = write(admin, name, out)
    result({"contest": name, "files": [str(file) for file in files]}, "\n".join(map(short, files)), as_json=as_json)
