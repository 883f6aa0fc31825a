"""Policy: what may go on after its first fold, and what is kept.

Every function reads saved predictions and registry rows alone, so the same registry gives the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from podium import ensemble, referee
from podium.campaign import quality
from podium.campaign.device import device_of
from podium.records import AuditFinding, Probed, QaCheck, Verdict
from podium.referee import Gate, Paired, Scored
from podium.referee.probes.outcome import findings
from podium.registry.experiments import Experiment
from podium.registry.external import Trial
from podium.registry.runs import RunRow
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

MOST_REPLICATES, REPLICATE_ROWS = 8, 50_000  # pairs, and rows, that the noise of seeds is measured on
CHEAP_REST_S = 1.0  # a gate that could save less than this is skipped
DUE = 2.0  # noise floors that the whole time should bring at the least: what takes a part of it owes as large a part


@dataclass(frozen=True)
class Verified:
    """The referee's word on one experiment."""

    id: str
    scored: Scored
    alarms: tuple[AuditFinding, ...]
    probed: tuple[Probed, ...] = ()
    merit: float | None = None  # by the surrogate, more is better; None where there is none


@dataclass(frozen=True)
class Judged:
    """The verdict on one experiment, with the paired comparison it rests on (None for the first)."""

    id: str
    verdict: Verdict
    against: str | None
    paired: Paired | None
    level: float | None = None  # the p that it had to reach


@dataclass(frozen=True)
class Decision:
    champion: str | None
    judged: tuple[Judged, ...]
    trials: tuple[Trial, ...] = ()  # of rows from elsewhere


def gate_fold(engine: Engine, experiment: Experiment) -> int | None:
    """The fold that decides whether the others are run: it rotates. None where there is nothing to save."""
    rest_s = experiment.static_cost_s * (engine.n_folds - 1) / max(1, engine.n_folds)
    if engine.n_folds < 2 or rest_s < CHEAP_REST_S or engine.registry.experiments.champion() is None:
        return None
    return int(experiment.id[1:]) % engine.n_folds


def gate(engine: Engine, rows: NDArray[np.int64], run: RunRow) -> Gate:
    """Stop if the upper bound of both the solo gain and the blend's gain is no more than the time of the other folds should
    bring, or it is another's twin."""
    champion = engine.registry.experiments.champion()
    assert champion is not None, "a gate needs a champion to compare with"
    raw = engine.store.of_run(run, len(rows))
    twin = _twin(engine, run, raw)
    if twin is not None:
        return referee.same(twin)
    last = engine.registry.blends.last()
    bound, groups = None, None if engine.store.groups is None else engine.store.groups[rows]
    if last is not None:
        oofs = {member: engine.store.oof(member)[rows] for member in last.weights}
        bound = ensemble.blend_gain_bound(
            engine.guide,
            engine.truth[rows],
            oofs,
            last.weights,
            raw,
            np.arange(len(rows), dtype=np.int64),
            groups=groups,
        )
    least = _due(engine, run, champion)
    old = engine.store.oof(champion)[rows]
    return referee.gate(engine.guide, engine.truth[rows], raw, old, blend_bound=bound, least=least, groups=groups)


def _due(engine: Engine, run: RunRow, champion: str) -> float:
    """What the other folds should bring for their share of the campaign's time, in the guide's unit: `DUE` noise floors for all
    of it. 0 where experiments are counted, and until a paired difference tells how large the noise is."""
    total_s = engine.options.time_s
    if total_s is None:
        return 0.0
    noise = engine.registry.experiments.paired_stderr(champion) or 0.0
    experiment = engine.registry.experiments.get(run.experiment)
    at_a_time = engine.purse.slots if experiment is None else engine.purse.at_a_time(device_of(engine, experiment))
    return DUE * noise * (engine.n_folds - 1) * run.exit.wall_s / max(1, at_a_time) / total_s


def _twin(engine: Engine, run: RunRow, raw: Floats) -> str | None:
    """The member that this run repeats with the same model and parameters on another view of the columns. None where these
    differ, since they may act on other folds alone; and for constants, which say nothing."""
    id_ = engine.registry.runs.twin(run)
    if id_ is None or not len(raw) or bool((raw == raw[:1]).all()):
        return None
    mine, its = (engine.registry.experiments.get(one) for one in (run.experiment, id_))
    if mine is None or its is None or mine.spec.recipe is None or its.spec.recipe is None:
        return None
    same = mine.spec.recipe.model == its.spec.recipe.model and mine.spec.recipe.params == its.spec.recipe.params
    return id_ if same else None


def baseline(engine: Engine) -> Scored:
    """The plainest model: one guess for all rows."""
    return referee.rescore(
        engine.task, engine.truth, engine.task.baseline(engine.truth, len(engine.truth)), engine.fold_of
    )


