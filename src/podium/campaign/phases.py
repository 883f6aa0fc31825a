"""The phases of a round: each one's role, brief, deliverable, check and record. Plain functions of the engine.

Every phase is one journalled step: its deliverable is recorded together with all that follows from it, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from podium import metrics
from podium.campaign import blending, decide, made, pretrained, solutions, stacked, untrusted
from podium.campaign.affordable import affordable
from podium.campaign.decide import Decision, Verified
from podium.campaign.estimates import expectation
from podium.campaign.explain import explain
from podium.campaign.external import trials
from podium.campaign.external.sources import propose
from podium.campaign.left_out import left_out
from podium.campaign.probes import probing
from podium.campaign.runner import Runner, outcome
from podium.campaign.submission.filing import reserve
from podium.campaign.tracks import fold_track
from podium.campaign.turn import play
from podium.campaign.views import write_views
from podium.competition import audit, eda_markdown, plots
from podium.errors import IntakeError
from podium.records import (
    AuditFinding,
    Build,
    Charter,
    Checks,
    Competition,
    Findings,
    Plan,
    ResearchBrief,
    Review,
    Stack,
    from_json,
)
from podium.registry.experiments import Experiment

if TYPE_CHECKING:
    from podium.campaign.engine import Engine


@dataclass(frozen=True)
class Eda:
    """Round 0: what the audit saw, as findings and as the report that every role may read."""

    findings: tuple[AuditFinding, ...]
    text: str
    plots: Mapping[str, str] = field(default_factory=dict)  # name → SVG, beside the text as R00_<name>.svg


def eda(engine: Engine) -> Eda:
    """Round 0: audit the dealt data. The engine's own work: no role may colour it."""
    engine.enter(0, "eda")

    def look() -> Eda:
        asked, data, seed = engine.competition, engine.dataset, engine.options.seed
        found = (
            *audit(asked, data, seed),
            *affordable(asked, data.facts, engine.hardware),
            *left_out(asked, data.facts),
        )
        drawn = plots(asked, data, seed)
        return Eda(found, eda_markdown(asked, data, found, drawn), drawn)

    def record(seen: Eda) -> None:
        engine.registry.set_audit(seen.findings)
        engine.registry.set("baseline", {"one guess for all": decide.baseline(engine).score})

    done = engine.registry.journal.step(0, "eda", Eda, look, record)
    write_views(engine.campaign, engine.registry)
    return done


def terms(engine: Engine) -> None:
    """Round 0: what every later brief rests on. A replay costs nothing."""
    engine.terms = (charter(engine), None)
    engine.terms = (engine.terms[0], stack(engine))


def charter(engine: Engine) -> Charter:
    """Round 0: the manager's terms. What it reads in the description is held against what intake fixed, and shown."""

    def record(written: Charter) -> None:
        for key, ours, theirs in disagreements(engine.competition, written.reading):
            text = f"the manager reads {key} as {theirs!r}; intake fixed {ours!r}, and that stands"
            engine.event("warning", message=text)
        engine.registry.set("disagreements", [list(d) for d in disagreements(engine.competition, written.reading)])

    return play(engine, 0, "charter", Charter, record)


