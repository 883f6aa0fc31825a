"""Briefs: the figures a role is given, read from the registry; flat as rounds pile up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podium import referee
from podium.campaign import memory, pretrained, retro
from podium.campaign.explain import explain
from podium.campaign.external import proposals
from podium.campaign.external.enlarged import described
from podium.records import BlendFact, Brief, ExperimentFact, ExperimentSpec, Facts, Hypothesis, Phase, Review, Role
from podium.registry.experiments import Experiment, fact
from podium.team.policy import suggest
from podium.team.reading import readable
from podium.team.roles import SCOPES, Scope

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

BEST, NEWEST, BLENDS = 40, 20, 20  # that a brief lists: it is read as text
REMEMBERED = (
    200  # newest experiments and rounds for our own team, which reads figures: what failed must not be tried again
)
CORRELATED = 12  # pool members whose pairwise correlations a brief shows


def brief(
    engine: Engine,
    round_: int,
    phase: Phase,
    role: Role,
    *,
    hypotheses: tuple[Hypothesis, ...] = (),
    plan: tuple[ExperimentSpec, ...] = (),
    review: Review | None = None,
) -> Brief:
    own = engine.seats[role] is engine.fallback
    facts = gather(engine, round_, own=own, hypotheses=hypotheses, plan=plan, review=review)
    if phase in ("plan", "revise"):
        facts = replace(facts, suggestions=suggest(engine.options.seats.search, facts, f"{facts.seed}:R{round_:02d}"))
    scope = SCOPES[role]
    reads = named(engine.campaign, scope)
    return Brief(f"R{round_:02d}_{phase}", round_, phase, role, str(engine.campaign), scope.shown(facts), reads)


def named(campaign: Path, scope: Scope) -> tuple[str, ...]:
    """The files that a brief names to its role: of the rounds the newest, and no folder that grows with experiments."""
    allowed = readable(campaign, scope, leave_out=("runs",))
    rounds = [name for name in allowed if name.startswith("rounds/") and not name.startswith("rounds/R00_")]
    dropped = set(rounds[:-NEWEST])
    return tuple(name for name in allowed if name not in dropped)


def gather(engine: Engine, round_: int, *, own: bool = False, **deliverables: Any) -> Facts:
    """Everything a brief says in figures. `own`: to our own team."""
    registry = engine.registry
    higher = engine.competition.metric_direction == "higher"
    shortlist = registry.experiments.shortlist(BEST, REMEMBERED if own else NEWEST, higher)
    correlations = _correlations(engine)
    champion, count = registry.experiments.champion(), registry.experiments.count()
    return Facts(
        competition=engine.competition,
        data=engine.dataset.facts,
        audit=registry.audit(),
        hardware=engine.hardware,
        budget=engine.purse.as_fact(count, engine.pace()),
        round=round_,
        seed=engine.options.seed,
        experiments=_experiments(engine, shortlist, correlations, champion),
        n_experiments=count,
        families=registry.experiments.families(),
        champion=champion,
        noise_floor=_noise_floor(engine, champion),
        correlations=correlations,
        blends=tuple(
            BlendFact(row.round, row.score, row.stderr, row.weights, row.vault_score, row.merit)
            for row in registry.blends.newest(REMEMBERED if own else BLENDS)
        ),
        learnings=registry.learnings(),
        fingerprints=registry.experiments.fingerprints(),
        notes=registry.inbox.notes(),
        charter=engine.terms[0],
        stack=engine.terms[1],
        reopened=retro.reopened(registry, round_),
        explained=explain.told(registry),
        recalled=memory.recalled(registry),
        external=(*described(engine, round_), *pretrained.described(engine)),
        sources=proposals.open_(registry),
        **deliverables,
    )


def _experiments(
    engine: Engine, shortlist: list[Experiment], correlations: dict[str, dict[str, float]], champion: str | None
) -> tuple[ExperimentFact, ...]:
    last = engine.registry.blends.last()
    weights = last.weights if last else {}
    measured = engine.registry.runs.cpu_seconds([e.id for e in shortlist]) if engine.purse.timed else {}
    gates = [_gate(engine, experiment) for experiment in shortlist]
    return tuple(
        fact(
            experiment,
            cost_s=round(measured.get(experiment.id, experiment.static_cost_s), 3),
            correlation=correlations.get(champion or "", {}).get(experiment.id),
            weight=weights.get(experiment.id, 0.0),
            notes={**engine.registry.runs.notes(experiment.id), **_behind(gate)},
            twin=gate.get("twin"),
        )
        for experiment, gate in zip(shortlist, gates, strict=True)
    )


def _gate(engine: Engine, experiment: Experiment) -> Mapping[str, Any]:
    """The gate that stopped it; empty where none did."""
    gate = engine.registry.experiments.gate(experiment.id) if experiment.status == "killed" else None
    return {} if gate is None or gate["continue_"] else gate


def _behind(gate: Mapping[str, Any]) -> dict[str, float]:
    """How far behind the champion a gate stopped it, in the unit of what guides; empty where none did, for a twin, and for what
    might have gained a little, but not what its time should bring."""
    if not gate or gate.get("twin") or max(gate["solo_upper"], gate.get("blend_upper") or 0.0) > 0:
        return {}
    return {"behind": -float(gate["solo_gain"])}


def _correlations(engine: Engine) -> dict[str, dict[str, float]]:
    best = engine.registry.experiments.best_of_pool(CORRELATED, engine.competition.metric_direction == "higher")
    key = tuple(sorted(e.id for e in best))
    if engine.correlations[0] != key:
        engine.correlations = (
            key,
            referee.correlations({id_: engine.store.oof(id_) for id_ in key}) if len(key) > 1 else {},
        )
    return engine.correlations[1]


def _noise_floor(engine: Engine, champion: str | None) -> float:
    """The standard error of what the champion is judged by until paired differences are known; 0 before there is one."""
    if champion is None:
        return 0.0
    paired = engine.registry.experiments.paired_stderr(champion)
    if paired is not None:
        return paired
    if engine.guide is engine.task:
        standing = engine.registry.experiments.get(champion)
        return (standing.stderr or 0.0) if standing else 0.0
    return referee.rescore(
        engine.guide, engine.truth, engine.store.oof(champion), engine.fold_of, groups=engine.store.groups
    ).stderr