def verify(
    engine: Engine,
    experiments: list[Experiment],
    asked: tuple[QaCheck, ...] = (),
    probed: Mapping[str, tuple[Probed, ...]] | None = None,
) -> tuple[Verified, ...]:
    """Re-score from saved predictions, raise what looks wrong, run QA's checks; the pool is the one before any of these.
    `probed`: experiment → what its probes came to."""
    if not experiments:
        return ()
    task, truth, fold_of, plain = engine.task, engine.truth, engine.fold_of, baseline(engine)
    pool = engine.registry.experiments.pool_scores()
    previous = [Scored(score, stderr, folds, task.metric.name) for score, stderr, folds in pool]

    def one(experiment: Experiment) -> Verified:
        raw = engine.store.oof(experiment.id)
        scored = referee.rescore(task, truth, raw, fold_of, groups=engine.store.groups)
        parents = {id_: engine.store.oof(id_) for id_ in experiment.spec.parents if _is_valid(engine, id_)}
        found = referee.alarms(scored, plain, previous, raw=raw, parents=parents)
        probes = (probed or {}).get(experiment.id, ())
        failures = quality.failures(engine, experiment, raw, asked, probes)
        return Verified(
            experiment.id,
            scored,
            (*found, *findings(probes), *failures),
            probes,
            merit(engine, raw),
        )

    return tuple(one(experiment) for experiment in experiments)


def _is_valid(engine: Engine, id_: str) -> bool:
    found = engine.registry.experiments.get(id_)
    return found is not None and found.valid


def merit(engine: Engine, raw: Floats) -> float | None:
    """How good raw out-of-fold predictions are by the surrogate, more is better; None where the metric itself guides."""
    if engine.guide is engine.task:
        return None
    return engine.guide.metric.sign * referee.rescore(engine.guide, engine.truth, raw, engine.fold_of).score


def judge(engine: Engine, verified: tuple[Verified, ...]) -> Decision:
    """Verdicts in the order of the plan, by what the search goes by. A champion's gain must stand above the rows' and the
    seeds' noise, at a level that holds for the whole stream of challengers; anything valid may enter the pool. Another seed of
    what is there is no challenger: what it gains is noise."""
    experiments = engine.registry.experiments
    champion, judged = experiments.champion(), list[Judged]()
    earlier, noise = experiments.challengers(), referee.seed_noise(_replicates(engine))
    for one in verified:
        experiment = experiments.get(one.id)
        if any(alarm.severity == "block" for alarm in one.alarms):
            judged.append(Judged(one.id, "invalid", champion, None))
        elif champion is None:
            judged.append(Judged(one.id, "champion", None, None))
            champion = one.id
        elif experiment is not None and experiment.spec.operator == "replicate":
            judged.append(Judged(one.id, "pooled", champion, _compare(engine, one.id, champion)))
        else:
            compared = referee.with_seed_noise(_compare(engine, one.id, champion), noise)
            level = referee.level(earlier)
            wins = referee.is_champion(compared, earlier)
            judged.append(Judged(one.id, "champion" if wins else "pooled", champion, compared, level))
            earlier = [*earlier, compared.p]
            champion = one.id if wins else champion
    judged = [
        replace(j, verdict="pooled") if j.verdict == "champion" and j.id != champion else j  # dethroned in this round
        for j in judged
    ]
    return Decision(champion, tuple(judged))


def paired(engine: Engine, new: str, old: str) -> Paired:
    """Whether one experiment is better than another, on the rows both predict, above the rows' and the seeds' noise."""
    return referee.with_seed_noise(_compare(engine, new, old), referee.seed_noise(_replicates(engine)))


def _compare(engine: Engine, new: str, old: str, step: int = 1) -> Paired:
    rows, groups = slice(None, None, step), engine.store.groups
    a, b = engine.store.oof(new)[rows], engine.store.oof(old)[rows]
    of = None if groups is None else groups[rows]
    return referee.paired(engine.guide, engine.truth[rows], a, b, engine.fold_of[rows], groups=of)


def _replicates(engine: Engine) -> list[Paired]:
    """Comparisons of replicates in the pool with what they repeat; the newest few, on some of many rows, tell enough."""
    pool = {experiment.id: experiment for experiment in engine.registry.experiments.pool()}
    pairs = [
        (e.id, e.spec.parents[0])
        for e in pool.values()
        if e.spec.operator == "replicate" and e.spec.parents and e.spec.parents[0] in pool
    ]
    step = -(-len(engine.truth) // REPLICATE_ROWS)
    return [_compare(engine, *pair, step) for pair in pairs[-MOST_REPLICATES:]]
