"""The files that people and agents read: written from the registry after each phase, and never read back as state.

state.json results.tsv experiments.json LEARNINGS.md KAGGLE_API.md   the campaign
checks/R{NN}.json                                         QA's checks, for QA alone
rounds/R{NN}_*                                            the current round, the round's best experiment included
runs/<experiment>/config.json result.json                 the current round's experiments
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from podium import whole
from podium.campaign.round_views import SCHEMA_VERSION, as_json, cell, higher_is_better, write_round
from podium.campaign.submission import allowance
from podium.platforms.choose import address_of
from podium.records import Learning
from podium.registry import Registry
from podium.registry.submissions import SubmissionRow

TSV_HEADER = ("round", "script", "cv_score", "lb", "status", "submitted", "timestamp", "description")


def write_views(campaign: Path, registry: Registry) -> None:
    """Write all views of the present state; of earlier rounds nothing is touched but their line in the tables."""
    where: Mapping[str, Any] = registry.setting("state") or {}
    round_ = int(where.get("round") or 0)
    (campaign / "rounds").mkdir(exist_ok=True)
    whole.write(campaign / "state.json", as_json(_state(registry, where)))
    whole.write(campaign / "results.tsv", _results(registry))
    whole.write(campaign / "experiments.json", _experiments(registry))
    whole.write(campaign / "LEARNINGS.md", _learnings(registry.learnings()))
    whole.write(campaign / "KAGGLE_API.md", _kaggle_api(campaign, registry))
    write_round(campaign, registry, round_)


def _kaggle_api(campaign: Path, registry: Registry) -> str:
    """How to upload what the campaign wrote, for people and agents; what they may call where it plays on Kaggle itself."""
    address = address_of(str(registry.setting("source")))
    if address is not None and address.kind == "kaggle":
        from podium.platforms.kaggle.guide import guide_text

        return guide_text(address.at)
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    standing = registry.submissions.standing()
    template = (resources.files("podium.campaign") / "kaggle_api.md").read_text("utf-8")
    return template.format(
        slug=competition.get("competition", "SLUG"),
        quota=competition.get("max_submissions_per_day") or "not known here",
        tag=standing.tag if standing else "TAG",
        campaign=campaign,
    )


def _state(registry: Registry, where: Mapping[str, Any]) -> dict[str, Any]:
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    champion, blend = registry.experiments.champion(), registry.blends.best(higher_is_better(registry))
    best = registry.experiments.get(champion) if champion else None
    submissions = registry.submissions.all()
    zone = (competition.get("brought") or {}).get("submission_time_zone", "UTC")
    return {
        "schema_version": SCHEMA_VERSION,
        "competition": competition.get("competition"),
        "metric": competition.get("metric"),
        "metric_direction": competition.get("metric_direction"),
        "round": where.get("round"),
        "phase": where.get("phase"),
        "paused": bool(where.get("paused")),
        "finished": where.get("finished"),
        "experiments": registry.experiments.count(),
        "champion": champion,
        "best_experiment_score": None if best is None else best.score,
        "best_cv_score": None if blend is None else blend.score,
        "best_cv_stderr": None if blend is None else blend.stderr,
        "best_lb_score": _best_public(submissions, _score_direction(competition) == "higher"),
        "blend_weights": {} if blend is None else dict(blend.weights),
        "submissions_today": allowance.made_today(registry, time.time(), zone),
        "cv_lb_history": [[s.round, s.expected, s.public_score] for s in submissions][-50:],
    }


def _score_direction(competition: Mapping[str, Any]) -> Any:
    """Which way the platform's score is better: the unknown score's own where a proxy stands in for it."""
    return competition.get("proxy_direction") or competition.get("metric_direction")


def _best_public(submissions: list[SubmissionRow], higher: bool) -> float | None:
    scores = [s.public_score for s in submissions if s.public_score is not None]
    return (max(scores) if higher else min(scores)) if scores else None


def _results(registry: Registry) -> str:
    """One row a round that has experiments or a blend, in AutoKaggle's columns."""
    blends = {row["round"]: row["score"] for row in registry.database.rows("SELECT round, score FROM blends")}
    ordered = sorted(registry.submissions.all(), key=lambda row: row.purpose == "best")  # which speaks for its round
    submissions = {row.round: row for row in ordered}
    counts = registry.database.rows(
        "SELECT e.round AS round, count(*) AS n, sum(status IN ('queued', 'running')) AS open, "
        "sum(verdict IN ('pooled', 'champion')) AS pooled, sum(verdict = 'champion') AS champion, "
        "sum(status = 'killed') AS killed, sum(status = 'failed') AS failed, "
        "group_concat(json_extract(spec, '$.name'), '; ') AS names, "
        "(SELECT max(at) FROM steps AS s WHERE s.round = e.round) AS at "
        "FROM experiments AS e GROUP BY e.round ORDER BY e.round"
    )
    lines = ["\t".join(TSV_HEADER)]
    for row in counts:
        sent = submissions.get(row["round"])
        cells = (
            row["round"],
            f"rounds/R{row['round']:02d}_experiment.py",
            _figure(blends.get(row["round"])),
            _figure(None if sent is None else sent.public_score),
            _round_status(row),
            "no" if sent is None else sent.state,
            "" if row["at"] is None else datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="seconds"),
            f"{row['n']} experiments, {row['pooled'] or 0} pooled, {row['killed']} killed, {row['failed']} failed: "
            f"{row['names']}",
        )
        lines.append("\t".join(map(cell, cells)))
    return "\n".join(lines) + "\n"


def _round_status(row: Any) -> str:
    if row["open"]:
        return "running"
    if row["champion"]:
        return "champion"
    if row["pooled"]:
        return "pooled"
    return "failed" if row["failed"] == row["n"] else "killed" if row["killed"] else "invalid"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _experiments(registry: Registry) -> str:
    """All experiments as JSON. SQLite writes each line, so that a long campaign stays cheap."""
    blend = registry.blends.best(higher_is_better(registry))
    rows = registry.database.rows(
        "SELECT json_object('id', id, 'round', round, 'name', json_extract(spec, '$.name'), "
        "'family', json_extract(spec, '$.family'), 'operator', json_extract(spec, '$.operator'), "
        "'hypothesis', json_extract(spec, '$.hypothesis'), 'parents', json(json_extract(spec, '$.parents')), "
        "'status', status, 'verdict', verdict, 'score', score, 'stderr', stderr, 'fold_scores', json(fold_scores), "
        "'seed', seed, 'message', message) AS line FROM experiments ORDER BY rowid"
    )
    head = {
        "schema_version": SCHEMA_VERSION,
        "families": registry.experiments.families(),
        "champion": registry.experiments.champion(),
        "blend": {} if blend is None else {"round": blend.round, "score": blend.score, "weights": dict(blend.weights)},
    }
    opening = json.dumps(head, ensure_ascii=False).removesuffix("}")
    return opening + ', "experiments": [\n' + ",\n".join(row["line"] for row in rows) + "\n]}\n"


def _learnings(learnings: tuple[Learning, ...]) -> str:
    lines = ["# Learnings", ""]
    for learning in learnings:
        against = f", contradicted {learning.contradicted}×" if learning.contradicted else ""
        lines.append(
            f"- **{cell(learning.rule)}** ({learning.id}; applies to {cell(learning.applies_to)}; "
            f"support {learning.support}{against})  \n  Evidence: {cell(learning.evidence)}"
        )
    return "\n".join(lines if learnings else [*lines, "None yet."]) + "\n"
