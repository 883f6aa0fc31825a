"""One file a task: deal rows, score, blend, decide, check and write a submission."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from podium import metrics
from podium.competition.asked_metric import scores
from podium.errors import IntakeError, Unplayable
from podium.records import Competition
from podium.tasks.classification import ClassificationTask
from podium.tasks.detection import DetectionTask
from podium.tasks.distribution import DistributionTask, is_cdf
from podium.tasks.forecasting import ForecastingTask
from podium.tasks.image_to_image import ImageToImageTask
from podium.tasks.label_sets import LabelSetsTask
from podium.tasks.language import LanguageTask
from podium.tasks.ordinal import OrdinalTask
from podium.tasks.quantiles import QuantileTask
from podium.tasks.ranked_classes import ManyClassesTask, RankedClassesTask, is_many
from podium.tasks.ranking import RankingTask
from podium.tasks.recommendation import RecommendationTask
from podium.tasks.regression import RegressionTask
from podium.tasks.segmentation import SegmentationTask
from podium.tasks.span_extraction import SpanExtractionTask
from podium.tasks.task import Task
from podium.tasks.text_to_text import TextToTextTask

if TYPE_CHECKING:
    from podium.competition.dataset import Dataset

ROWS: dict[
    str, type[Task]
] = {  # an answer is a row of numbers or labels: a sheet alone can be scored, and the arena hosts it
    "binary_classification": ClassificationTask,
    "multiclass_classification": ClassificationTask,
    "multilabel_classification": ClassificationTask,
    "regression": RegressionTask,
    "ordinal_regression": OrdinalTask,
}
OF_ROWS: dict[str, type[Task]] = {  # by what a cell of the submission, or a row of it, holds
    "labels": LabelSetsTask,
    "ranking": RankedClassesTask,
    "distribution": QuantileTask,
}
TASKS: dict[str, type[Task]] = {
    **ROWS,
    "ranking": RankingTask,
    "recommendation": RecommendationTask,
    "object_detection": DetectionTask,
    "forecasting": ForecastingTask,
    "language_modelling": LanguageTask,
    "span_extraction": SpanExtractionTask,
    "image_to_image": ImageToImageTask,
    "segmentation": SegmentationTask,
    "text_generation": TextToTextTask,
}


def obstacle(competition: Competition) -> str:
    """Why Podium cannot play a competition that intake understood, in one line; "" where it can."""
    if competition.task_type not in TASKS:
        return "no solutions of this kind are built in"
    task = _class_of(competition)
    if competition.submission_kind not in task.answers:
        held = "several labels" if competition.submission_kind == "labels" else f"a {competition.submission_kind}"
        return f"a cell of the submission holds {held}, and solutions answer with {' or '.join(task.answers)}"
    if not set(competition.inputs) & set(task.inputs):
        return f"rows are {' and '.join(competition.inputs)} files alone, and solutions read {', '.join(task.inputs)}"
    if set(competition.inputs) & set(task.inputs) == {"image"} and find_spec("PIL") is None:
        return "rows are images alone, and nothing is installed here that reads them: `pip install 'podium[vision]'`"
    return task.objection(metrics.get(competition.metric))


def scored_alone(competition: Competition) -> bool:
    """Whether a submission is scored from its sheet alone, by the rules of rows: a number or a label each."""
    return competition.task_type in ROWS and competition.submission_kind not in OF_ROWS


def for_competition(competition: Competition) -> Task:
    """The task that `competition.task_type` names. Raises Unplayable; IntakeError: a metric of another kind of task."""
    why = obstacle(competition)
    if why:
        raise Unplayable(competition, why)
    metric = metrics.get(competition.metric)
    if not scores(metric, competition.task_type, competition.submission_kind):
        raise IntakeError(
            f"metric {metric.name} does not fit a {competition.task_type}",
            expected=f"a metric of {', '.join(name for name in metrics.names() if _fits(name, competition.task_type))}",
            remedy="set `metric` or `task_type` in config.json",
        )
    return _class_of(competition)(competition, metric)


def _class_of(competition: Competition) -> type[Task]:
    """Rows whose answer is a list of labels, an order of classes or a distribution are tasks of their own."""
    if is_many(competition):
        return ManyClassesTask
    usual = TASKS[competition.task_type]
    if competition.task_type == "regression" and is_cdf(competition):
        return DistributionTask
    return OF_ROWS.get(competition.submission_kind, usual) if competition.task_type in ROWS else usual


def of_data(data: Dataset) -> Task:
    """The task of dealt data, measured on them."""
    task = for_competition(data.competition)
    task.measure(data.folder)
    return task


def _fits(name: str, task_type: str) -> bool:
    return task_type in metrics.get(name).task_types


__all__ = [
    "ROWS",
    "TASKS",
    "ClassificationTask",
    "OrdinalTask",
    "QuantileTask",
    "RegressionTask",
    "Task",
    "for_competition",
    "obstacle",
    "of_data",
    "scored_alone",
]
