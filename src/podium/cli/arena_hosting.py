"""`podium arena create|serve`: a contest is made, and a folder of contests answered for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.arena_options import HERE, Data, Slug, Url, moment, opened, text
from podium.cli.output import Json, remark, result, short
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.arena.contest import Contest
    from podium.arena.making import Terms
    from podium.arena.settings import ArenaSettings


def create(
    name: Slug,
    source: Annotated[
        Path, typer.Option("--from", metavar="FILE|FOLDER", help="A labelled table; or a folder with public/, private/.")
    ],
    target: Annotated[str, typer.Option(metavar="COLUMN[,…]", help="What is to be predicted.")] = "",
    metric: Annotated[str, typer.Option(help="Podium's name for it, or a metric.py.")] = "",
    id_column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="[default: numbers are given]")] = "",
    task: Annotated[str, typer.Option(help="[default: by target and metric]")] = "",
    title: Annotated[str, typer.Option()] = "",
    description: Annotated[Path | None, typer.Option(metavar="FILE", help="Markdown, shown above target and metric.")] = None,
    rules: Annotated[Path | None, typer.Option(metavar="FILE", help="Markdown, to be accepted by who joins.")] = None,
    test_share: Annotated[float, typer.Option(help="Of the rows.")] = 0.25,
    public_share: Annotated[float, typer.Option(help="Of the test rows.")] = 0.3,
    group: Annotated[str, typer.Option(metavar="COLUMN", help="Test holds other groups than train.")] = "",
    time: Annotated[str, typer.Option(metavar="COLUMN", help="Test is later than train.")] = "",
    quota: Annotated[int, typer.Option(min=0, help="Submissions a day (UTC); 0: no limit.")] = 5,
    finals: Annotated[int, typer.Option(min=1, max=100, help="Submissions that count in the end.")] = 2,
    deadline: Annotated[str, typer.Option(metavar="ISO", help="2026-12-31 or 2026-12-31T18:00Z.")] = "",
    max_bytes: Annotated[int, typer.Option(min=1, help="Of a submission.")] = 100_000_000,
    seed: Annotated[int, typer.Option()] = 0,
    data: Data = HERE,
    database: Url = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Make a contest: a public part for contestants, hidden answers for the server alone."""
    if group and time:
        raise UserError("--group and --time exclude each other", remedy="name one of them")
    with opened(data, database) as admin:
        from podium.arena.making import Terms

        terms = Terms(
            title or name, text(description), text(rules), test_share, public_share, quota or None, moment(deadline),
            finals, max_bytes, id_column or None, group or None, time or None, seed,
        )  # fmt: skip
        held = admin.create(
            name, lambda public, private: _build(name, source, target, metric, task, terms, public, private)
        )
        asked = held.contest.competition
        words = (
            f"{name}  {asked.task_type.replace('_', ' ')}, {asked.metric_shown}, {held.rows} test rows, "
            f"{held.contest.quota or 'any number of'} submissions a day"
        )
        values = {
            "contest": name, "task_type": asked.task_type, "metric": asked.metric, "test_rows": held.rows,
            "public": str(admin.places.public(name)), "deadline": terms.deadline,
        }  # fmt: skip
    result(values, f"{words}\npodium arena serve --data {short(data)}", as_json=as_json)


def _build(
    name: str, source: Path, target: str, metric: str, task: str, terms: Terms, public: Path, private: Path
) -> Contest:
    from podium.arena.making import make
    from podium.arena.prepared import make_prepared
    from podium.competition.table import read_table

    if source.is_dir():
        stated = {"metric": metric, "target_column": target, "task_type": task}
        return make_prepared(source, terms, {k: v for k, v in stated.items() if v}, public=public, private=private)
    for option, given in (("--target", target), ("--metric", metric)):
        if not given:
            raise UserError(f"{option} is missing", expected="what to predict, and what to score by")
    if not source.is_file():
        raise UserError(f"no such file: {source}", expected="a labelled table", remedy="check --from")
    frame = read_table(source.absolute().parent, source.name, [terms.id_column] if terms.id_column else []).frame
    targets = [part.strip() for part in target.split(",") if part.strip()]
    return make(name, frame, targets, metric, terms, task, public=public, private=private)


def serve(
    data: Data = HERE,
    host: Annotated[str, typer.Option(help="0.0.0.0 answers other machines too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8700,
    database: Url = "",
    name: Annotated[list[str] | None, typer.Option("--name", metavar="HOST", help="A name this server is called by.")] = None,
    https: Annotated[bool, typer.Option(help="It is reached through TLS (a proxy's).")] = False,
    proxy: Annotated[str, typer.Option(metavar="ADDRESS", help="A proxy whose X-Forwarded-For is believed.")] = "",
    registration: Annotated[bool, typer.Option(help="Anybody may make an account.")] = True,
    rates: Annotated[str, typer.Option(metavar="ADDRESS,ACCOUNT,NEW", help="Requests a second of each.")] = "50,20,0.1",
) -> None:  # fmt: skip
    """Host the contests of a folder until stopped."""
    with opened(data, database) as admin:
        from podium.arena.serving import running
        from podium.arena.serving import serve as answer

        settings = _settings(tuple(name or ()), https, registration, rates)
        with running(admin) as service:
            shown = len(service.contests())

            def ready(url: str) -> None:
                print(url, flush=True)
                remark(f"{shown} contests of {short(data)}; stop with Ctrl-C")

            answer(service, settings, host, port, ready=ready, proxies=proxy)


def _settings(names: tuple[str, ...], https: bool, registration: bool, rates: str) -> ArenaSettings:
    from podium.arena.settings import BURST_S, ArenaSettings, Rate

    try:
        address, account, new = (float(part) for part in rates.split(","))
        if min(address, account, new) <= 0:
            raise ValueError("not positive")
    except ValueError as problem:
        raise UserError(
            "--rates is not understood", expected="three positive numbers, as in 50,20,0.1", found=rates
        ) from problem
    return ArenaSettings(
        names, https, registration, Rate.of(address, BURST_S), Rate.of(account, BURST_S), Rate.of(new, 500)
    )
