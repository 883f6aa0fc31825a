"""The phases of a round: each one's role, brief, deliverable, check and record. Plain functions of the engine.

Every phase is one journalled step: its deliverable is recorded together with all that follows from it, or not at all.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from podium.campaign import briefs, checks, decide, solutions
from podium.campaign.decide import Decision, Verified
from podium.campaign.runner import Runner, fold_track, outcome
from podium.campaign.submit import reserve
from podium.campaign.views import write_views
from podium.competition import audit, eda_markdown
from podium.errors import SeatError
from podium.recipes import catalog
from podium.records import (
    AuditFinding,
    Build,
    Deliverable,
    ExperimentSpec,
    Findings,
    Phase,
    Plan,
    ResearchBrief,
    Review,
    Role,
)
from podium.registry.experiments import Experiment

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

D = TypeVar("D", bound=Deliverable)


@dataclass(frozen=True)
class Eda:
    """Round 0: what the audit saw, as findings and as the report that every role may read."""

    findings: tuple[AuditFinding, ...]
    text: str


def eda(engine: Engine) -> Eda:
    """Round 0: audit the dealt data. The engine's own work: no role may colour it."""
    engine.enter(0, "eda")

    def look() -> Eda:
        found = audit(engine.competition, engine.dataset, engine.options.seed)
        return Eda(found, eda_markdown(engine.competition, engine.dataset, found))

    def record(seen: Eda) -> None:
        engine.registry.set_audit(seen.findings)
        engine.registry.set("baseline", {"one guess for all": decide.baseline(engine).score})

    done = engine.registry.journal.step(0, "eda", Eda, look, record)
    write_views(engine.campaign, engine.registry)
    return done


def retro(engine: Engine, round_: int) -> Findings:
    """Every tenth round: the whole campaign once more, by the reviewer."""
    return _play(engine, round_, "retro", "reviewer", Findings, checks.findings, _record_learnings(engine, round_))


def research(engine: Engine, round_: int) -> ResearchBrief:
    return _play(engine, round_, "research", "researcher", ResearchBrief, checks.research)


def plan(engine: Engine, round_: int, found: ResearchBrief) -> Plan:
    return _play(engine, round_, "plan", "builder", Plan, checks.plan, hypotheses=found.hypotheses)


def review(engine: Engine, round_: int, found: ResearchBrief, planned: Plan) -> Review:
    return _play(
        engine,
        round_,
        "review",
        "reviewer",
        Review,
        checks.review,
        hypotheses=found.hypotheses,
        plan=planned.experiments,
    )


def revise(engine: Engine, round_: int, found: ResearchBrief, planned: Plan, reviewed: Review) -> Plan:
    return _play(
        engine,
        round_,
        "revise",
        "builder",
        Plan,
        checks.plan,
        hypotheses=found.hypotheses,
        plan=planned.experiments,
        review=reviewed,
    )


def build(engine: Engine, round_: int, planned: Plan) -> list[Experiment]:
    """Solutions for the planned experiments, as many as the budget still has; each gets an id and an allowance."""
    left = engine.options.experiments
    count = engine.registry.experiments.count()
    specs = planned.experiments if left is None else planned.experiments[: max(0, left - count)]

    def record(built: Build) -> None:
        for position, (spec, source) in enumerate(zip(specs, built.solutions, strict=True)):
            engine.registry.experiments.add(_experiment(engine, round_, count + position + 1, spec, source))

    if engine.registry.journal.find(f"R{round_:02d}_build") is None and not specs:
        return []
    built = _play(engine, round_, "build", "builder", Build, checks.build, record, plan=specs)
    experiments = engine.registry.experiments.of_round(round_)
    for experiment, source in zip(experiments, built.solutions, strict=True):
        solutions.publish(engine, experiment.id, source)
    return experiments


def run(engine: Engine, round_: int, experiments: list[Experiment]) -> None:
    """First fold, gate, other folds, on whatever executor. Finished runs are recorded one by one, so a crash costs one."""
    engine.enter(round_, "run")

    def play() -> dict[str, Any]:
        reserve(engine, experiments)
        tracks = [fold_track(engine, experiment) for experiment in experiments]
        for experiment in experiments:
            engine.registry.experiments.set_status(experiment.id, "running")
        Runner(engine).play(tracks)
        return outcome(tracks)

    def record(result: dict[str, Any]) -> None:
        for id_, end in result.items():
            engine.registry.experiments.set_status(id_, end["status"], end["message"])

    engine.registry.journal.step(round_, "run", dict, play, record)


