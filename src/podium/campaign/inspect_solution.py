"""One solution over the campaign's folds, in this process: for a person at work on a file. Nothing is recorded."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import tasks, weights
from podium.competition.dataset import Dataset
from podium.execution.dealt import truth_of
from podium.execution.worker import check_predictions
from podium.protocol import Context, Rows
from podium.tasks.labels import labels_dealt
from podium.tasks.task import Floats, Task


def out_of_fold(campaign: Path, module: ModuleType) -> tuple[Task, NDArray[Any], Floats, NDArray[np.int8]]:
    """(task, truth, OOF predictions, folds) over the rows that some fold predicts."""
    data = Dataset.open(campaign / "data")
    task = tasks.of_data(data)
    ctx = Context(
        seed=data.seed,
        cores=1,
        task_type=data.competition.task_type,
        metric=data.competition.metric,
        n_outputs=task.n_outputs(),
        schema=data.columns,
        classes=data.competition.classes,
        layout=task.layout(),
        weights={name: weights.find(name).folder for name in weights.asked(f'"""{module.__doc__ or ""}"""')},
    )
    source = data.frame()
    if hasattr(module, "prepare"):
        source = module.prepare(Rows(source, np.arange(data.n_rows), files=data.files), ctx)
    labels = data.labels(data.train)
    truth, dealt = task.encode(labels), truth_of(labels_dealt(task, labels), task.layout())
    raw = np.full((len(data.train), task.n_outputs()), np.nan, dtype=task.layout().dtype)
    for fold in range(int(data.fold_of.max()) + 1):
        train, valid = task.deal(data.fold_of, fold, data.barred)
        model = module.fit(Rows(source, data.train[train], y=dealt[train], files=data.files), ctx)
        found = module.predict(model, Rows(source, data.train[valid], files=data.files), ctx)
        raw[valid] = task.check(check_predictions(found, len(valid), task.layout()), len(valid))
    scored = data.fold_of >= 0
    return task, truth[scored], raw[scored], data.fold_of[scored]
