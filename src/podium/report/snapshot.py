"""A campaign at this moment as plain JSON values: what `podium status --json` prints and the terminal draws."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podium.campaign.estimates.calibration import calibration
from podium.campaign.notices import notices
from podium.records import to_json
from podium.registry import Registry
from podium.registry.blends import BlendRow
from podium.registry.database import Database
from podium.registry.lock import EngineLock
from podium.registry.submissions import SubmissionRow
from podium.report.seats import seat_values
from podium.report.standing import platform_kind, standing_values

SCHEMA_VERSION = 1

_EXPERIMENTS = """
SELECT id, round, status, verdict, score, stderr, merit, fold_scores, message, static_cost_s,
  json_extract(spec, '$.name') AS name, json_extract(spec, '$.family') AS family,
  json_extract(spec, '$.operator') AS operator, json_extract(spec, '$.parents') AS parents
FROM experiments ORDER BY rowid
"""
_FOLDS_DONE = """
SELECT experiment, count(*) AS n FROM runs WHERE part LIKE 'fold_%' AND experiment IN
  (SELECT id FROM experiments WHERE status = 'running') GROUP BY experiment
"""
_COMPETITION = (
    "competition", "task_type", "id_column", "metric", "metric_direction", "surrogate", "group_column", "time_column",
    "target_columns", "submission_columns", "submission_kind", "classes", "cv_strategy", "cv_folds", "deadline",
    "max_submissions_per_day", "proxy_for", "proxy_direction",
)  # fmt: skip


def snapshot(campaign: Path) -> dict[str, Any]:
    """The campaign's state. Raises CampaignError where there is no campaign. Never writes, but that
    what an older Podium made is brought up to date once."""
    registry = Registry.open(campaign)
    try:
        return read_snapshot(campaign, registry)
    finally:
        registry.close()


def read_snapshot(campaign: Path, registry: Registry) -> dict[str, Any]:
    """The same through a connection that is already open; one transaction, so that all figures are of one moment."""
    with registry.database.reading():
        values: dict[str, Any] = _plain(_read(campaign, registry))
    return values


def _read(campaign: Path, registry: Registry) -> dict[str, Any]:
    where: Mapping[str, Any] = registry.setting("state") or {}
    competition = competition_values(registry)
    blend = registry.blends.best(competition["metric_direction"] == "higher")
    experiments = experiment_rows(registry.database, {} if blend is None else blend.weights)
    data: Mapping[str, Any] = registry.setting("data") or {}
    hardware: Mapping[str, Any] = registry.setting("hardware") or {}
    return {
        "schema_version": SCHEMA_VERSION,
        "campaign": str(campaign.absolute()),
        "competition": competition,
        "state": campaign_state(campaign, registry),
        "ended_because": where.get("finished"),
        "round": where.get("round"),
        "phase": where.get("phase"),
        **budget_values(registry, experiments),
        "n_folds": data.get("n_folds"),
        "experiments": experiments,
        "pool": [e["id"] for e in experiments if e["verdict"] in ("pooled", "champion")],
        "champion": next((e["id"] for e in experiments if e["verdict"] == "champion"), None),
        "blend": None if blend is None else blend_values(blend),
        "cv_vault": registry.setting("tracking"),
        "expected_private": expected_values(registry),
        "choice": choice_values(registry),
        "overfitting": registry.setting("overfitting"),
        "baseline": registry.setting("baseline") or {},
        "notices": notices(registry),
        "imported": imported_values(registry, blend),
        "proxy": to_json(calibration(registry)),
        "platform": platform_kind(registry),
        "standing": standing_values(registry, blend),
        "submissions": [submission_values(row) for row in registry.submissions.all()],
        "submission_queue": queue_values(registry),
        "public_tracking": registry.setting("public_tracking"),
        "final_two": final_two_values(registry),
        "seats": seat_values(registry),
        "ledger": ledger_values(registry, experiments),
        "sandbox_level": registry.setting("sandbox_level") or hardware.get("sandbox_level"),
        "files": {name: _existing(campaign / file) for name, file in _FILES.items()},
    }


_FILES = {"submission": "submission.csv", "report": "report.html"}


def campaign_state(campaign: Path, registry: Registry) -> str:
    """running, paused, stopped, finished, waiting (for the outside agent that drives it) or interrupted. Alive means that
    an engine holds the lock."""
    where: Mapping[str, Any] = registry.setting("state") or {}
    if EngineLock.is_held(campaign):
        return "paused" if where.get("paused") else "running"
    finished = where.get("finished")
    if finished is not None:
        return "stopped" if finished == "stopped" else "finished"
    if registry.deliveries.any():
        return "waiting"
    return "stopped" if registry.setting("alive_s") is None else "interrupted"  # set up and never run, or cut off


def competition_values(registry: Registry) -> dict[str, Any]:
    """The competition in `config.json`'s keys; several targets are separated by commas, as `target_column` takes them."""
    stored: Mapping[str, Any] = registry.setting("competition") or {}
    values = {key: stored.get(key) for key in _COMPETITION}
    targets = stored.get("target_columns") or []
    title = stored.get("metric_title") or stored.get("metric")
    return {**values, "target_column": ", ".join(targets) or None, "metric_title": title}


