"""`podium init`: intake and audit only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.cli.output import Json, result, short
from podium.cli.run import Overrides, Path_, Team, check_target, parse_overrides, parse_team

if TYPE_CHECKING:
    from podium.records import AuditFinding


def init(
    path: Path_,
    campaign: Annotated[
        Path | None, typer.Option("--campaign", metavar="DIR", help="Default: ./campaigns/<slug>.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed")] = None,
    team: Team = "",
    overrides: Overrides = [],  # noqa: B006 (typer reads the default and never changes it)
    as_json: Json = False,
) -> None:
    """Understand the competition, deal its rows and audit them; nothing is trained."""
    check_target(path, campaign)
    players, overruled = parse_team(team), parse_overrides(overrides)
    from podium.cli import compose
    from podium.records import to_json
    from podium.registry import Registry

    folder = compose.open_or_create(path, campaign=campaign, seed=seed, team=players, overrides=overruled)
    registry = Registry.open(folder)
    try:
        competition: Mapping[str, Any] = registry.setting("competition") or {}
        values = {
            "campaign": str(folder.absolute()),
            "competition": with_target(competition),
            "data": registry.setting("data"),
            "audit": to_json(registry.audit() or _look(folder)),
        }
    finally:
        registry.close()
    result(values, _text(folder, values), as_json=as_json)


def _look(folder: Path) -> tuple[AuditFinding, ...]:
    """The audit of a campaign that has not had its round 0; the engine records its own when it gets there."""
    from podium.competition import audit
    from podium.competition.dataset import Dataset

    dataset = Dataset.open(folder / "data")
    return audit(dataset.competition, dataset, dataset.seed)


def with_target(competition: Mapping[str, Any]) -> dict[str, Any]:
    """The competition in config.json's keys, `target_column` (the first target) among them, evidence beside it."""
    targets = competition.get("target_columns") or [None]
    return {**competition, "target_column": targets[0]}


def _text(folder: Path, values: Mapping[str, Any]) -> str:
    from podium.report.figures import one_line

    competition, lines = values["competition"], []
    evidence = competition.get("evidence") or {}
    for key in ("task_type", "target_column", "id_column", "metric", "metric_direction", "group_column", "time_column",
                "cv_strategy"):  # fmt: skip
        why = evidence.get(key) or (evidence.get("target_columns") if key == "target_column" else None)
        because = f"  ({one_line(why['why'], 120)}; {why['confidence']:.0%} sure)" if why else ""
        lines.append(f"{key:18}{one_line(competition.get(key) or '–', 60)}{because}")
    lines += [f"audit {f['severity']:5} {f['check']}: {one_line(f['message'], 140)}" for f in values["audit"]]
    lines.append(f"{'campaign':18}{short(folder)}")
    return "\n".join(lines)
