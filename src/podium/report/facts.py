"""What the page is made of, read once from the registry."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from podium.campaign.lineage import Lineage, lineage
from podium.campaign.round_views import oof_predictions
from podium.records import AuditFinding, Learning, Probed
from podium.registry import Registry
from podium.report.snapshot import blend_values, read_snapshot

MOST_COMPARED = 12  # experiments in the heat map
MOST_ROWS = 20_000  # rows that a correlation is computed from
MOST_PROBED = 40  # experiments whose probes failed or warned
MOST_ROUNDS = 12  # rounds whose texts are on the page


@dataclass(frozen=True)
class PageFacts:
    """`now` is the snapshot; the rest is what only the page shows."""

    now: Mapping[str, Any]
    competition: Mapping[str, Any]
    data: Mapping[str, Any]
    audit: Sequence[AuditFinding]
    blends: Sequence[Mapping[str, Any]]
    compared: Sequence[str]  # ids, heaviest in the blend first, then best
    correlations: Sequence[Sequence[float]]
    alarms: Mapping[str, Sequence[Mapping[str, Any]]]  # of invalid experiments
    attempts: Sequence[Mapping[str, Any]]  # runs that ended otherwise than done
    learnings: Sequence[tuple[int, Learning]]  # round, learning; newest round first
    vault_reads: Sequence[Mapping[str, Any]]
    cpu: Mapping[
        str, float
    ]  # what runs were for, by the first word of their part → CPU seconds; "": they did not finish
    sandbox_levels: Mapping[str, int]  # level → runs
    texts: Sequence[tuple[int, Mapping[str, Any]]]  # round → deliverables
    lineage: Lineage
    probe_counts: Mapping[str, Mapping[str, int]]  # probe → outcome → experiments
    probed: Mapping[str, Sequence[Probed]]  # of the newest that failed or were warned of, and of the leading one


def gather(campaign: Path, registry: Registry) -> PageFacts:
    now = read_snapshot(campaign, registry)
    rows = registry.database.rows
    higher = now["competition"]["metric_direction"] == "higher"
    compared, correlations = _correlations(campaign, registry, now, higher)
    invalid = [e["id"] for e in now["experiments"] if e["verdict"] == "invalid"]
    return PageFacts(
        now=now,
        competition=registry.setting("competition") or {},
        data=registry.setting("data") or {},
        audit=registry.audit(),
        blends=[blend_values(row) for row in registry.blends.newest(10_000)],
        compared=compared,
        correlations=correlations,
        alarms={id_: registry.experiments.alarms(id_) for id_ in invalid[-100:]},
        attempts=[
            dict(row)
            for row in rows(
                "SELECT experiment, folder, json_extract(exit, '$.outcome') AS outcome, "
                "json_extract(exit, '$.message') AS message, json_extract(exit, '$.wall_s') AS wall_s FROM attempts "
                "WHERE exit IS NOT NULL AND outcome != 'done' AND folder NOT LIKE '%/probe%' ORDER BY id DESC LIMIT 50"
            )
        ],
        learnings=_learnings(registry),
        vault_reads=[dict(row) for row in rows("SELECT round, what, score FROM vault_reads ORDER BY id")],
        cpu=_cpu(registry),
        sandbox_levels={
            row["level"]: row["n"]
            for row in rows("SELECT json_extract(exit, '$.sandbox_level') AS level, count(*) AS n FROM runs GROUP BY 1")
        },
        texts=_texts(registry, now["round"]),
        lineage=lineage(registry),
        probe_counts=registry.probes.counts(),
        probed={id_: registry.probes.of(id_) for id_ in (*compared[:1], *registry.probes.odd(MOST_PROBED))},
    )


def _cpu(registry: Registry) -> Mapping[str, float]:
    found: dict[str, float] = defaultdict(float)
    for row in registry.database.rows(
        "SELECT folder, json_extract(exit, '$.outcome') AS outcome, json_extract(exit, '$.cpu_s') AS s FROM attempts "
        "WHERE exit IS NOT NULL"
    ):
        part = str(row["folder"]).rsplit("/", 1)[-1].split("_")[0].split(".")[0]
        found[part if row["outcome"] == "done" else ""] += row["s"] or 0.0
    return found


def _learnings(registry: Registry) -> list[tuple[int, Learning]]:
    of_round = {
        json.loads(row["learning"])["id"]: row["round"]
        for row in registry.database.rows("SELECT learning, round FROM learnings")
    }
    found = [(of_round.get(learning.id, 0), learning) for learning in registry.learnings()]
    return sorted(found, key=lambda pair: (-pair[0], pair[1].id))


def _texts(registry: Registry, last: int | None) -> list[tuple[int, Mapping[str, Any]]]:
    """Round 0 and the newest rounds, newest first."""
    newest = last or 0
    wanted = [*range(newest, max(0, newest - MOST_ROUNDS), -1), 0]
    return [(round_, steps) for round_ in wanted if (steps := registry.journal.steps(round_))]


def _correlations(
    campaign: Path, registry: Registry, now: Mapping[str, Any], higher: bool
) -> tuple[list[str], list[list[float]]]:
    """Pearson correlations of raw OOF predictions over the rows that all compared experiments have."""
    sign = -1.0 if higher else 1.0
    pool = [e for e in now["experiments"] if e["id"] in set(now["pool"])]
    pool.sort(key=lambda e: (-e["blend_weight"], sign * (e["score"] or 0.0)))
    found: dict[str, Any] = {}
    for experiment in pool[:MOST_COMPARED]:
        oof = oof_predictions(campaign, registry.runs.of(experiment["id"]))
        if oof is not None:
            found[experiment["id"]] = oof
    if len(found) < 2 or len({oof.shape for oof in found.values()}) > 1:
        return [], []
    stacked = np.stack([oof[:: max(1, len(oof) // MOST_ROWS)].ravel() for oof in found.values()])
    common = stacked[:, np.isfinite(stacked).all(axis=0)]
    varied = common.shape[1] > 1 and bool((common.std(axis=1) > 0).all())
    if not varied:
        return [], []
    return list(found), np.corrcoef(common).tolist()
