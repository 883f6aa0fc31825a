"""One file a task: deal rows, score, blend, decide, check and write a submission."""

from __future__ import annotations

from podium import metrics
from podium.errors import IntakeError
from podium.records import Competition
from podium.tasks.classification import ClassificationTask
from podium.tasks.ordinal import OrdinalTask
from podium.tasks.regression import RegressionTask
from podium.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "binary_classification": ClassificationTask,
    "multiclass_classification": ClassificationTask,
    "multilabel_classification": ClassificationTask,
    "regression": RegressionTask,
    "ordinal_regression": OrdinalTask,
}


def for_competition(competition: Competition) -> Task:
    """The task that `competition.task_type` names. Raises IntakeError: unknown, or a metric of another kind of task."""
    kind = TASKS.get(competition.task_type)
    if kind is None:
        raise IntakeError(
            f"task type {competition.task_type!r} is not supported yet", expected=f"one of {', '.join(TASKS)}",
            remedy="set `task_type` in config.json",
        )  # fmt: skip
    metric = metrics.get(competition.metric)
    if competition.task_type not in metric.task_types:
        raise IntakeError(
            f"metric {metric.name} does not fit a {competition.task_type}",
            expected=f"a metric of {', '.join(name for name in metrics.names() if _fits(name, competition.task_type))}",
            remedy="set `metric` or `task_type` in config.json",
        )
    return kind(competition, metric)


def _fits(name: str, task_type: str) -> bool:
    return task_type in metrics.get(name).task_types


__all__ = ["TASKS", "ClassificationTask", "OrdinalTask", "RegressionTask", "Task", "for_competition"]
