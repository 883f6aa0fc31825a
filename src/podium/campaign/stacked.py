"""A second level: experiments that read what others predict, as columns of a feature file of their own.

Training rows have the others' out-of-fold predictions, so each row's columns were predicted blind; all of them together not
strictly, for the models that predicted the other folds had seen the labels of the fold that is scored now (Wolpert 1992 has it
so, like every stacked model since). Test and vault rows have the mixture that a blend would send. Columns in the file, and not
beside it: whatever is done with columns, by probes too, is done with these.

Only what the built-in builder wrote reads others. Code of a mind's own could hide labels in its predictions, for another of the
same mind to find.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.campaign.external.enlarged import enlarged
from podium.campaign.prepared import has_prepare
from podium.competition.arrow import write_arrow
from podium.protocol import Column
from podium.records import AuditFinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import polars as pl

    from podium.campaign.engine import Engine
    from podium.campaign.request import Part
    from podium.registry import Registry
    from podium.registry.experiments import Experiment

FOLDER = "stacked"
OOF, WHOLE = "oof", "whole"  # with the training rows' columns alone; with test and vault rows' too


def objection(engine: Engine, experiment: Experiment, source: str) -> str:
    """Why the experiment cannot read others, in one line; "" where it can, and where it reads none."""
    if not experiment.asks:
        return ""
    if not experiment.reads:
        return "reads other experiments, which only solutions of the built-in builder may"
    if engine.competition.looks_forward:
        return "reads other experiments, whose predictions of the past are not there where folds are forward"
    if has_prepare(source):
        return "reads other experiments and has a `prepare`, which would see them before they predict"
    if engine.task.layout().kind != "dense":
        return "reads other experiments, whose answers are no numbers here"
    return next((why for why in (_unreadable(engine, id_) for id_ in experiment.reads) if why), "")


def _unreadable(engine: Engine, id_: str) -> str:
    found = engine.registry.experiments.get(id_)
    if found is None:
        return f"reads {id_}, which is no experiment"
    if found.verdict == "invalid":
        return f"reads {id_}, which is invalid"
    folds = len(
        {run.part for run in engine.registry.runs.of(id_) if run.kind == "fit" and run.part.startswith("fold_")}
    )
    return "" if folds == engine.n_folds else f"reads {id_}, which predicted {folds} of {engine.n_folds} folds"


def taken_back(engine: Engine, id_: str) -> list[AuditFinding]:
    """What the experiment reads that has left the pool since it was planned, as findings that bar it from the pool too."""
    experiment = engine.registry.experiments.get(id_)
    read = {one: engine.registry.experiments.get(one) for one in (experiment.reads if experiment else ())}
    gone = [one for one, found in read.items() if found is None or found.verdict == "invalid"]
    return [AuditFinding("reads", "block", None, None, f"it reads {one}, which was taken back") for one in gone]


def levels(registry: Registry, experiments: Iterable[Experiment]) -> list[list[Experiment]]:
    """These and all that they read: first those that read none, in the order asked, then those that read them, and so on."""
    depth: dict[str, int] = {}
    known: dict[str, Experiment] = {}

    def place(one: Experiment) -> int:
        if one.id not in depth:
            known[one.id] = one
            read = [found for found in map(registry.experiments.get, one.reads) if found is not None]
            depth[one.id] = 1 + max(map(place, read), default=-1)  # the read are older than who reads them
        return depth[one.id]

    for experiment in sorted(experiments, key=lambda one: bool(one.reads)):
        place(experiment)  # those asked for come before those that are merely read
    return [[known[id_] for id_ in depth if depth[id_] == level] for level in sorted(set(depth.values()))]


def columns(engine: Engine, experiment: Experiment) -> tuple[Column, ...]:
    """The columns that it finds beside the table's."""
    return tuple(
        Column(name, "numeric", engine.dataset.n_rows) for id_ in experiment.reads for name in _names(engine, id_)
    )


def dealt(engine: Engine, experiment: Experiment, part: Part) -> Part:
    """The part on the experiment's own feature file, where it reads others. The file may have to be made: `ensure`."""
    if not experiment.reads:
        return part
    return dataclasses.replace(part, features=path(engine, experiment, WHOLE if part.kind == "predict" else OOF))


def path(engine: Engine, experiment: Experiment, rows: str) -> Path:
    """Named by what it is made of: the hashes of what was predicted out of fold, by models that predict the test rows too."""
    runs = engine.registry.runs
    made_of = [_base(engine, experiment).stem] + [
        [id_, run.part, run.exit.files.get("predictions.npy", "")]
        for id_ in experiment.reads
        for run in runs.of(id_)
        if run.kind == "fit" and run.part.startswith("fold_")
    ]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    return engine.campaign / FOLDER / f"{rows}_{digest}.arrow"


def ensure(engine: Engine, experiment: Experiment, features: Path) -> None:
    """Make the file where it is one of the experiment's own and not there. Raises InvalidPredictions where what it reads has
    not predicted yet."""
    if features.parent != engine.campaign / FOLDER or features.exists():
        return
    import polars as pl

    features.parent.mkdir(exist_ok=True)
    frame, whole = pl.read_ipc(_base(engine, experiment)), features.stem.startswith(WHOLE)
    data, store = engine.dataset, engine.store
    told = {}
    for id_ in experiment.reads:
        values = np.full((frame.height, engine.task.n_outputs()), np.nan, dtype=np.float32)
        values[data.train[store.scored]] = store.oof(id_)
        if whole:
            values[np.concatenate([data.test, data.vault])] = store.holdout(id_)
        told[id_] = values
    write_arrow(beside(engine, frame, told), features)


def sweep(engine: Engine) -> None:
    """Throw the feature files away: each holds the whole table once more, and what needs one later makes it again."""
    for path in (engine.campaign / FOLDER).glob("*.arrow"):
        path.unlink(missing_ok=True)


def beside(engine: Engine, frame: pl.DataFrame, told: Mapping[str, NDArray[np.floating[Any]]]) -> pl.DataFrame:
    """`frame` with a column for each number that each experiment predicts of its rows."""
    import polars as pl

    return frame.with_columns(
        pl.Series(name, values[:, k].astype(np.float32))
        for id_, values in told.items()
        for k, name in enumerate(_names(engine, id_))
    )


def _names(engine: Engine, id_: str) -> list[str]:
    n = engine.task.n_outputs()
    return [f"models:{id_}"] if n == 1 else [f"models:{id_}:{k}" for k in range(n)]


def _base(engine: Engine, experiment: Experiment) -> Path:
    larger = enlarged(engine, experiment.external)
    return engine.dataset.features if larger is None else larger.features
