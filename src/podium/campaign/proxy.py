"""The proxy of an unknown score, calibrated: what every candidate says of each submission, beside what came back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble, metrics, tasks
from podium.campaign import decide, untrusted
from podium.metrics import proxy

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.metrics.proxy import Calibration
    from podium.registry import Registry
    from podium.registry.blends import BlendRow


def record(engine: Engine) -> None:
    """Compute what is missing: for each submission, the candidates' scores of its blend from saved OOF predictions."""
    if not engine.competition.proxy_for:
        return
    known = engine.registry.proxies.known()
    rows = engine.registry.blends.newest(10_000)
    for sent in engine.registry.submissions.all():
        blends = [row for row in rows if row.score == sent.expected and row.round <= sent.round]
        if sent.tag not in known and blends:
            engine.registry.proxies.add(sent.tag, scores(engine, untrusted.to_send(engine, blends[-1])))


def scores(engine: Engine, row: BlendRow) -> dict[str, float]:
    """Candidate → score of a blend's OOF predictions, each with decisions fitted for it on other folds."""
    members = [member for member, weight in row.weights.items() if weight > 0]
    raw = ensemble.combine(decide.blend_of(row), {member: engine.store.oof(member) for member in members})
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


def calibration(registry: Registry) -> Calibration | None:
    """How well the proxy tracks the score, from what has come back; None before there are three pairs."""
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    if not competition.get("proxy_for"):
        return None
    pairs = registry.proxies.scored()
    names = sorted({name for _, found in pairs for name in found})
    values = {name: [found.get(name, float("nan")) for _, found in pairs] for name in names}
    current = str(competition["metric"])
    if current not in values:
        return None
    direction: Any = competition.get("proxy_direction") or "higher"
    return proxy.calibrate(values, [score for score, _ in pairs], current, direction)


def warn(registry: Registry, alive_s: float, round_: int) -> None:
    """One warning event for each other proxy that comes to track the score clearly better."""
    found = calibration(registry)
    if found is None or found.better is None or found.better in (registry.setting("proxy_warned") or []):
        return
    best = found.others[0]
    text = (
        f"{found.better} ranks the {found.n} scored submissions better than {found.current.proxy} does (Kendall's tau "
        f"{best.tau:.2f} against {found.current.tau:.2f}); to optimise it, start a campaign with metric_proxy={found.better}"
    )
    with registry.database.write():
        registry.set("proxy_warned", [*(registry.setting("proxy_warned") or []), found.better])
        registry.events.add(alive_s, round_, "warning", {"message": text})