def verify(engine: Engine, round_: int) -> tuple[Verified, ...]:
    """The referee re-scores every finished experiment of the round from its saved predictions."""
    engine.enter(round_, "verify")
    done = [e for e in engine.registry.experiments.of_round(round_) if e.status == "done"]

    def record(verification: Verification) -> None:
        for one in verification.verified:
            engine.registry.experiments.set_score(one.id, one.scored.score, one.scored.stderr, one.scored.fold_scores)

    def look() -> Verification:
        return Verification(decide.verify(engine, done))

    return engine.registry.journal.step(round_, "verify", Verification, look, record).verified


@dataclass(frozen=True)
class Verification:
    verified: tuple[Verified, ...]


def verdicts(engine: Engine, round_: int, verified: tuple[Verified, ...]) -> None:
    """Verdicts by paired tests, then the round's blend."""
    engine.enter(round_, "decide")
    alarms = {one.id: one.alarms for one in verified}

    def record(decision: Decision) -> None:
        for judged in decision.judged:
            engine.registry.experiments.set_verdict(judged.id, judged.verdict, judged, alarms[judged.id])

    decision = engine.registry.journal.step(round_, "decide", Decision, lambda: decide.judge(engine, verified), record)
    for judged in decision.judged:
        engine.event("verdict", experiment=judged.id, verdict=judged.verdict)
    if engine.registry.blends.of_round(round_) is None and decision.judged:
        blended = decide.blend(engine, round_)
        if blended is not None:
            engine.registry.blends.add(blended)
            engine.event("blend", score=blended.score, stderr=blended.stderr, weights=dict(blended.weights))


def learn(engine: Engine, round_: int) -> Findings:
    """Findings whose figures trace to registry rows, and learnings with their evidence."""
    return _play(engine, round_, "learn", "reflector", Findings, checks.findings, _record_learnings(engine, round_))


def _play(
    engine: Engine,
    round_: int,
    phase: Phase,
    role: Role,
    kind: type[D],
    check: Callable[[D, Any], None],
    record: Callable[[D], None] = lambda deliverable: None,
    **deliverables: Any,
) -> D:
    """One role's phase: brief, seat, check, record. Where the seat cannot, the fallback seat plays and we say so."""
    engine.enter(round_, phase)

    def ask() -> D:
        brief = briefs.brief(engine, round_, phase, role, **deliverables)
        for seat in (engine.seats[role], engine.fallback):
            started = time.monotonic()
            try:
                reply = seat.play(brief)
                if not isinstance(reply.deliverable, kind):
                    raise SeatError(f"{phase}: expected a {kind.__name__}; found a {type(reply.deliverable).__name__}")
                check(reply.deliverable, brief)
            except SeatError as problem:
                if seat is engine.fallback:
                    raise
                engine.event(
                    "warning", message=f"{role} ({seat.name}) could not play {phase}: {problem}; built-in plays"
                )
                continue
            engine.registry.ledger.charge_usage(round_, f"{role}:{phase}", reply.usage)
            engine.registry.ledger.charge(round_, f"{role}:{phase}", "wall_s", time.monotonic() - started)
            return reply.deliverable
        raise AssertionError("the fallback seat answers or raises")

    deliverable = engine.registry.journal.step(round_, phase, kind, ask, record)
    write_views(engine.campaign, engine.registry)
    return deliverable


def _record_learnings(engine: Engine, round_: int) -> Callable[[Findings], None]:
    def record(findings: Findings) -> None:
        for learning in findings.learnings:
            engine.registry.add_learning(learning, round_)

    return record


def _experiment(engine: Engine, round_: int, number: int, spec: ExperimentSpec, source: str) -> Experiment:
    recipe, data = spec.recipe, engine.dataset.facts
    fold_rows = data.n_train * (engine.n_folds - 1) // max(1, engine.n_folds)
    fold_cost = catalog.cost_s(recipe, data, fold_rows) if recipe else spec.cost_s / max(1, engine.n_folds)
    builtin = engine.seats["builder"] is engine.fallback and recipe is not None
    sha = hashlib.sha256(source.encode()).hexdigest()
    return Experiment(
        id=f"E{number:03d}",
        round=round_,
        spec=spec,
        seed=engine.options.seed + spec.seed_offset,
        fingerprint=catalog.fingerprint(recipe) if recipe else sha[:16],
        solution_sha=sha,
        builtin=builtin,
        static_cost_s=fold_cost * engine.n_folds,
        allowance_s=engine.purse.allowance_s(fold_cost, engine.n_folds, engine.speed()),
    )
