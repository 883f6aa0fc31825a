"""Serving: the campaign's best blend on new rows. The same two calls as everywhere, with other rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from podium import ensemble
from podium.campaign import blending, stacked
from podium.campaign.request import Variant
from podium.campaign.runner import Runner
from podium.campaign.tracks import holdout_track
from podium.competition.arrow import write_arrow
from podium.errors import InvalidPredictions, NoSubmission
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from podium.campaign.engine import Engine
    from podium.campaign.tracks import Track
    from podium.registry.experiments import Experiment


def predict(engine: Engine, frame: pl.DataFrame) -> pl.DataFrame:
    """Decisions for `frame`'s rows, in their order, by the fold models of the best blend's members.

    Raises NoSubmission where there is no blend, SolutionError where a member makes its features in `prepare` (which
    sees all rows at once) or is refitted for the test rows alone.
    """
    row = blending.best_blend(engine)
    if row is None:
        raise NoSubmission(f"{engine.campaign} has no blend to predict with")
    blend = blending.blend_of(row)
    members = [member for member, weight in row.weights.items() if weight > 0]
    features = engine.dataset.extend(frame)
    raw = dict[str, Floats]()
    for level in stacked.levels(engine.registry, [_experiment(engine, member) for member in members]):
        tracks = [_track(engine, one, features, frame.height, raw) for one in level]
        Runner(engine, lambda: float("inf")).play(tracks)
        raw |= {track.experiment.id: _mean(engine, track, features.stem, frame.height) for track in tracks}
    raw = {member: raw[member] for member in members}
    oof = ensemble.combine(blend, {member: engine.store.oof(member) for member in members})
    known = np.isfinite(oof).all(axis=1)
    decision = engine.task.fit_decision(engine.truth[known], oof[known])
    decided = engine.task.decide(ensemble.combine(blend, raw), decision)
    written = engine.task.write(decided, pl.Series("row", np.arange(frame.height)))
    return written.drop(written.columns[0]) if engine.competition.id_column else written


def _experiment(engine: Engine, member: str) -> Experiment:
    experiment = engine.registry.experiments.get(member)
    assert experiment is not None, f"blend member {member} is not in the registry"
    return experiment


def _track(engine: Engine, experiment: Experiment, features: Path, n_rows: int, raw: Mapping[str, Floats]) -> Track:
    """`raw`: what those have predicted that it reads."""
    track, name = holdout_track(engine, experiment), features.stem
    if any(part.kind != "predict" or part.prepared_sha for part in track.ready):
        raise InvalidPredictions(
            f"{experiment.id} makes its features over all rows at once and cannot predict new ones alone"
        )
    if experiment.reads:
        told = {id_: raw[id_] for id_ in experiment.reads}
        whole = features.with_name(f"{name}_{experiment.id}.arrow")
        write_arrow(stacked.beside(engine, pl.read_ipc(features), told), whole)
        features = whole
    rows = np.arange(n_rows, dtype=np.int64)
    alone = Variant(name, own_file=True)  # the campaign's groups and times are of its own rows, not of these
    track.ready = [
        dataclasses.replace(
            part, name=part.name.replace("holdout", f"new_{name}"), predict=rows, variant=alone, features=features
        )
        for part in track.ready
    ]
    return track


def _mean(engine: Engine, track: Track, name: str, n_rows: int) -> Floats:
    if track.status != "done":
        raise InvalidPredictions(f"{track.experiment.id} could not predict the new rows: {track.message}")
    runs = [run for run in engine.registry.runs.of(track.experiment.id) if run.part.startswith(f"new_{name}")]
    return ensemble.evenly(engine.task, [engine.store.of_run(run, n_rows) for run in runs])
