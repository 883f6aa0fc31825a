"""The proxy of an unknown score: what every candidate says of each submission, from its blend's saved predictions."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble, metrics, tasks
from podium.campaign import blending, untrusted
from podium.metrics import proxy

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.blends import BlendRow


def record(engine: Engine) -> None:
    """Compute what is missing: for each submission, the candidates' scores of its blend from saved OOF predictions."""
    if not engine.competition.proxy_for:
        return
    known = engine.registry.proxies.known()
    rows = engine.registry.blends.newest(10_000)
    for sent in engine.registry.submissions.all():
        blends = [row for row in rows if sent.is_of(row) and row.round <= sent.round]
        if sent.tag not in known and blends:
            engine.registry.proxies.add(sent.tag, scores(engine, untrusted.to_send(engine, blends[-1])))


def scores(engine: Engine, row: BlendRow) -> dict[str, float]:
    """Candidate → score of a blend's OOF predictions, each with decisions fitted for it on other folds."""
    members = [member for member, weight in row.weights.items() if weight > 0]
    raw = ensemble.combine(blending.blend_of(row), {member: engine.store.oof(member) for member in members})
    known = np.isfinite(raw).all(axis=1)
    competition = engine.competition
    found = {}
    for name in dict.fromkeys((competition.metric, *proxy.candidates(competition.task_type))):
        metric = metrics.get(name)
        if competition.task_type not in metric.task_types:
            continue
        kind: Any = "value" if not competition.classes and competition.submission_kind == "value" else (
            "label" if metric.needs == "label" else "probability"
        )  # fmt: skip
        asked = dataclasses.replace(competition, metric=name, metric_direction=metric.direction, submission_kind=kind)
        task = engine.task if name == competition.metric else tasks.for_competition(asked)
        score = task.score_raw(engine.truth[known], raw[known], engine.fold_of[known])
        if np.isfinite(score):
            found[name] = float(score)
    return found
