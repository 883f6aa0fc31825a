"""`podium arena race CONTEST --team NAME=ARGS …`: campaigns against each other at one contest with hidden answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.duration import seconds
from podium.cli.output import Json, aligned, remark, result, short
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.arena.duel import Duel
    from podium.arena.race import Result


def race(
    contest: Annotated[Path, typer.Argument(metavar="CONTEST", help="A contest's folder, with its hidden answers.")],
    team: Annotated[
        list[str],
        typer.Option("--team", metavar="NAME=ARGS", help="A team: arguments of podium run. Give it twice or more."),
    ],
    time: Annotated[str, typer.Option("--time", help="Of each campaign whose team says no other budget.")] = "60s",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How often each team plays.")] = 3,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Cores of each campaign. Default: all, one campaign at a time."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Default: race-<contest> here.")] = None,
    as_json: Json = False,
) -> None:
    """Let teams play one contest, in turn on equal cores, and say who is better, by how much, and how surely.

    The same command goes on where it was stopped; more seeds or teams extend it."""
    from podium.arena import race as races

    seconds(time)
    teams = [races.team_of(text, ("--time", time)) for text in team]
    names = [one.name for one in teams]
    if len(teams) < 2 or len(set(names)) < len(names):
        raise UserError("a race needs two teams at least, each with a name of its own", found=", ".join(names))
    sides = races.sides(contest)
    place = out or Path(f"race-{contest.resolve().name}")
    place.mkdir(parents=True, exist_ok=True)
    cores = threads or _cores()
    ends = races.play(sides, teams, place, seeds=seeds, threads=cores, say=remark)
    found = races.judge(sides, teams, place, ends)
    file = races.write(found, place)
    _write_pictures(found, place)
    values = {"result": str(file.absolute()), "page": str((place / "race.html").absolute()), **races.plain(found)}
    result(values, f"{told(found)}\npage  {short(place / 'race.html')}", as_json=as_json)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def told(found: Result) -> str:
    """The verdict, a line a team, a line a pair."""
    lines = [f"{found.outcome.verdict}  ({found.rule}; {found.metric} on {found.rows} hidden rows)"]
    lines.append(aligned([STANDING_HEADS, *standing_rows(found)]))
    lines.append(aligned([DUEL_HEADS, *duel_rows(found)]))
    lines += [f"{e.team}, seed {e.seed}: no score: {e.problem}" for e in found.entries if e.problem]
    return "\n".join(lines)


STANDING_HEADS = ["team", "score", "mean rank", "wins", "by seed"]
DUEL_HEADS = ["pair", "gain", "95 % interval", "p", "verdict"]


def standing_rows(found: Result) -> list[list[str]]:
    from podium.report.figures import score_text

    return [
        [
            one.team,
            score_text(one.score, one.stderr),
            f"{one.mean_rank:.2f}",
            f"{100 * one.win:.0f} %",
            ", ".join("–" if score is None else f"{score:.5g}" for score in one.scores),
        ]
        for one in found.outcome.standings
    ]


def duel_rows(found: Result) -> list[list[str]]:
    return [_duel_row(one) for one in found.outcome.duels]


def _duel_row(one: Duel) -> list[str]:
    pair = f"{one.a} over {one.b}"
    if not one.seeds:  # one of the two never had a valid submission where the other had one
        return [pair, "–", "–", "–", one.verdict]
    return [pair, f"{one.gain:+.4g}", f"{one.low:+.4g} to {one.high:+.4g}", f"{one.p:.2g}", one.verdict]


def _write_pictures(found: Result, place: Path) -> None:
    """race.svg, and race.html with the tables beside it."""
    from podium import page, whole
    from podium.arena.race_plot import race_plot
    from podium.markup import Html, element

    picture = race_plot(found)
    whole.write(place / "race.svg", picture)
    chance = (
        "Intervals cover the chance of the test rows and of the seeds."
        if max(one.seed for one in found.entries)
        else "One seed each: intervals cover the chance of the test rows alone, not of the seeds."
    )
    told = page.document(
        f"Race at {found.contest}",
        element("p", f"{found.outcome.verdict}. {found.rule.capitalize()}; {found.rows} hidden rows decide. {chance}"),
        page.section("Score against time", Html(picture)),
        page.section("Teams", page.table(STANDING_HEADS, standing_rows(found), kinds="mnnnt")),
        page.section("Pairs", page.table(DUEL_HEADS, duel_rows(found), kinds="mnnnt")),
    )
    whole.write(place / "race.html", told)


__all__ = ["race"]
