"""Several labels in a cell: raw predictions are a probability of each label `(n, L)`, decisions the labels a row gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.label_cells import CellForm, labels_of, recorded
from podium.errors import InvalidPredictions
from podium.metrics import get
from podium.tasks import label_rules, sheet
from podium.tasks.classification import ClassificationTask
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition


class LabelSetsTask(ClassificationTask):
    """Multilabel classification whose answer is a cell, written as train's cells are."""

    answers: ClassVar[tuple[str, ...]] = ("labels",)

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, metric)
        self.form = recorded(competition) or CellForm()
        self.labels = labels_of(competition)

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        """0/1 `(n, L)`."""
        return np.asarray(labels.select(self.competition.target_columns).to_numpy() > 0, dtype=np.int64)

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """A rule of `label_rules`. A metric of probabilities, which labels alone answer badly, is stood in for by F1."""
        metric = self.metric if self.metric.needs == "label" else get("f1_samples")
        return label_rules.fit(truth, raw, metric)

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        bits = label_rules.bits_of(raw, decision)
        return bits.astype(np.int64 if self.metric.needs == "label" else np.float64)

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        cells = [self.form.join([self.labels[at] for at in np.flatnonzero(row)]) for row in decided]
        return sheet.fill(self.competition, {self._answer: cells}, len(cells), ids)

    @property
    def _answer(self) -> str:
        return sheet.answer_columns(self.competition, 1)[0]

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        """Each row once, in order, with known labels, none twice."""
        sheet.check_shape(self.competition, frame, [self._answer], ids)
        known = frozenset(self.labels)
        for row, cell in enumerate(frame[self._answer].to_list()):
            where = f"submission column {self._answer!r}, row {row}"
            if not isinstance(cell, str):
                raise InvalidPredictions(f"{where}: expected labels; found {cell!r}")
            listed = self.form.split(cell)
            unknown = [label for label in listed if label not in known]
            if unknown or len(set(listed)) < len(listed):
                what = repr(unknown[0]) if unknown else f"{cell!r}, a label twice"
                raise InvalidPredictions(f"{where}: expected some of {', '.join(self.labels[:8])}; found {what}")

    def facts(self, truth: NDArray[Any]) -> dict[str, float]:
        return {"target_cardinality": float(truth.shape[1]), "target_skew": 0.0, "target_min": 0.0}
