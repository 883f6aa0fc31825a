"""The few that the vault chooses among at a campaign's end: the best blends, their plain average, the best single."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble
from podium.campaign import blending, decide
from podium.campaign.estimates import vault
from podium.errors import InvalidPredictions
from podium.records import from_json, to_json
from podium.referee.choice import Choice, choose
from podium.registry import invalidation
from podium.registry.blends import BlendRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from podium.campaign.engine import Engine

SETTING = "choice"
RUNNERS_UP = 2
SPARE_S, SPARE_SHARE, MOST_SPARE_S = 3.0, 0.01, 20.0  # no run is begun for a runner-up where less is left, of all time
LEADER = "blend"


@dataclass(frozen=True)
class Chosen:
    """What is to be submitted, and why; `leader`: the round of the best by out of fold, `leading`: its weights. `n_vault` 0 and
    `choice` None: without a vault, or without predictions of it. `unasked`: finalists a member of which did not predict it."""

    name: str
    row: BlendRow
    leader: int
    n_vault: int = 0
    choice: Choice | None = None
    leading: Mapping[str, float] = field(default_factory=dict)  # empty where an older engine chose
    unasked: tuple[str, ...] = ()


def choose_finalist(engine: Engine, time_left_s: Callable[[], float]) -> Chosen | None:
    """The leader by its nested estimate, unless the vault shows another to be better. Each leader is put to it once: a
    resume finds what was recorded with its reads of the vault. None while there is no blend."""
    rows = blending.blends_by_score(engine)
    if not rows:
        return None
    stored = engine.registry.setting(SETTING)
    known = None if stored is None else from_json(Chosen, stored)
    if known is not None and _still_holds(engine, known, rows[0]):
        return known
    chosen = _choose(engine, rows, time_left_s)
    with engine.registry.database.write():
        engine.registry.set(SETTING, to_json(chosen))
        for one in () if chosen.choice is None else chosen.choice.finalists:
            if one.name == LEADER:
                engine.registry.blends.set_vault_score(rows[0].round, one.score)
            else:
                engine.registry.blends.add_vault_read(rows[0].round, f"choice: {one.name}", one.score)
    return chosen


def _still_holds(engine: Engine, known: Chosen, leader: BlendRow) -> bool:
    """Whether the choice was made against this very leader (a round's blend may have been made anew), and nothing that the
    chosen one rests on was taken back since."""
    taken_back = invalidation.invalidated(engine.registry)
    same = known.leader == leader.round and dict(known.leading or leader.weights) == dict(leader.weights)
    return same and not any(known.row.weights.get(id_, 0.0) > 0 for id_ in taken_back)


def _choose(engine: Engine, rows: list[BlendRow], time_left_s: Callable[[], float]) -> Chosen:
    leader = Chosen(LEADER, rows[0], rows[0].round, leading=rows[0].weights)
    total, forward = engine.options.time_s, engine.competition.looks_forward
    if not len(engine.dataset.vault) or (forward and total is not None):
        return leader  # forward in time the vault needs fits of its own, which would be the submission's time
    _predict(engine, rows[:1], time_left_s, 0.0)
    known = finalists(engine, rows)
    _predict(engine, list(known.values())[1:], time_left_s, spare_s(engine))
    decided = {name: found for name, row in known.items() if (found := _decided(engine, row)) is not None}
    if leader.name not in decided:
        return leader
    sample = vault.sample(engine, list(decided.values()))
    choice = choose(engine.task.metric, sample.truth, decided, sample.groups)
    unasked = tuple(name for name in known if name not in decided)
    return Chosen(
        choice.chosen, known[choice.chosen], rows[0].round, len(sample.truth), choice, rows[0].weights, unasked
    )


def spare_s(engine: Engine) -> float:
    """What must be left, after the leader, for a run that another would need."""
    return min(MOST_SPARE_S, max(SPARE_S, SPARE_SHARE * (engine.options.time_s or 0.0)))


def finalists(engine: Engine, rows: list[BlendRow]) -> dict[str, BlendRow]:
    """Name → row, the leader first; those with the weights of another are left out."""
    leader = rows[0]
    found = {LEADER: leader}
    average = _average(engine, leader)
    single = _single(engine, leader.round)
    others = {f"blend of round {row.round}": row for row in rows[1 : 1 + RUNNERS_UP]}
    for name, row in {**others, "simple average": average, _single_name(single): single}.items():
        if row is not None and all(dict(row.weights) != dict(other.weights) for other in found.values()):
            found[name] = row
    return found


def _average(engine: Engine, leader: BlendRow) -> BlendRow | None:
    """The leader's members with equal weights."""
    blend = blending.blend_of(leader)
    members = vault.members_of(blend)
    if len(members) < 2:
        return None
    equal = dataclasses.replace(
        blend, weights={member: 1.0 / len(members) for member in members}, kind="mean", slope=1.0, bias=()
    )
    oof = ensemble.combine(equal, {member: engine.store.oof(member) for member in members})
    whole = np.isfinite(oof).all(axis=1)
    score = engine.task.score_raw(engine.truth[whole], oof[whole], engine.fold_of[whole])
    equal = dataclasses.replace(equal, score=score, nested_score=score, merit=decide.merit(engine, oof))
    return dataclasses.replace(blending.row_of(leader.round, equal), stderr=leader.stderr)


def _single_name(row: BlendRow | None) -> str:
    return "best single" if row is None else f"best single, {max(row.weights, key=lambda id_: row.weights[id_])}"


def _single(engine: Engine, round_: int) -> BlendRow | None:
    best = engine.registry.experiments.best_of_pool(1, engine.competition.metric_direction == "higher")
    if not best:
        return None
    return blending.blended(engine, round_, {best[0].id: engine.store.oof(best[0].id)})


def _predict(engine: Engine, rows: list[BlendRow], time_left_s: Callable[[], float], spare_s: float) -> None:
    members = sorted({member for row in rows for member, weight in row.weights.items() if weight > 0})
    wanted = [engine.registry.experiments.get(member) for member in members]
    vault.predict(engine, [one for one in wanted if one is not None], time_left_s, spare_s)


def _decided(engine: Engine, row: BlendRow) -> Any:
    """The row's decisions on the vault; None where a member has not predicted it."""
    blend = blending.blend_of(row)
    try:
        raw = vault.blend_mean(engine, blend)
    except InvalidPredictions:
        return None
    if raw is None:
        return None
    _, decision = vault.oof_and_decision(engine, blend)
    return engine.task.decide(raw, decision)
