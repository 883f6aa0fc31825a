"""Classification: binary, multiclass and multilabel.

Raw predictions: P(second class) `(n, 1)`; class probabilities `(n, K)`; one probability a label `(n, L)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.errors import InvalidPredictions
from podium.metrics import custom
from podium.protocol import Layout
from podium.tasks import calibration, sheet, threshold, users_threshold
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

ROUNDING = 1e-6  # how far outside 0..1 floating point may lead
ROW_SUM = 1e-2  # how far from 1 a row of class probabilities may be before it is refused instead of renormalised


class ClassificationTask(Task):
    """Labels where the metric (or the submission) wants labels, else probabilities."""

    inputs: ClassVar[tuple[str, ...]] = ("table", "text", "image")

    @property
    def multilabel(self) -> bool:
        return self.competition.task_type == "multilabel_classification"

    @property
    def labels_wanted(self) -> bool:
        return self.metric.needs == "label" or self.competition.submission_kind == "label"

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        names = self.competition.target_columns
        if not self.multilabel:
            return sheet.label_codes(labels[names[0]], self.competition.classes)
        return np.column_stack([sheet.label_codes(_as_bits(labels[name]), ("0", "1")) for name in names])

    def layout(self) -> Layout:
        n_classes = len(self.competition.classes)
        return Layout(
            "dense", (len(self.competition.target_columns) if self.multilabel else n_classes - (n_classes == 2),)
        )

    def check(self, values: Any, n_rows: int) -> Floats:
        width = self.n_outputs()
        binary = width == 1 and not self.multilabel
        p = sheet.dense(values, n_rows, (1, 2) if binary else (width,))
        if n_rows and (p.min() < -ROUNDING or p.max() > 1.0 + ROUNDING):
            worst = p.min() if p.min() < -ROUNDING else p.max()
            raise InvalidPredictions(f"predictions: expected probabilities in [0, 1]; found {worst:g}")
        p = np.clip(p, 0.0, 1.0)
        if p.shape[1] == 1 or self.multilabel:
            return p
        total = p.sum(axis=1, keepdims=True)
        if n_rows and np.abs(total - 1.0).max() > ROW_SUM:
            row = int(np.argmax(np.abs(total[:, 0] - 1.0)))
            raise InvalidPredictions(
                f"predictions: expected probabilities that sum to 1 in each row; row {row} sums to {total[row, 0]:g}"
            )
        p = p / total
        return np.asarray(p[:, 1:] if binary else p, dtype=np.float64)

    def _as_probabilities(self, codes: NDArray[Any]) -> Floats:
        if self.multilabel or self.n_outputs() == 1:
            return codes.astype(np.float64).reshape(len(codes), -1)
        return np.asarray(np.eye(self.n_outputs())[codes], dtype=np.float64)

    def _as_codes(self, probabilities: Floats) -> NDArray[Any]:
        if self.multilabel:
            return (probabilities >= 0.5).astype(np.int64)
        if probabilities.shape[1] == 1:
            return (probabilities[:, 0] >= 0.5).astype(np.int64)
        return np.asarray(np.argmax(probabilities, axis=1))

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """`threshold`: a list, one a column; `weights`: class weights of the argmax; `power`: calibration; or empty."""
        if self.labels_wanted:
            name = self.metric.name if self.metric.needs == "label" else "accuracy"
            return self._fit_labels(truth, raw, name)
        if self.metric.needs == "probability" and self.metric.per_row is not None:
            independent = self.multilabel or raw.shape[1] == 1
            power = calibration.fit_power(truth, raw, self.metric.per_row, independent)
            return {} if power == 1.0 else {"power": power}
        return {}

    def _fit_labels(self, truth: NDArray[Any], raw: Floats, name: str) -> dict[str, Any]:
        if self.multilabel:
            of_column = "f1" if name.startswith("f1") else name
            pairs = zip(truth.T, raw.T, strict=True)
            return {"threshold": [threshold.fit_threshold(t, p, of_column) for t, p in pairs]}
        if raw.shape[1] == 1 and custom.is_users(name):
            return {"threshold": [users_threshold.fit_threshold(self.metric, truth, raw[:, 0])]}
        if raw.shape[1] == 1:
            return {"threshold": [threshold.fit_threshold(truth, raw[:, 0], name)]}
        weights = threshold.fit_prior_power(truth, raw, name)
        return {} if weights is None else {"weights": weights}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        if not self.labels_wanted:
            independent = self.multilabel or raw.shape[1] == 1
            return calibration.sharpen(raw, float(decision.get("power", 1.0)), independent)
        if self.multilabel or raw.shape[1] == 1:
            bits = (raw >= np.asarray(decision.get("threshold", 0.5))).astype(np.int64)
            codes = bits if self.multilabel else bits[:, 0]
        else:
            codes = np.argmax(raw * np.asarray(decision.get("weights", 1.0)), axis=1)
        # a metric of probabilities on a submission of labels sees certain probabilities
        return codes if self.metric.needs == "label" else self._as_probabilities(codes)

    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        if self.multilabel or self.n_outputs() == 1:
            shares = np.atleast_1d(truth.mean(axis=0))
        else:
            shares = np.bincount(truth, minlength=self.n_outputs()) / len(truth)
        return np.tile(shares.astype(np.float64), (n_rows, 1))

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        names = self._answers()
        if self.competition.submission_kind == "label":
            decided = decided if decided.dtype.kind in "iu" else self._as_codes(decided)
            answers = self._label_answers(names, decided)
        else:
            answers = self._probability_answers(names, decided)
        return sheet.fill(self.competition, answers, len(decided), ids)

    def _answers(self) -> list[str]:
        label = self.competition.submission_kind == "label" and not self.multilabel
        return sheet.answer_columns(self.competition, 1 if label else self.n_outputs())

    def _label_answers(self, names: list[str], decided: NDArray[Any]) -> dict[str, Any]:
        if self.multilabel:
            return self._by_target(names, decided)
        classes = self.competition.classes
        if all(name.lstrip("-").isdigit() and str(int(name)) == name for name in classes):
            return {names[0]: np.array([int(name) for name in classes])[decided]}
        return {names[0]: [classes[code] for code in decided.tolist()]}

    def _probability_answers(self, names: list[str], decided: NDArray[Any]) -> dict[str, Any]:
        p = self._as_probabilities(decided) if decided.dtype.kind in "iu" else decided
        if self.multilabel:
            return self._by_target(names, p)
        if len(names) == 2 and p.shape[1] == 1:
            p = np.column_stack([1.0 - p[:, 0], p[:, 0]])
        return {name: p[:, column] for column, name in enumerate(names)}

    def _by_target(self, names: list[str], values: NDArray[Any]) -> dict[str, Any]:
        """Label columns by name where the header names the targets, else in order."""
        order = list(self.competition.target_columns)
        same = set(names) == set(order)
        return {name: values[:, order.index(name) if same else at] for at, name in enumerate(names)}

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        import polars as pl

        names = self._answers()
        sheet.check_shape(self.competition, frame, names, ids)
        if self.competition.submission_kind != "label":
            sheet.numbers(frame, names, 0.0, 1.0)
            return
        allowed = ("0", "1") if self.multilabel else self.competition.classes
        keys = {sheet.spelling_key(name) for name in allowed}
        for name in names:
            for value in frame[name].cast(pl.String).unique().to_list():
                if value is None or (value not in allowed and sheet.spelling_key(value) not in keys):
                    shown = ", ".join(allowed[:8])
                    raise InvalidPredictions(f"submission column {name!r}: expected one of {shown}; found {value!r}")

    def facts(self, truth: NDArray[Any]) -> dict[str, float]:
        return {"target_cardinality": float(len(np.unique(truth))), "target_skew": 0.0, "target_min": 0.0}


def _as_bits(column: pl.Series) -> pl.Series:
    """A true/false column as 1/0; any other as it is."""
    import polars as pl

    return column.cast(pl.Int64) if column.dtype == pl.Boolean else column
