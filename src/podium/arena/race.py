"""Campaigns against each other: teams with other seats, seeds or budgets at one contest, whose answers none of them has.

    <out>/race.json                  teams and their arguments, so that a resumed race is the same race
    <out>/<contest>/                 a copy of the public files: all of the contest that a campaign is given
    <out>/<team>/seed_<s>/campaign/  each campaign, played in turn on equal cores, in a process of its own
    <out>/result.json race.svg race.html

The answers are opened when the last campaign has ended. The submission that stands at a campaign's end counts; Kaggle
would take the better of two that a team selects.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import whole
from podium.arena import contest as noun
from podium.arena import duel
from podium.arena.duel import Outcome
from podium.arena.grading import Grader
from podium.campaign import apart
from podium.campaign.apart import CAMPAIGN, Ended
from podium.errors import InvalidPredictions, UserError
from podium.records import to_json
from podium.registry import Registry

FILE = "race.json"
RULE = "the submission that stands at each campaign's end counts"
FIXED = ("--campaign", "--json", "--seed", "--threads")
BUDGETS = ("--time", "--experiments")


@dataclass(frozen=True)
class Team:
    """`arguments`: of `podium run`."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Point:
    """A submission: when it was made (seconds alive), and what it scored; None where it could not be scored."""

    alive_s: float
    public: float | None
    private: float | None


@dataclass(frozen=True)
class Entry:
    team: str
    seed: int
    ended: Ended
    history: tuple[Point, ...]
    problem: str = ""  # why its last submission has no score


@dataclass(frozen=True)
class Result:
    contest: str
    metric: str
    direction: str
    rows: int  # of the private test rows, which decide
    rule: str
    entries: tuple[Entry, ...]
    outcome: Outcome


def team_of(text: str, budget: Sequence[str]) -> Team:
    """`NAME=ARGS`, ARGS being split as a shell does; `budget` where ARGS has none. Raises UserError."""
    import shlex

    name, equals, rest = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError("--team cannot be understood", expected="NAME=ARGS, ARGS of podium run", found=repr(text))
    try:
        parts = shlex.split(rest)
    except ValueError as problem:
        raise UserError(f"the arguments of {name} cannot be understood", found=f"{rest!r}: {problem}") from None
    names = [part.split("=")[0] for part in parts]
    taken = [part for part in names if part in FIXED]
    if taken:
        raise UserError(f"{taken[0]} is the race's to give", remedy=f"leave it out of --team {name}=…")
    return Team(name, (*parts, *(() if any(part in BUDGETS for part in names) else budget)))


@dataclass(frozen=True)
class Sides:
    """A contest's two folders. `private` is for the judge alone: no campaign is ever given it."""

    public: Path
    private: Path


def sides(contest: Path) -> Sides:
    """Of `<contest>/{public,private}`, or of `<arena>/contests/<contest>` with `<arena>/answers/<contest>`.

    Raises UserError where the answers are not there."""
    contest = contest.resolve()
    for found in (
        Sides(contest / "public", contest / "private"),
        Sides(contest, contest.parent.parent / "answers" / contest.name),
    ):
        if found.public.is_dir() and (found.private / noun.FILE).is_file():
            return found
    raise UserError(
        f"no contest with hidden answers at {contest}", expected=f"public/ and private/{noun.FILE}",
        remedy="make one with `podium arena create`",
    )  # fmt: skip


def play(
    contest: Sides, teams: Sequence[Team], out: Path, *, seeds: int, threads: int, say: Callable[[str], None]
) -> dict[tuple[str, int], Ended]:
    """Every team with every seed, in turn; what has ended is not played again. Raises UserError for another race's
    folder, KeyboardInterrupt: the same call goes on."""
    name = noun.read(contest.private).competition.competition  # the contest's name alone: no answer is read
    public = apart.copy(contest.public, out / name)
    _settle(out, name, teams, threads)
    ends: dict[tuple[str, int], Ended] = {}
    for seed in range(seeds):
        for team in teams:
            place = out / team.name / f"seed_{seed}"
            say(f"{team.name}, seed {seed}")
            arguments = [*team.arguments, "--seed", str(seed), "--threads", str(threads)]
            ends[team.name, seed] = apart.play(public, place, arguments)
    return ends


