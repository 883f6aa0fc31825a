"""The check that CV tracks the vault, at a campaign's end: whose vault predictions exist, or are cheap to get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from podium.campaign import blending
from podium.campaign.estimates import vault
from podium.records import to_json
from podium.referee.tracking import Sample, Tracking, track, untracked

if TYPE_CHECKING:
    from collections.abc import Callable

    from podium.campaign.engine import Engine
    from podium.registry.blends import BlendRow
    from podium.registry.experiments import Experiment

LEAST = 5  # experiments compared: so many more are predicted where too few members were
MOST = 12
EXTRA_S = 4.0  # no run is begun for this alone where less time is left
CHEAP_ROWS = 50_000  # so few are compared even where the time is over
SETTING = "tracking"


def track_vault(engine: Engine, row: BlendRow | None, time_left_s: Callable[[], float]) -> Tracking:
    """Compare, record and say so; an alarm is a warning among the events. The vault is read once for all of it."""
    found = _compare(engine, row, time_left_s)
    if to_json(found) == engine.registry.setting(SETTING):
        return found  # a campaign that was finished before
    with engine.registry.database.write():
        engine.registry.set(SETTING, to_json(found))
        if row is not None and row.vault_score is None and found.vault is not None and engine.competition.looks_forward:
            engine.registry.blends.set_vault_score(row.round, found.vault)  # the refit for test has seen these labels
        if found.flatters is not None:
            engine.registry.blends.add_vault_read(engine.round, SETTING, found.flatters)
        if found.alarm:
            engine.event("warning", message=found.message)
    return found


def _compare(engine: Engine, row: BlendRow | None, time_left_s: Callable[[], float]) -> Tracking:
    metric, n_vault = engine.task.metric, len(engine.dataset.vault)
    if not n_vault:
        why = "no vault was cut (train has fewer than 20,000 rows), so CV was not checked against one"
        return untracked(0, metric.name, why)
    chosen = _chosen(engine, row)
    vault.predict(engine, chosen, time_left_s, EXTRA_S)
    known = [experiment for experiment in chosen if vault.folds(engine, experiment.id)]
    members: dict[str, tuple[Sample, Sample]] = {}
    for experiment in known:
        if time_left_s() <= 0 and (len(members) >= LEAST or len(engine.truth) > CHEAP_ROWS):
            break
        if _is_whole(engine, experiment.id):
            members[experiment.id] = _out_of_fold(engine, experiment.id), _in_vault(engine, experiment.id)
    if not members and time_left_s() <= 0 and len(engine.truth) > CHEAP_ROWS:
        return untracked(n_vault, metric.name, "CV was not compared with the vault: no time was left")
    blend = _blend(engine, row)
    if not members and blend is None:
        return untracked(n_vault, metric.name, "CV was not compared with the vault: no predictions of its rows")
    return track(metric, members, blend, n_vault)


def _chosen(engine: Engine, row: BlendRow | None) -> list[Experiment]:
    """The blend's members, others that have predicted the vault, then the best of the pool up to `LEAST`."""
    pool = engine.registry.experiments.best_of_pool(
        blending.pool_limit(engine), engine.competition.metric_direction == "higher"
    )
    weights = row.weights if row else {}
    members = [e for e in pool if weights.get(e.id, 0.0) > 0]
    others = [e for e in pool if e not in members]
    having = [e for e in others if vault.folds(engine, e.id)]
    lacking = [e for e in others if e not in having]
    chosen = [*members, *having][:MOST]
    picked = [*chosen, *lacking[: max(0, LEAST - len(chosen))]]
    return [experiment for experiment in pool if experiment in picked]


def _is_whole(engine: Engine, experiment: str) -> bool:
    return not bool(np.isnan(engine.store.oof(experiment)).any())


def _out_of_fold(engine: Engine, experiment: str) -> Sample:
    raw = engine.store.oof(experiment)
    decided = engine.task.decide_crossfitted(engine.truth, raw, engine.fold_of)
    return Sample(engine.truth, [decided], engine.store.groups)


def _in_vault(engine: Engine, experiment: str) -> Sample:
    decision = engine.task.fit_decision(engine.truth, engine.store.oof(experiment))
    return vault.sample(engine, [engine.task.decide(raw, decision) for raw in vault.folds(engine, experiment)])


def _blend(engine: Engine, row: BlendRow | None) -> tuple[float, float, Sample] | None:
    """The blend's nested score, its error, and its decisions on the vault, fold model by fold model."""
    if row is None:
        return None
    blend = blending.blend_of(row)
    raws = vault.blend_folds(engine, blend)
    if not raws:
        return None
    _, decision = vault.oof_and_decision(engine, blend)
    return row.score, row.stderr, vault.sample(engine, [engine.task.decide(raw, decision) for raw in raws])
