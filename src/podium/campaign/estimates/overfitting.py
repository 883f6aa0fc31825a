"""Adaptive overfitting over the rounds: what the out-of-fold score promised, and what the vault (else theory) says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from podium import ensemble
from podium.campaign import blending
from podium.campaign.estimates import vault
from podium.records import to_json, worth
from podium.referee.adaptive import Round, optimisms
from podium.referee.tracking import Sample, Score, score_blocks
from podium.registry.blends import BlendRow
from podium.registry.experiments import Experiment
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from podium.campaign.engine import Engine

SETTING = "overfitting"
MOST_ROUNDS = 40  # the best by nested score: what is far behind was never in reach of being chosen
MOST_SINGLES = 60
ROWS = 8_000  # thinned to so many; errors are scaled back


@dataclass(frozen=True)
class Overfitting:
    """`rounds` in order; `singles`: what the plain best of `tried` experiments flatters by having been chosen."""

    rounds: tuple[Round, ...]
    singles: float
    tried: int
    message: str


def measure(engine: Engine) -> Overfitting:
    """Over all rounds, from saved predictions alone; vault labels are read once for all of it, and the read recorded."""
    found = _measure(engine)
    if to_json(found) == engine.registry.setting(SETTING):
        return found  # a campaign that was finished before
    with engine.registry.database.write():
        engine.registry.set(SETTING, to_json(found))
        known = [one for one in found.rounds if one.flatters is not None]
        if known:
            engine.registry.blends.add_vault_read(engine.round, SETTING, known[-1].flatters or 0.0)
    return found


def rounds_optimism(engine: Engine) -> float:
    """What choosing among the blends of all rounds flatters the chosen one, in the metric's unit, >= 0."""
    rows = _rows(engine)
    return float(_optimisms(engine, rows)[-1]) if len(rows) > 1 else 0.0


def _rows(engine: Engine) -> list[BlendRow]:
    higher = engine.competition.metric_direction == "higher"
    return sorted(engine.registry.blends.ranked(higher, MOST_ROUNDS), key=lambda row: row.round)


def _measure(engine: Engine) -> Overfitting:
    rows, flattery = _rows(engine), _optimisms(engine, _rows(engine)).tolist()
    of_round = [experiment.round for experiment in engine.registry.experiments.all()]
    found: list[Round] = []
    best: BlendRow | None = None
    higher = engine.competition.metric_direction == "higher"
    for row, optimistic in zip(rows, flattery, strict=True):
        best = (
            row
            if best is None
            else max(best, row, key=lambda one: worth(one.merit, one.score, higher_is_better=higher))
        )
        tried = sum(at <= row.round for at in of_round)
        found.append(_with_vault(engine, row, Round(row.round, row.score, best.score, optimistic, tried)))
    pool = engine.registry.experiments.best_of_pool(MOST_SINGLES, higher)
    thin = _Thinned(engine)
    singles = thin.optimisms((thin.oof(e.id) for e in pool), pool)
    message = _message(found, engine.task.metric.name)
    return Overfitting(tuple(found), float(singles[-1]) if pool else 0.0, len(of_round), message)


def _optimisms(engine: Engine, rows: list[BlendRow]) -> Floats:
    thin = _Thinned(engine)
    return thin.optimisms((thin.combined(row) for row in rows), rows)


def _with_vault(engine: Engine, row: BlendRow, one: Round) -> Round:
    """With what its fold models score on the vault, each by itself as out of fold, where they all predicted it."""
    if not len(engine.dataset.vault):
        return one
    blend = blending.blend_of(row)
    raws = vault.blend_folds(engine, blend)
    if not raws:
        return one
    _, decision = vault.oof_and_decision(engine, blend)
    held = score_blocks(engine.task.metric, vault.sample(engine, [engine.task.decide(raw, decision) for raw in raws]))
    flatters = engine.task.metric.sign * (row.score - held.value)
    return dataclasses.replace(one, vault=held.value, flatters=flatters, stderr=math.hypot(row.stderr, held.stderr))


class _Thinned:
    """Out-of-fold predictions on at most `ROWS` rows, each member's read once."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self._known = engine, dict[str, Floats]()
        self.step = -(-len(engine.truth) // ROWS)
        groups = engine.store.groups
        self.truth, self.fold_of = engine.truth[:: self.step], engine.fold_of[:: self.step]
        self.groups: NDArray[np.int64] | None = None if groups is None else groups[:: self.step]

    def oof(self, member: str) -> Floats:
        if member not in self._known:
            self._known[member] = self.engine.store.oof(member)[:: self.step].copy()  # else all of it would be kept
        return self._known[member]

    def combined(self, row: BlendRow) -> Floats:
        blend = blending.blend_of(row)
        return ensemble.combine(blend, {member: self.oof(member) for member in vault.members_of(blend)})

    def optimisms(self, raws: Iterable[Floats], ones: Sequence[BlendRow | Experiment]) -> Floats:
        """What choosing among the first, the first two, and so on flatters, where the choice goes by merit if there is one. Of
        the predictions one is held at a time."""
        task, guide = self.engine.task, self.engine.guide
        scores, by = list[Score](), list[Score]()
        for raw, one in zip(raws, ones, strict=True):
            scores.append(self.score(task, raw, one.score or 0.0))
            if guide is not task:
                by.append(self.score(guide, raw, guide.metric.sign * (one.merit or 0.0)))
        return optimisms(task.metric, scores, (guide.metric, by) if by else None)

    def score(self, task: Task, raw: Floats, value: float) -> Score:
        """`value` with the effects of blocks of rows; blocks are of all thinned rows, so that they match between members."""
        whole = np.asarray(np.isfinite(raw).all(axis=1))
        filled = np.where(whole[:, None], raw, np.nanmean(raw, axis=0)) if not whole.all() else raw
        decided = task.decide_crossfitted(self.truth, filled, self.fold_of)
        found = score_blocks(task.metric, Sample(self.truth, [decided], self.groups))
        return Score(value, found.effects / math.sqrt(self.step))


def _message(rounds: list[Round], metric: str) -> str:
    if not rounds:
        return "no blend yet"
    known = [one for one in rounds if one.flatters is not None and one.stderr is not None]
    optimistic = f"by bootstrap, choosing among {len(rounds)} rounds flatters {metric} by {rounds[-1].optimism:.2g}"
    if not known:
        return f"no vault to measure it on; {optimistic}"
    first, last = known[0], known[-1]
    assert last.flatters is not None and last.stderr is not None and first.flatters is not None
    grown = f"from {first.flatters:+.2g} in round {first.round} to {last.flatters:+.2g} ± {last.stderr:.2g} in round {last.round}"
    return f"out-of-fold less vault {metric}, positive where it flatters: {grown}; {optimistic}"
