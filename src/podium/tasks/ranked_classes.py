"""Classes in order, a cell each row (`w_1287fbc w_98baff9 new_whale`): what is right is one class, or several labels.

Up to `MOST_DENSE` classes raw predictions are a probability of each `(n, K)`. Beyond, they are ranked lists (layout `ranking`):
thousands of classes would be gigabytes a model, of which the first few count.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.label_cells import CellForm, labels_of, recorded
from podium.errors import InvalidPredictions
from podium.metrics.ranked_classes import as_ranking, of_classes
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.classification import ClassificationTask
from podium.tasks.recommendation import PLENTY, RecommendationTask
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition

MOST_DENSE = 400


def classes_of(competition: Competition) -> tuple[str, ...]:
    """Classes, or labels, as they are spelled in a cell."""
    return competition.classes or labels_of(competition)


def is_many(competition: Competition) -> bool:
    """Whether predictions are lists, as there are too many classes for a probability of each."""
    ranked = competition.submission_kind == "ranking" and competition.task_type.endswith("classification")
    return ranked and len(classes_of(competition)) > MOST_DENSE


class RankedClassesTask(ClassificationTask):
    """Probabilities in, the k most probable classes out."""

    answers: ClassVar[tuple[str, ...]] = ("ranking",)

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, of_classes(metric))
        self.form = recorded(competition) or CellForm()
        self.names = classes_of(competition)
        self.k = min(asked_of(metric), len(self.names))

    @classmethod
    def objection(cls, metric: Metric) -> str:
        return "" if metric.needs == "ranking" else f"{metric.title} scores no ranked lists of classes"

    def layout(self) -> Layout:
        return Layout("dense", (len(self.names),))

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        if not self.multilabel:
            return super().encode(labels)
        return np.asarray(labels.select(self.competition.target_columns).to_numpy() > 0, dtype=np.int64)

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        return {}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        """Codes `(n, k)`, most probable first; of equals the first class."""
        return np.asarray(np.argsort(-raw, axis=1, kind="stable")[:, : self.k], dtype=np.int64)

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        cells = [self.form.join([self.names[code] for code in row]) for row in decided.tolist()]
        return sheet.fill(self.competition, {answer_of(self.competition): cells}, len(cells), ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        check_lists(self.competition, frame, ids, self.form, self.names, self.k)


class ManyClassesTask(RecommendationTask):
    """Ranked lists in and out; what was common in train fills short ones up."""

    inputs: ClassVar[tuple[str, ...]] = ClassificationTask.inputs

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, metric)
        self.cell = recorded(competition) or CellForm()
        self.names = classes_of(competition)
        self.k = min(asked_of(metric), len(self.names))

    def measure(self, folder: Path) -> None:
        """Nothing: classes are the competition's."""

    def encode(self, labels: pl.DataFrame) -> Any:
        if self.competition.classes:
            return as_ranking(sheet.label_codes(labels[self.competition.target_columns[0]], self.names))
        return as_ranking(labels.select(self.competition.target_columns).to_numpy())

    def write(self, decided: Any, ids: pl.Series | None) -> pl.DataFrame:
        lists = np.split(decided.items, decided.offsets[1:-1]) if len(decided) else []
        cells = [self.cell.join([self.names[code] for code in one.tolist()]) for one in lists]
        return sheet.fill(self.competition, {answer_of(self.competition): cells}, len(cells), ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        check_lists(self.competition, frame, ids, self.cell, self.names, self.k)


def asked_of(metric: Metric) -> int:
    """How many places of a list count: the metric's k."""
    found = re.search(r"@(\d+)", metric.name)
    return int(found[1]) if found else PLENTY


def answer_of(competition: Competition) -> str:
    return sheet.answer_columns(competition, 1)[0]


def check_lists(
    competition: Competition, frame: pl.DataFrame, ids: pl.Series | None, form: CellForm, names: tuple[str, ...], k: int
) -> None:
    """Raises InvalidPredictions unless each row, in order, lists 1 to k known classes, none twice."""
    answer, known = answer_of(competition), frozenset(names)
    sheet.check_shape(competition, frame, [answer], ids)
    for row, cell in enumerate(frame[answer].to_list()):
        where = f"submission column {answer!r}, row {row}"
        if not isinstance(cell, str):
            raise InvalidPredictions(f"{where}: expected classes; found {cell!r}")
        listed = form.split(cell)
        if not 0 < len(listed) <= k or len(set(listed)) < len(listed):
            raise InvalidPredictions(f"{where}: expected 1 to {k} classes, none twice; found {cell[:60]!r}")
        unknown = [name for name in listed if name not in known]
        if unknown:
            raise InvalidPredictions(f"{where}: expected classes of train; found {unknown[0]!r}")


__all__ = ["MOST_DENSE", "ManyClassesTask", "RankedClassesTask", "is_many"]
