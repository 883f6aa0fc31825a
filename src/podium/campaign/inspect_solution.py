"""One solution over the campaign's folds, in this process: for a person at work on a file. Nothing is recorded."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import tasks
from podium.competition.dataset import Dataset
from podium.protocol import Context, Dense, Rows
from podium.tasks.task import Floats, Task


def out_of_fold(campaign: Path, module: ModuleType) -> tuple[Task, NDArray[Any], Floats, NDArray[np.int8]]:
    """(task, truth, OOF predictions, folds) over the rows that some fold predicts."""
    data = Dataset.open(campaign / "data")
    task = tasks.for_competition(data.competition)
    ctx = Context(
        seed=data.seed,
        cores=1,
        task_type=data.competition.task_type,
        metric=data.competition.metric,
        n_outputs=task.n_outputs(),
        schema=data.columns,
    )
    source = data.frame()
    if hasattr(module, "prepare"):
        source = module.prepare(Rows(source, np.arange(data.n_rows), files=data.files), ctx)
    truth = task.encode(data.labels(data.train))
    raw = np.full((len(data.train), task.n_outputs()), np.nan)
    for fold in range(int(data.fold_of.max()) + 1):
        train, valid = task.deal(data.fold_of, fold, data.barred)
        model = module.fit(Rows(source, data.train[train], y=truth[train], files=data.files), ctx)
        found = module.predict(model, Rows(source, data.train[valid], files=data.files), ctx)
        raw[valid] = task.check(found.values if isinstance(found, Dense) else found, len(valid))
    scored = data.fold_of >= 0
    return task, truth[scored], raw[scored], data.fold_of[scored]
