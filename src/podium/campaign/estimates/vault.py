"""What is predicted of the vault, from saved runs: the only way to its rows. Who reads its labels records the read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble
from podium.campaign.runner import Runner
from podium.campaign.tracks import holdout_tracks, needed_s, vault_track
from podium.ensemble import Blend
from podium.errors import InvalidPredictions
from podium.referee.tracking import Sample
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment


def predict(engine: Engine, wanted: Iterable[Experiment], time_left_s: Callable[[], float], spare_s: float) -> None:
    """What is missing, in runs of their own, where more than `spare_s` seconds are left for them."""
    lacking = [experiment for experiment in wanted if not folds(engine, experiment.id)]
    if lacking and time_left_s() > spare_s:
        forward = engine.competition.looks_forward
        levels = [[vault_track(engine, one) for one in lacking]] if forward else holdout_tracks(engine, lacking)
        if (
            needed_s(engine, itertools.chain(*levels)) <= time_left_s()
        ):  # else a submission without them would lose that time
            for tracks in levels:
                Runner(engine, lambda: time_left_s() - spare_s / 2).play(tracks)


def folds(engine: Engine, experiment: str) -> list[Floats]:
    """Vault predictions `(n_vault, k)` of each fold model; of the model fitted before the vault where folds look
    forward. Empty where a part is missing or not what was recorded."""
    n_test, n_vault = len(engine.dataset.test), len(engine.dataset.vault)
    if not engine.competition.looks_forward:
        return holdouts(engine, experiment, slice(n_test, None))
    try:
        runs = engine.registry.runs.of(experiment)
        return [engine.store.of_run(run, n_vault) for run in runs if run.part == "vault"]
    except InvalidPredictions:
        return []


def holdouts(engine: Engine, experiment: str, rows: slice) -> list[Floats]:
    """Predictions of these of the test rows, then vault rows, `(m, k)`, of each fold model; empty where one is missing."""
    n_rows = len(engine.dataset.test) + len(engine.dataset.vault)
    held = [run for run in engine.registry.runs.of(experiment) if run.part.startswith("holdout_")]
    if len(held) != engine.n_folds:
        return []
    try:
        return [engine.store.of_run(run, n_rows)[rows].copy() for run in held]  # a view would keep all of test alive
    except InvalidPredictions:
        return []


def sample(engine: Engine, decided: list[Floats]) -> Sample:
    """Decisions on the vault's rows, with its truth and groups."""
    data = engine.dataset
    groups = None if data.groups is None else np.load(data.groups)[data.vault]
    return Sample(engine.task.encode(data.labels(data.vault)), decided, groups)


def members_of(blend: Blend) -> list[str]:
    return [member for member, weight in blend.weights.items() if weight > 0]


def oof_and_decision(engine: Engine, blend: Blend) -> tuple[Floats, dict[str, Any]]:
    """The blend's out-of-fold predictions `(n, k)`, and what turns its predictions of other rows into decisions."""
    oof = ensemble.combine(blend, {member: engine.store.oof(member) for member in members_of(blend)})
    whole = np.isfinite(oof).all(axis=1)
    return oof, engine.task.fit_decision(engine.truth[whole], oof[whole])


def blend_folds(engine: Engine, blend: Blend) -> list[Floats]:
    """The blend's vault predictions, fold model by fold model; empty where a member's are missing."""
    known = {member: folds(engine, member) for member in members_of(blend)}
    if not all(known.values()):
        return []
    return [ensemble.combine(blend, dict(zip(known, each, strict=True))) for each in zip(*known.values(), strict=True)]


def blend_mean(engine: Engine, blend: Blend) -> Floats | None:
    """The blend's vault predictions as test's are made: of the fold models evenly; None where one is missing."""
    known = {member: folds(engine, member) for member in members_of(blend)}
    if not all(known.values()):
        return None
    return ensemble.combine(blend, {member: ensemble.evenly(engine.task, each) for member, each in known.items()})
