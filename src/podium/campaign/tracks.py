"""Tracks: which runs an experiment goes through, in which order, on which rows."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podium.campaign import decide, solutions, stacked
from podium.campaign.device import device_of
from podium.campaign.external.enlarged import enlarged, joined
from podium.campaign.prepared import has_prepare
from podium.campaign.request import Part, shared_key
from podium.records import Status
from podium.registry.experiments import Experiment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podium.campaign.engine import Engine


@dataclass
class Track:
    """One experiment's way through its runs. `after` holds what becomes runnable once the gate lets it pass."""

    experiment: Experiment
    ready: list[Part]
    after: list[Part] = field(default_factory=list)
    gate_fold: int | None = None
    waiting: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)  # part → why, where its siblings still go on
    status: Status = "running"
    message: str = ""


def fold_track(engine: Engine, experiment: Experiment) -> Track:
    """All folds of an experiment: its `prepare` first, then the gate's fold (it rotates), then the rest."""
    source = solutions.ensure(engine, experiment)
    gate_fold = decide.gate_fold(engine, experiment)
    first = int(experiment.id[1:]) % engine.n_folds if gate_fold is None else gate_fold
    order = [first, *(fold for fold in range(engine.n_folds) if fold != first)]
    why = stacked.objection(engine, experiment, source)
    if why:
        return Track(experiment, [], status="failed", message=why)
    folds = [own_fold(engine, experiment, fold) for fold in order]
    if has_prepare(source):
        if engine.competition.looks_forward:
            why = "prepare: would see the future where folds are forward"
            return Track(experiment, [], status="failed", message=why)
        return Track(experiment, [_prepare_part(engine, experiment, source)], folds, gate_fold)
    if gate_fold is None:
        return Track(experiment, folds)
    return Track(experiment, folds[:1], folds[1:], gate_fold)


def _prepare_part(engine: Engine, experiment: Experiment, source: str) -> Part:
    """Of all rows, those from elsewhere that the experiment is fitted on among them."""
    larger, nothing = enlarged(engine, experiment.external), np.empty(0, dtype=np.int64)
    n_rows = engine.dataset.n_rows + (0 if larger is None else len(larger.rows))
    features = engine.dataset.features if larger is None else larger.features
    part = Part("prepare", "prepare", nothing, np.arange(n_rows, dtype=np.int64), features, enlarged=larger)
    return dataclasses.replace(part, shared=shared_key(engine, experiment, part, source))


def own_fold(engine: Engine, experiment: Experiment, fold: int) -> Part:
    """One fold (0-based) with the rows from elsewhere and the columns of others that the experiment is dealt."""
    return stacked.dealt(engine, experiment, joined(engine, experiment, fold_part(engine, fold)))


def fold_part(engine: Engine, fold: int) -> Part:
    """One fold (0-based) of any experiment that makes no features of its own."""
    data = engine.dataset
    train, valid = engine.task.deal(data.fold_of, fold, data.barred)
    rows_train, rows_valid = data.train[train], data.train[valid]
    features = data.features
    if engine.competition.looks_forward:
        features = data.prefix(int(max(rows_train.max(), rows_valid.max())) + 1)
    return Part(f"fold_{fold + 1}", "fit", rows_train, rows_valid, features)


def holdout_tracks(engine: Engine, experiments: Iterable[Experiment]) -> list[list[Track]]:
    """Test and vault rows of these and of all that they read; one list after the other is to be played."""
    levels = stacked.levels(engine.registry, experiments)
    return [[holdout_track(engine, experiment) for experiment in level] for level in levels]


def holdout_track(engine: Engine, experiment: Experiment) -> Track:
    """Test and vault rows of an experiment, lazily: by its fold models, or by a refit where rows are ordered in time."""
    data = engine.dataset
    if engine.competition.looks_forward:
        everything = np.sort(np.concatenate([data.train, data.vault]))
        rows = np.concatenate([data.test, data.vault])
        return Track(experiment, [Part("refit", "fit", everything, rows, data.features)])
    rows = np.concatenate([data.test, data.vault])
    features, sha = features_of(engine, experiment)
    parts = [
        Part(
            run.part.replace("fold_", "holdout_"),
            "predict",
            np.empty(0, dtype=np.int64),
            rows,
            features,
            model=engine.campaign / run.folder / "model.pkl",
            prepared_sha=sha,
        )
        for run in engine.registry.runs.of(experiment.id)
        if run.part.startswith("fold_")
    ]
    return Track(experiment, [stacked.dealt(engine, experiment, part) for part in parts])


def needed_s(engine: Engine, tracks: Iterable[Track]) -> float:
    """Wall seconds that the predictions of the test rows which are still missing will take, by what each experiment's own took;
    0 where none was tried. A refit takes no less than its longest fold did."""
    walls, at_a_time = list[float](), engine.purse.slots
    for track in tracks:
        runs = engine.registry.runs.of(track.experiment.id)
        took = engine.registry.runs.predict_wall_s(track.experiment.id)
        if engine.competition.looks_forward:
            took = max([took, *(run.exit.wall_s for run in runs if run.kind == "fit")])
        walls += [took for part in track.ready if part.name not in {run.part for run in runs}]
        at_a_time = min(at_a_time, engine.purse.at_a_time(device_of(engine, track.experiment)))
    return max(max(walls, default=0.0), sum(walls) / max(1, at_a_time))


def vault_track(engine: Engine, experiment: Experiment) -> Track:
    """The vault alone, by a fit on what lies before it: where folds look forward, the refit has seen its labels."""
    data = engine.dataset
    end = int(max(data.train.max(), data.vault.max())) + 1
    return Track(experiment, [Part("vault", "fit", data.train, data.vault, data.prefix(end))])


def features_of(engine: Engine, experiment: Experiment) -> tuple[Path, str]:
    """The file that the experiment's features of training rows come from, and the hash of what its `prepare` made; "" where it
    has none. One that reads others may have to be made: `stacked.ensure`."""
    if experiment.reads:
        return stacked.path(engine, experiment, stacked.OOF), ""
    for run in engine.registry.runs.of(experiment.id):
        if run.kind == "prepare":
            return engine.campaign / run.folder / "prepared.arrow", run.exit.files.get("prepared.arrow", "")
    return engine.dataset.features, ""