def imported_values(registry: Registry, blend: BlendRow | None) -> dict[str, Any] | None:
    """The untrusted pool, and the blend with it beside the round's own; None where nothing was brought."""
    members = registry.imported.all()
    if not members:
        return None
    beside = None if blend is None else registry.imported.blend(blend.round)
    return {
        "members": [to_json(member) for member in members],
        "blend": None if beside is None else blend_values(beside),
    }


def budget_values(registry: Registry, experiments: list[dict[str, Any]]) -> dict[str, Any]:
    """`clock` (seconds alive, in all, left) always; `budget_experiments` where experiments are counted."""
    options: Mapping[str, Any] = registry.setting("options") or {}
    alive, total, count = float(registry.setting("alive_s") or 0.0), options.get("time_s"), options.get("experiments")
    over = sum(e["status"] in ("done", "killed", "failed") for e in experiments)
    left = None if total is None else max(0.0, total - alive)
    return {
        "clock": {"alive_s": alive, "total_s": total, "left_s": left},
        "budget_experiments": None if count is None else {"done": over, "total": count},
    }


def experiment_rows(database: Database, weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """All experiments, oldest first. `cost_s`: CPU seconds over all attempts; `folds_done` while one is running."""
    costs = {
        row["experiment"]: row["s"]
        for row in database.rows(
            "SELECT experiment, total(json_extract(exit, '$.cpu_s')) AS s FROM attempts WHERE exit IS NOT NULL GROUP BY 1"
        )
    }
    folds = {row["experiment"]: row["n"] for row in database.rows(_FOLDS_DONE)}
    found = []
    for row in database.rows(_EXPERIMENTS):
        values = dict(row)
        values["parents"] = json.loads(values["parents"] or "[]")
        values["fold_scores"] = json.loads(values["fold_scores"])
        values["cost_s"] = round(costs.get(values["id"], 0.0), 3)
        values["blend_weight"] = weights.get(values["id"], 0.0)
        values["folds_done"] = folds.get(values["id"], 0) if values["status"] == "running" else None
        found.append(values)
    return found


def blend_values(blend: BlendRow) -> dict[str, Any]:
    return {
        "round": blend.round,
        "score": blend.score,
        "stderr": blend.stderr,
        "space": blend.space,
        "weights": dict(blend.weights),
        "vault_score": blend.vault_score,
    }


def expected_values(registry: Registry) -> dict[str, Any] | None:
    """The expected private score with its interval, of the best blend so far; `final`: of what the campaign submitted."""
    stated: Mapping[str, Any] | None = registry.setting("expected")
    if stated is None:
        return None
    return {"round": stated["round"], "final": stated["final"], **stated["expected"]}


def choice_values(registry: Registry) -> dict[str, Any] | None:
    """What the vault chose among at the end; None without a vault, or before it was asked."""
    stored: Mapping[str, Any] = registry.setting("choice") or {}
    if stored.get("choice") is None:
        return None
    return {"n_vault": stored["n_vault"], "unasked": stored.get("unasked", []), **stored["choice"]}


def submission_values(row: SubmissionRow) -> dict[str, Any]:
    return {
        "tag": row.tag,
        "round": row.round,
        "file": row.file,
        "state": row.state,
        "expected": row.expected,
        "stderr": row.stderr,
        "public_score": row.public_score,
        "private_score": row.private_score,
        "at": datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds"),
        "purpose": row.purpose,
        "message": row.message,
    }


def queue_values(registry: Registry) -> list[dict[str, Any]]:
    """What might be submitted next, best first; what was sent or dropped is left out."""
    keys = ("id", "purpose", "round", "expected", "stderr", "gain", "information", "tells", "state", "reason")
    return [{key: getattr(one, key) for key in keys} | {"worth": one.worth} for one in registry.candidates.waiting()]


def final_two_values(registry: Registry) -> dict[str, Any] | None:
    """The two for the final ranking: tags, whether the platform has been told, and what a person is told."""
    found: dict[str, Any] | None = registry.setting("final_two")
    return found


def ledger_values(registry: Registry, experiments: list[dict[str, Any]]) -> dict[str, float | None]:
    """Kind → amount; CPU seconds as measured over all attempts, wall seconds as the clock journalled them."""
    return {
        "wall_s": float(registry.setting("alive_s") or 0.0),
        **registry.ledger.totals(),
        "cpu_s": round(sum(e["cost_s"] for e in experiments), 3),
    }


def _existing(path: Path) -> str | None:
    return os.fspath(path.absolute()) if path.is_file() else None


def _plain(value: Any) -> Any:
    """NaN and infinity have no JSON: they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def change_mark(registry: Registry) -> tuple[Any, ...]:
    """Changes whenever anything but the clock does: two equal marks mean equal snapshots, up to the time."""
    row = registry.database.row(
        "SELECT (SELECT max(id) FROM events), (SELECT max(id) FROM attempts), (SELECT max(rowid) FROM runs), "
        "(SELECT value FROM meta WHERE key='state'), (SELECT count(*) FROM submissions), (SELECT max(round) FROM blends)"
    )
    return () if row is None else tuple(row)
