"""`podium init`: intake and audit only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.cli.output import Json, result, short
from podium.cli.overrule import Id, MetricName, Overrides, Target, overruled
from podium.cli.run import Path_, Team, check_target, parse_team
from podium.errors import Unplayable

if TYPE_CHECKING:
    from podium.records import AuditFinding
    from podium.registry import Registry


def init(
    path: Path_,
    campaign: Annotated[
        Path | None, typer.Option("--campaign", metavar="DIR", help="Default: ./campaigns/<slug>.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed")] = None,
    team: Team = "",
    target: Target = "",
    metric: MetricName = "",
    id_column: Id = "",
    overrides: Overrides = [],  # noqa: B006 (typer reads the default and never changes it)
    as_json: Json = False,
) -> None:
    """Understand the competition, deal its rows and audit them; nothing is trained. A kind that cannot be played yet is
    understood and shown, and nothing is written."""
    check_target(path, campaign)
    players = parse_team(team)
    wanted = overruled(overrides, target=target, metric=metric, id_column=id_column)
    from podium.cli import making
    from podium.cli.ask import asking

    def make(answers: Mapping[str, str]) -> Path:
        return making.open_or_create(
            path, campaign=campaign, seed=seed, team=players, overrides=wanted, answers=answers
        )

    try:
        folder = asking(make, as_json=as_json)
    except Unplayable as kind:
        values = _understood(kind)
        result(values, _text(None, values), as_json=as_json)
        return
    values = _dealt(folder)
    result(values, _text(folder, values), as_json=as_json)


def _understood(kind: Unplayable) -> dict[str, Any]:
    from podium.records import to_json

    return {
        "campaign": None,
        "playable": False,
        "why": kind.why,
        "competition": with_target(to_json(kind.competition)),
        "data": None,
        "audit": [],
        "notices": [],
    }


def _dealt(folder: Path) -> dict[str, Any]:
    from podium.campaign.notices import notices
    from podium.records import to_json
    from podium.registry import Registry

    registry = Registry.open(folder)
    try:
        competition: Mapping[str, Any] = registry.setting("competition") or {}
        return {
            "campaign": str(folder.absolute()),
            "playable": True,
            "why": "",
            "competition": with_target(competition),
            "data": registry.setting("data"),
            "audit": to_json(registry.audit() or _look(folder, registry)),
            "notices": notices(registry),
        }
    finally:
        registry.close()


def _look(folder: Path, registry: Registry) -> tuple[AuditFinding, ...]:
    """The audit of a campaign that has not had its round 0; the engine records its own when it gets there."""
    from podium.campaign.affordable import affordable
    from podium.campaign.left_out import left_out
    from podium.competition import audit
    from podium.competition.dataset import Dataset
    from podium.records import Hardware, from_json

    dataset = Dataset.open(folder / "data")
    hardware = from_json(Hardware, registry.setting("hardware"))
    found = audit(dataset.competition, dataset, dataset.seed)
    asked, facts = dataset.competition, dataset.facts
    return (*found, *affordable(asked, facts, hardware), *left_out(asked, facts))


def with_target(competition: Mapping[str, Any]) -> dict[str, Any]:
    """The competition in config.json's keys, `target_column` among them as config.json takes it (what the answer is
    called, else the targets, separated by commas), evidence beside it."""
    targets = ", ".join(competition.get("target_columns") or ())
    return {**competition, "target_column": competition.get("target_name") or targets or None}


def _text(folder: Path | None, values: Mapping[str, Any]) -> str:
    from podium.cli.understanding import audit_lines, table
    from podium.report.figures import one_line

    lines = [table(values["competition"]), ""]
    lines += [f"{'note':10}{one_line(notice, 200)}" for notice in values["notices"]]
    lines += audit_lines(values["audit"])
    if folder is None:
        lines.append(f"not playable yet: {values['why']}; nothing was written")
    else:
        lines.append(f"{'campaign':10}{short(folder)}")
    return "\n".join(lines)
