"""A cheap probe's feature file and the runs on it: written once for all experiments that share their features."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.campaign import stacked
from podium.campaign.probes import probe_layout
from podium.campaign.probes.probe_layout import Asked, Builder, Layout
from podium.campaign.request import Part, Variant
from podium.campaign.tracks import features_of
from podium.competition.arrow import write_arrow
from podium.referee import probes
from podium.registry.runs import RunRow

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

FOLDER = "probes"
STRANGE_ROWS = 32


@dataclass(frozen=True)
class Subject:
    """What of an experiment is probed: the model of one fold, on rows of that fold."""

    fold: int
    run: RunRow
    features: Path  # the file that the model's features come from
    prepared_sha: str
    rows: NDArray[np.int64]  # dealt rows of the fold, few, in no order
    trained: NDArray[np.int64]  # dealt rows the model was fitted on, as few


@dataclass(frozen=True)
class File:
    """A layout on disk, with groups and times aligned, and answers to be planted beside it."""

    path: Path
    layout: Layout
    groups: Path | None
    times: Path | None

    def part(
        self, engine: Engine, subject: Subject, name: str, predict: NDArray[np.int64], wall_s: float | None
    ) -> Part:
        """A run of the fold's model on rows of this file."""
        variant = Variant(
            self.path.stem,
            own_file=True,
            groups=self.groups,
            times=self.times,
            decoy=decoy(engine, len(predict)),
            wall_s=wall_s,
        )
        model = engine.campaign / subject.run.folder / "model.pkl"
        nothing = np.empty(0, dtype=np.int64)
        return Part(name, "predict", nothing, predict, self.path, model, subject.prepared_sha, variant)


def subject(engine: Engine, experiment: Experiment, n_blocks: int) -> Subject | None:
    """The first fold's model (the last one's where folds look forward); None where that fold was not run."""
    data, forward = engine.dataset, engine.competition.looks_forward
    fold = engine.n_folds - 1 if forward else 0
    runs = {run.part: run for run in engine.registry.runs.of(experiment.id)}
    run = runs.get(f"fold_{fold + 1}")
    if run is None:
        return None
    features, sha = features_of(engine, experiment)
    stacked.ensure(engine, experiment, features)
    train, valid = engine.task.deal(data.fold_of, fold, data.barred)
    rng = np.random.default_rng([engine.options.seed, fold])
    n = probe_layout.block_rows(n_blocks, len(valid), engine.task.n_outputs())
    rows = data.train[rng.choice(valid, n, replace=False)]
    trained = data.train[rng.choice(train, min(n, len(train)), replace=False)]
    return Subject(fold, run, features, sha, rows, trained)


def main_file(engine: Engine, subject_: Subject, swaps: Sequence[Asked], *, strange: bool = True) -> File:
    """All changes of a row in one file. `strange`: with categories and gaps that may break a call."""
    source = pl.read_ipc(subject_.features)
    schema = {column.name: column for column in engine.dataset.columns} if not subject_.prepared_sha else {}
    builder = Builder(source, subject_.rows, engine.options.seed, _files(engine))
    builder.plain("base", subject_.rows)
    builder.plain("again", subject_.rows)
    builder.plain("trained", subject_.trained)
    if len(source.columns) > 1:  # a single one is permuted where all are
        builder.permuted(probe_layout.column_blocks(source.columns, _telling(engine)))
    builder.all_permuted()
    builder.nudged()
    for number, asked in enumerate(swaps):
        builder.swapped(f"swap:{number}", asked)
    if strange:
        brought = {str(one.column) for one in engine.registry.audit() if one.check == "unseen"}
        builder.unseen(schema, STRANGE_ROWS, brought)
        builder.missing(schema, STRANGE_ROWS)
    return write(engine, subject_, builder.done())


def plain_file(engine: Engine, subject_: Subject, *, canaries: bool) -> File:
    """The rows alone, as the fold had them, with canaries behind them or without."""
    rows = np.sort(subject_.rows)
    builder = Builder(pl.read_ipc(subject_.features), rows, engine.options.seed, _files(engine))
    builder.plain("base", rows)
    return write(engine, subject_, builder.done(canaries=canaries))


def write(engine: Engine, subject_: Subject, layout: Layout) -> File:
    """Named by its content, so that equal files are one and a run's key says what was probed."""
    data, folder = engine.dataset, engine.campaign / FOLDER
    folder.mkdir(exist_ok=True)
    of = hashlib.sha256(layout.of.tobytes())
    of.update(f"{data.splits_hash} {subject_.features.stem} {subject_.prepared_sha} {engine.options.seed}".encode())
    of.update(json.dumps([[name, at.start, at.stop] for name, at in layout.blocks.items()]).encode())
    path = folder / f"rows_{of.hexdigest()[:16]}.arrow"
    groups = _aligned(data.groups, layout, path.with_suffix(".groups.npy"))
    times = _aligned(data.times, layout, path.with_suffix(".times.npy"))
    if not path.exists():
        write_arrow(layout.frame, path)
    return File(path, replace(layout, frame=layout.frame.clear()), groups, times)


def decoy(engine: Engine, n: int) -> NDArray[Any]:
    """Answers that look right and are nobody's, `(n, k)`, drawn by the engine's own seed."""
    return probes.likeness_of(engine.task).planted(engine.truth, n, engine.options.seed)


def _files(engine: Engine) -> list[str]:
    """Columns that name files beside the table."""
    return [column.name for column in engine.dataset.columns if column.kind == "file"]


def _telling(engine: Engine) -> list[str]:
    """Columns that the audit found to say most alone, strongest first."""
    found = [one for one in engine.registry.audit() if one.check == "association" and one.column]
    return [str(one.column) for one in found]


def _aligned(path: Path | None, layout: Layout, to: Path) -> Path | None:
    if path is None:
        return None
    if not to.exists():
        part = to.with_name(f".{to.name}.{os.getpid()}")
        with part.open("wb") as file:
            np.save(file, np.load(path, mmap_mode="r")[layout.of])
        part.replace(to)
    return to