def disagreements(competition: Competition, reading: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(key, ours, theirs) where the manager's reading differs from the competition as intake fixed it."""
    ours = {
        "task_type": competition.task_type,
        "metric": competition.metric,
        "metric_direction": competition.metric_direction,
        "target_column": ", ".join(competition.target_columns),
        "id_column": competition.id_column or "",
    }

    def plain(key: str, value: str) -> str:
        return _metric_name(value) if key == "metric" else " ".join(str(value).lower().split())

    return [
        (key, ours[key], str(value))
        for key, value in reading.items()
        if key in ours and plain(key, value) != plain(key, ours[key])
    ]


def _metric_name(words: str) -> str:
    """A metric's own name; the words themselves where no metric is called so."""
    try:
        return metrics.get(words).name
    except IntakeError:
        return words


def stack(engine: Engine) -> Stack:
    """Round 0: what solutions are built with here, by the cto, from the measured hardware."""
    return play(engine, 0, "stack", Stack)


def checks(engine: Engine, round_: int, planned: Plan) -> Checks:
    """QA's checks of this round's experiments, written from charter and plan before any code is."""
    return play(engine, round_, "checks", Checks, plan=planned.experiments)


def retro(engine: Engine, round_: int) -> Findings:
    """Every tenth round: the whole campaign once more, by the reviewer."""
    return play(engine, round_, "retro", Findings, _record_learnings(engine, round_))


def research(engine: Engine, round_: int) -> ResearchBrief:
    return play(engine, round_, "research", ResearchBrief, lambda found: propose(engine, found.external))


def plan(engine: Engine, round_: int, found: ResearchBrief) -> Plan:
    return play(engine, round_, "plan", Plan, hypotheses=found.hypotheses)


def review(engine: Engine, round_: int, found: ResearchBrief, planned: Plan) -> Review:
    return play(engine, round_, "review", Review, hypotheses=found.hypotheses, plan=planned.experiments)


def revise(engine: Engine, round_: int, found: ResearchBrief, planned: Plan, reviewed: Review) -> Plan:
    known: dict[str, Any] = {"hypotheses": found.hypotheses, "plan": planned.experiments, "review": reviewed}
    return play(engine, round_, "revise", Plan, **known)


def build(engine: Engine, round_: int, planned: Plan) -> list[Experiment]:
    """Solutions for the planned experiments, as many as the budget still has; each gets an id and an allowance. What was
    handed in from outside the rounds joins them, and what is run again with rows from elsewhere."""
    left, count = engine.options.experiments, engine.registry.experiments.count()
    extras, reruns = engine.registry.extras.pending(), trials.due(engine, round_)
    specs = planned.experiments if left is None else planned.experiments[: max(0, left - count - len(reruns))]

    def record(built: Build) -> None:
        registry, standing = engine.registry, engine.registry.external.standing(round_)
        entries = [*zip(specs, built.solutions, strict=True), *((extra.spec, extra.solution) for extra in extras)]
        ids = [f"E{count + position + 1:03d}" for position in range(len(entries) + len(reruns))]
        pretrained.note(engine, [source for _, source in entries])
        for id_, (spec, source) in zip(ids, entries, strict=False):
            registry.experiments.add(made.of_plan(engine, round_, id_, spec, source, standing))
        for id_, extra in zip(ids[len(specs) :], extras, strict=False):
            registry.extras.take(extra, id_)
        for id_, rerun in zip(ids[len(entries) :], reruns, strict=True):
            registry.experiments.add(made.again(engine, round_, id_, rerun))
            if (trial := rerun.trial(id_, round_)) is not None:
                registry.external.put_trial(trial)

    if engine.registry.journal.find(f"R{round_:02d}_build") is None and not (specs or extras or reruns):
        return []
    play(engine, round_, "build", Build, record, plan=specs)
    experiments = engine.registry.experiments.of_round(round_)
    for experiment in experiments:
        solutions.ensure(engine, experiment)
    return experiments


def run(engine: Engine, round_: int, experiments: list[Experiment]) -> None:
    """First fold, gate, other folds, on whatever executor. Finished runs are recorded one by one, so a crash costs one."""
    engine.enter(round_, "run")

    def run_all() -> dict[str, Any]:
        reserve(engine, experiments)
        tracks = [fold_track(engine, experiment) for experiment in experiments]
        for experiment in experiments:
            engine.registry.experiments.set_status(experiment.id, "running")
        Runner(engine).play(sorted(tracks, key=lambda track: -track.experiment.static_cost_s))  # else one ends alone
        return outcome(tracks)

    def record(result: dict[str, Any]) -> None:
        for id_, end in result.items():
            engine.registry.experiments.set_status(id_, end["status"], end["message"])

    engine.registry.journal.step(round_, "run", dict, run_all, record)


def verify(engine: Engine, round_: int) -> tuple[Verified, ...]:
    """The referee re-scores every finished experiment of the round from its saved predictions, and probes it."""
    engine.enter(round_, "verify")
    done = [e for e in engine.registry.experiments.of_round(round_) if e.status == "done"]
    wanted = engine.registry.journal.find(f"R{round_:02d}_checks")
    asked = from_json(Checks, wanted).checks if wanted else ()

    def record(verification: Verification) -> None:
        for one in verification.verified:
            scored = one.scored
            engine.registry.experiments.set_score(one.id, scored.score, scored.stderr, scored.fold_scores, one.merit)
            engine.registry.probes.add(one.id, one.probed)

    def look() -> Verification:
        return Verification(decide.verify(engine, done, asked, probing.cheap(engine, done, asked)))

    return engine.registry.journal.step(round_, "verify", Verification, look, record).verified


@dataclass(frozen=True)
class Verification:
    verified: tuple[Verified, ...]


def verdicts(engine: Engine, round_: int, verified: tuple[Verified, ...]) -> None:
    """Verdicts by paired tests, then the round's blend."""
    engine.enter(round_, "decide")
    verified = tuple(replace(one, alarms=(*one.alarms, *stacked.taken_back(engine, one.id))) for one in verified)
    alarms = {one.id: one.alarms for one in verified}

    def record(decision: Decision) -> None:
        for judged in decision.judged:
            engine.registry.experiments.set_verdict(judged.id, judged.verdict, judged, alarms[judged.id])
            blocked = "; ".join(alarm.message for alarm in alarms[judged.id] if alarm.severity == "block")
            if blocked:  # what a builder is told, to mend it
                engine.registry.experiments.set_status(judged.id, "done", blocked)
        for trial in decision.trials:
            engine.registry.external.put_trial(trial)
            engine.event("external_trial", source=trial.source, experiment=trial.experiment, outcome=trial.outcome)
        for judged in decision.judged:
            engine.event("verdict", experiment=judged.id, verdict=judged.verdict)

    def judge() -> Decision:
        return trials.judged(engine, round_, decide.judge(engine, verified))

    decision = engine.registry.journal.step(round_, "decide", Decision, judge, record)
    if engine.registry.blends.of_round(round_) is None and decision.judged:
        blended = blending.blend(engine, round_)
        if blended is not None:
            beside = untrusted.blend(engine, round_, list(blending.blend_of(blended).singles))
            with engine.registry.database.write():  # a crash leaves both or neither
                engine.registry.blends.add(blended)
                if beside is not None:
                    engine.registry.imported.add_blend(beside)
            engine.event("blend", score=blended.score, stderr=blended.stderr, weights=dict(blended.weights))
            best = blending.best_blend(engine)
            if best is not None:
                expectation.state(engine, best, final=False)


def learn(engine: Engine, round_: int) -> Findings:
    """Findings whose figures trace to registry rows, and learnings with their evidence."""
    if explain.due(round_):
        explain.record(engine, round_)
    found = play(engine, round_, "learn", Findings, _record_learnings(engine, round_))
    stacked.sweep(engine)
    return found


def _record_learnings(engine: Engine, round_: int) -> Callable[[Findings], None]:
    def record(findings: Findings) -> None:
        for learning in findings.learnings:
            engine.registry.add_learning(learning, round_)

    return record
