"""`podium arena …`: contests of one's own. The host's commands work on the server's folder, a contestant's over HTTP."""

from __future__ import annotations

import typer

from podium.cli import arena_contestant, arena_host, arena_hosting, arena_race, arena_record

app = typer.Typer(
    name="arena", help="Contests with hidden answers: host them, or take part.", no_args_is_help=True,
    rich_markup_mode=None, add_completion=False,
)  # fmt: skip
for command in (arena_hosting.create, arena_hosting.serve, arena_host.extend, arena_host.ban, arena_host.token,
                arena_host.log, arena_host.export, arena_contestant.join, arena_contestant.submit,
                arena_contestant.leaderboard, arena_race.race):  # fmt: skip
    app.command()(command)
app.command("list")(arena_host.list_)
app.add_typer(arena_record.app)
