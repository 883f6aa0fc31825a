"""Whether rows from elsewhere pay: an experiment is run again with them, all else equal, and both are compared in pairs.

Until a trial shows a gain beyond chance no experiment has a source's rows; from the next round on all have those that pay. A
source is tried at each of `WEIGHTS` until it pays; then it is turned off. Trials are experiments like others: gated, probed,
judged, and members of the pool where they are valid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from podium.campaign import decide
from podium.campaign.external.fetch import name_of
from podium.campaign.external.findings import WEIGHTS, next_weight
from podium.records import ExperimentSpec
from podium.registry.external import External, Trial

if TYPE_CHECKING:
    from podium.campaign.decide import Decision
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

ALPHA = 0.05  # the chance that rows which do not help are taken in, shared by the weights
FAIR_SHARE = 0.25  # of the time left, for a round's trials
MOST = 2  # a round
LEAST_WEIGHT = 0.1  # in the blend, for a member to be fitted again with rows that pay


@dataclass(frozen=True)
class Rerun:
    """`like` fitted again with the rows of `external`. `source`: whose rows are on trial; "" where they are known to pay."""

    like: Experiment
    spec: ExperimentSpec
    external: Mapping[str, float]
    source: str = ""

    def trial(self, experiment: str, round_: int) -> Trial | None:
        """To be recorded with the experiment."""
        return Trial(experiment, self.source, self.external[self.source], self.like.id, round_) if self.source else None


def due(engine: Engine, round_: int) -> list[Rerun]:
    """What this round should run again: the best experiment for each source on trial, and a member of the blend for rows that
    pay. Nothing before there is a champion, or where it would not end in its share of the time."""
    standing = engine.registry.external.standing(round_)
    like = _affordable(engine)
    if like is None:
        return []
    reruns = [
        _rerun(like, source, weight, {**like.external, source.id: weight})
        for source in engine.registry.external.until(round_)
        if source.used_as == "rows"
        and source.id not in standing
        and source.id not in like.external
        and (weight := next_weight(engine.registry, source.id)) is not None
    ]
    member = _member(engine, standing) if standing else None
    if member is not None:
        reruns.append(_again(member, {**member.external, **standing}))
    left = engine.options.experiments
    room = MOST if left is None else min(MOST, left - engine.registry.experiments.count())
    return reruns[: max(0, room)]


def judged(engine: Engine, round_: int, decision: Decision) -> Decision:
    """The decision with what came of the round's trials."""
    verdicts = {one.id: one.verdict for one in decision.judged}
    waiting = [one for one in engine.registry.external.trials() if one.round == round_ and not one.outcome]
    return replace(decision, trials=tuple(_judged(engine, one, verdicts.get(one.experiment)) for one in waiting))


def _judged(engine: Engine, trial: Trial, verdict: str | None) -> Trial:
    experiment = engine.registry.experiments.get(trial.experiment)
    assert experiment is not None, "a trial is recorded with its experiment"
    if verdict in ("pooled", "champion"):
        found = decide.paired(engine, trial.experiment, trial.against)
        level = ALPHA / len(WEIGHTS)
        told = replace(trial, gain=found.gain, stderr=found.stderr, p=found.p)
        if found.gain > 0 and found.p <= level:
            return replace(told, outcome="pays")
        return replace(told, outcome="hurts" if found.p >= 1.0 - level else "no proof")
    gate = engine.registry.experiments.gate(trial.experiment)
    if experiment.status == "killed" and (gate is None or gate["continue_"]):
        return replace(trial, outcome="no time", message=experiment.message)
    stopped = experiment.status == "killed"
    return replace(trial, outcome="no proof" if stopped else "failed", message=experiment.message or verdict or "")


def _affordable(engine: Engine) -> Experiment | None:
    """The champion, else the best of the pool that may be run again in its share of the time."""
    experiments, higher = engine.registry.experiments, engine.competition.metric_direction == "higher"
    champion = experiments.champion()
    if champion is None:
        return None
    ranked = [experiments.get(champion), *experiments.best_of_pool(12, higher)]
    spare = FAIR_SHARE * engine.purse.work_left_s() * engine.purse.slots
    return next((one for one in ranked if one is not None and _cost_s(engine, one) <= spare), None)


def _cost_s(engine: Engine, experiment: Experiment) -> float:
    """CPU seconds that running it again is expected to take, with all rows from elsewhere."""
    if not engine.purse.timed:
        return 0.0
    more = sum(one.rows for one in engine.registry.external.all() if one.used_as == "rows")
    measured = engine.registry.runs.cpu_seconds([experiment.id]).get(experiment.id, math.inf)
    return measured * (1.0 + more / max(1, engine.dataset.facts.n_train))


def _member(engine: Engine, standing: Mapping[str, float]) -> Experiment | None:
    """The heaviest member of the blend that was fitted without rows which pay, and not yet with them."""
    last = engine.registry.blends.last()
    known = {one.id: one for one in engine.registry.experiments.all()}
    done = {(one.solution_sha, one.seed) for one in known.values() if standing.items() <= dict(one.external).items()}
    spare = FAIR_SHARE * engine.purse.work_left_s() * engine.purse.slots
    for id_, weight in sorted(last.weights.items() if last else (), key=lambda item: (-item[1], item[0])):
        one = known[id_]
        if weight >= LEAST_WEIGHT and (one.solution_sha, one.seed) not in done and _cost_s(engine, one) <= spare:
            return one
    return None


def _rerun(like: Experiment, source: External, weight: float, used: Mapping[str, float]) -> Rerun:
    light = f" at weight {weight:g}" if weight != 1.0 else ""
    spec = replace(
        like.spec,
        name=f"{like.spec.name}, with {source.id}{light}",
        hypothesis=f"the {source.rows:,} rows of {source.id} ({name_of(source.source)}){light} help {like.id}, all else equal",
        operator="improve",
        parents=(like.id,),
        expected_gain=0.0,
        sources=(like.id, source.source),
    )
    return Rerun(like, spec, used, source.id)


def _again(like: Experiment, used: Mapping[str, float]) -> Rerun:
    spec = replace(
        like.spec,
        name=f"{like.spec.name}, with {', '.join(sorted(used))}",
        hypothesis=f"rows from elsewhere that pay help {like.id} too",
        operator="improve",
        parents=(like.id,),
        sources=(like.id,),
    )
    return Rerun(like, spec, used)


__all__ = ["ALPHA", "Rerun", "due", "judged"]
