"""The task of `competition.surrogate`: the same rows, truth and raw predictions under the metric that the search goes by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from podium import metrics

if TYPE_CHECKING:
    from podium.records import SubmissionKind
    from podium.tasks.task import Task


def surrogate_of(task: Task) -> Task:
    """The task itself where its competition names no surrogate."""
    asked = task.competition
    if not asked.surrogate:
        return task
    metric = metrics.get(asked.surrogate)
    kind: SubmissionKind = "value" if metric.needs == "value" else "probability"
    judged = replace(asked, metric=metric.name, metric_direction=metric.direction, submission_kind=kind)
    return type(task)(judged, metric)