def _settle(out: Path, contest: str, teams: Sequence[Team], threads: int) -> None:
    """What the race is of; seeds and teams may be added later. Raises UserError where it is another race."""
    file = out / FILE
    held: dict[str, Any] = {"contest": contest, "threads": threads, "teams": {}}
    if file.is_file():
        held = json.loads(file.read_text("utf-8"))
    mine = {team.name: list(team.arguments) for team in teams}
    changed = [name for name, arguments in mine.items() if held["teams"].get(name, arguments) != arguments]
    if changed or held["contest"] != contest or held["threads"] != threads:
        what = f"team {changed[0]} with other arguments" if changed else "another contest, or other cores"
        raise UserError(f"{out} holds another race", found=what, remedy="choose another with --out")
    held["teams"].update(mine)
    whole.write(file, json.dumps(held, indent=1))


def judge(contest: Sides, teams: Sequence[Team], out: Path, ends: Mapping[tuple[str, int], Ended]) -> Result:
    """Score every submission on the hidden answers, and the last ones against each other on the private rows."""
    grader = Grader(contest.private)
    private = np.flatnonzero(grader.split("private"))
    seeds = sorted({seed for _, seed in ends})
    entries: list[Entry] = []
    decided: dict[str, list[Any]] = {team.name: [] for team in teams}
    for (team, seed), ended in ends.items():
        place = out / team / f"seed_{seed}"
        last, problem = _decided(grader, place, ended)
        entries.append(Entry(team, seed, ended, tuple(_history(grader, place)), problem))
        decided[team].append(last)
    assert all(len(held) == len(seeds) for held in decided.values()), "every team plays every seed"

    def score(one: Any, rows: NDArray[np.int64]) -> float:
        found = grader.score(one, private[rows])
        return math.nan if found is None else found

    competition = grader.contest.competition
    higher = competition.metric_direction == "higher"
    outcome = duel.judge(decided, score, len(private), higher=higher)
    return Result(
        competition.competition, competition.metric, competition.metric_direction, len(private), RULE,
        tuple(entries), outcome,
    )  # fmt: skip


def _decided(grader: Grader, place: Path, ended: Ended) -> tuple[Any, str]:
    """The decisions of the last submission, or why there are none."""
    if ended.submission is None:
        return None, ended.message or "no submission"
    try:
        return grader.decided(place / ended.submission), ""
    except InvalidPredictions as problem:
        return None, str(problem)


def _history(grader: Grader, place: Path) -> list[Point]:
    """Every submission that stood for a while, in order; a second one, sent beside the best for robustness, never did."""
    campaign = place / CAMPAIGN
    if not (campaign / Registry.FILE).is_file():
        return []
    registry = Registry.open(campaign)
    try:
        made = [row for row in registry.submissions.all() if row.counts and row.purpose != "robust"]
    finally:
        registry.close()
    return [_point(grader, row.alive_s, campaign / row.file) for row in made if (campaign / row.file).is_file()]


def _point(grader: Grader, alive_s: float, file: Path) -> Point:
    try:
        scores = grader.scores(file)
    except InvalidPredictions:
        return Point(alive_s, None, None)
    return Point(alive_s, scores.public, scores.private)


def write(result: Result, out: Path) -> Path:
    file = out / "result.json"
    whole.write(file, json.dumps(plain(result), indent=1))
    return file


def plain(result: Result) -> dict[str, Any]:
    """As JSON."""
    return dict(_without_nan(to_json(result)))


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: what is not known is null."""
    if isinstance(value, dict):
        return {key: _without_nan(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_without_nan(held) for held in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


__all__ = ["BUDGETS", "RULE", "Entry", "Point", "Result", "Team", "judge", "plain", "play", "sides", "team_of", "write"]
