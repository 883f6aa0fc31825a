"""`podium run`: start a campaign, or go on with one."""

from __future__ import annotations

import shlex
import sys
import time as clock
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from podium.cli.duration import seconds
from podium.cli.output import Json, remark, result, short
from podium.cli.overrule import Id, MetricName, Overrides, Target, overruled
from podium.errors import AwaitingHost, NoSubmission, UserError

if TYPE_CHECKING:
    from podium.cli.compose import Outcome

DATABASE = "podium.db"
EVERYONE = "*"

Path_ = Annotated[
    str, typer.Argument(metavar="PATH|SLUG", help="The competition's folder, or a campaign's folder to go on with.")
]
Campaign = Annotated[
    Path | None,
    typer.Option("--campaign", metavar="DIR", help="Where the campaign lives. Default: ./campaigns/<slug>."),
]
Team = Annotated[str, typer.Option("--team", metavar="ROLE=SEAT,…", help="Who plays; the rest is built in.")]


def run(
    path: Path_,
    campaign: Campaign = None,
    time: Annotated[str | None, typer.Option("--time", help="Time in all: 90s, 10m, 2h, 1d. More extends.")] = None,
    experiments: Annotated[
        int | None, typer.Option("--experiments", min=1, help="How many, instead of a time.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed")] = None,
    team: Team = "",
    executor: Annotated[str, typer.Option("--executor", help="Where runs happen.")] = "local",
    search: Annotated[
        str | None,
        typer.Option(
            "--search", help="What suggests parents to builders of code: greedy (the default), evolution, tree."
        ),
    ] = None,
    money: Annotated[float | None, typer.Option("--money", min=0, metavar="USD", help="What seats may spend.")] = None,
    tokens: Annotated[int | None, typer.Option("--tokens", min=0, help="How many tokens seats may use.")] = None,
    unconfined: Annotated[
        bool | None,
        typer.Option("--unconfined/--confined", help="Whether coding agents may run where they cannot be confined."),
    ] = None,
    respawn: Annotated[
        int | None,
        typer.Option(
            "--respawn", min=1, metavar="ROUNDS", help="When a specialist hands over to a fresh one. Default: 15."
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Cores to use. Default: all.")] = None,
    no_memory: Annotated[
        bool, typer.Option("--no-memory", help="Neither use the learnings of earlier campaigns nor add to them.")
    ] = False,
    target: Target = "",
    metric: MetricName = "",
    id_column: Id = "",
    overrides: Overrides = [],  # noqa: B006 (typer reads the default and never changes it)
    as_json: Json = False,
) -> None:
    """Start a campaign on a competition, or go on with it: the same command resumes, a larger --time extends."""
    started = clock.monotonic()
    if time is not None and experiments is not None:
        raise UserError("--time and --experiments exclude each other", remedy="give one of the two")
    check_target(path, campaign)
    time_s, players = None if time is None else seconds(time), parse_team(team)
    wanted = overruled(overrides, target=target, metric=metric, id_column=id_column)
    asked = {
        "search": search, "money_usd": money, "tokens": tokens, "unconfined": unconfined, "respawn_rounds": respawn,
    }  # fmt: skip
    from podium.cli import making
    from podium.cli.ask import asking

    def make(answers: Mapping[str, str]) -> Path:
        return making.open_or_create(
            path,
            campaign=campaign,
            time_s=time_s,
            experiments=experiments,
            seed=seed,
            threads=threads,
            team=players,
            executor=executor,
            seats={name: value for name, value in asked.items() if value is not None},
            overrides=wanted,
            answers=answers,
            memory=not no_memory,
        )

    folder = asking(make, as_json=as_json)
    outcome = _play(folder, started)
    _tell(folder, outcome, as_json=as_json)


def check_target(path: str, campaign: Path | None) -> None:
    """Raises UserError where PATH is one campaign and --campaign names another."""
    given = Path(path)
    if campaign is not None and (given / DATABASE).is_file() and campaign.absolute() != given.absolute():
        raise UserError(
            f"{path} is a campaign already", found=f"--campaign {campaign} beside it", remedy="leave --campaign out"
        )


def parse_team(text: str) -> dict[str, str]:
    """`ROLE=SEAT,…` as a mapping. Raises UserError naming the part that does not fit."""
    from podium.records import Role

    team: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, equals, seat = part.partition("=")
        if not equals or not seat or role not in (*get_args(Role), EVERYONE):
            roles = ", ".join((*get_args(Role), EVERYONE))
            raise UserError(
                "--team cannot be understood", expected=f"ROLE=SEAT with a role of {roles}", found=repr(part)
            )
        team[role] = seat
    return team


def _say_what_is_weaker() -> None:
    """One line for each part of this machine that makes the campaign weaker; `podium doctor` has the rest."""
    from podium.execution import doctor, sandbox

    measured = sandbox.measure()
    if measured.level != "bubblewrap":
        why = measured.reasons.get("bubblewrap", "bubblewrap does not work here")
        remark(f"weaker here: the sandbox is at level {measured.level} ({why}); see podium doctor")
    problem = doctor.lightgbm_problem()
    if problem is not None:
        remark(
            f"weaker here: LightGBM cannot be loaded ({problem}); histogram boosting of scikit-learn takes its place"
        )


def _play(folder: Path, started: float) -> Outcome:
    """The campaign to its end, watched. An interruption leaves by exit code 130 and says how to go on."""
    from podium.campaign.engine import Stopped
    from podium.cli import compose
    from podium.report.page import write_report
    from podium.report.terminal import Watcher

    go_on = f"go on with: podium run {shlex.quote(short(folder))}"
    _say_what_is_weaker()
    try:
        with Watcher(folder, live=sys.stderr.isatty()):
            return compose.run(folder, started=started)
    except KeyboardInterrupt:
        remark(f"interrupted; nothing recorded is lost, {go_on}")
        raise typer.Exit(130) from None
    except AwaitingHost as waiting:
        write_report(folder)
        remark(f"{waiting}: read it with `podium next {shlex.quote(short(folder))}`; {go_on}")
        raise typer.Exit(waiting.exit_code) from None
    except Stopped:
        write_report(folder)
        remark(f"stopped as asked; {go_on}")
        raise typer.Exit(130) from None
    except NoSubmission:
        write_report(folder)
        raise


def _tell(folder: Path, outcome: Outcome, *, as_json: bool) -> None:
    """The report, then the outcome on stdout."""
    from podium.report.page import write_report
    from podium.report.snapshot import snapshot

    report = write_report(folder)
    now = snapshot(folder)
    values = {
        "campaign": now["campaign"],
        "state": now["state"],
        "score": outcome.score,
        "stderr": outcome.stderr,
        "vault_score": outcome.vault_score,
        "expected_private": now["expected_private"],
        "metric": now["competition"]["metric"],
        "metric_title": now["competition"]["metric_title"],
        "metric_direction": now["competition"]["metric_direction"],
        "experiments": len(now["experiments"]),
        "pool": now["pool"],
        "champion": now["champion"],
        "submission": None if outcome.submission is None else str(outcome.submission.absolute()),
        "report": str(report.absolute()),
    }
    result(values, outcome_text(folder, values), as_json=as_json)


def outcome_text(folder: Path, values: dict[str, Any]) -> str:
    """A few lines for people."""
    from podium.report.figures import expected_text, score_text

    vault = "" if values["vault_score"] is None else f", vault {score_text(values['vault_score'])}"
    submission = "none yet" if values["submission"] is None else short(values["submission"])
    metric = values.get("metric_title") or values["metric"]
    return "\n".join(
        (
            f"{values['state']}: {metric} {score_text(values['score'], values['stderr'])}{vault}, "
            f"{values['experiments']} experiments, {len(values['pool'])} in the pool",
            *filter(None, (expected_text(values.get("expected_private")),)),
            f"submission  {submission}",
            f"report      {short(values['report'])}",
            f"campaign    {short(folder)}",
        )
    )
