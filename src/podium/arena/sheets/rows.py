"""A label, a probability or a value a row."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.arena.sheets.sheet import Sheet
from podium.errors import IntakeError, InvalidPredictions, UserError
from podium.records import Competition
from podium.tasks import sheet
from podium.tasks.task import Task

CLASSES = ("multiclass_classification", "language_modelling")


class RowSheet(Sheet):
    """Truth is as `Task.encode` has it; the kept answers are the targets, as train spells them."""

    @cached_property
    def answers(self) -> list[str]:
        competition = self.competition
        n = len(competition.classes if self._matrix else competition.target_columns)
        return sheet.answer_columns(competition, n)

    @property
    def _matrix(self) -> bool:
        return self.competition.task_type in CLASSES and self.competition.submission_kind == "probability"

    def hidden(self, frame: pl.DataFrame, public: Path) -> pl.DataFrame | None:
        targets = list(self.competition.target_columns)
        if set(self.keys) <= set(frame.columns) and set(targets) <= set(frame.columns):
            return frame.select(*self.keys, *targets)
        if set(self.keys) | set(self.answers) <= set(frame.columns):
            return self._from_sheet(frame)
        return None

    def _from_sheet(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Answers given in the shape of a submission: a column a class (its 1 is the answer), or the targets by other names."""
        competition, targets = self.competition, self.competition.target_columns
        if len(self.answers) == len(targets):
            renamed = (pl.col(have).alias(name) for have, name in zip(self.answers, targets, strict=True))
            return frame.select(*self.keys, *renamed)
        if len(self.answers) != len(competition.classes):
            raise UserError(
                "the answers have neither a column a target nor one a class", found=", ".join(self.answers[:8])
            )
        codes = frame.select(pl.col(self.answers).cast(pl.Float64)).to_numpy().argmax(axis=1)
        return frame.select(self.keys).with_columns(
            pl.Series(targets[0], [competition.classes[code] for code in codes])
        )

    def strata(self, kept: pl.DataFrame) -> list[Any] | None:
        truth = self.truth(kept)
        return truth.tolist() if self.competition.classes and truth.ndim == 1 else None

    def read(self, path: Path) -> pl.DataFrame:
        competition = self.competition
        spelled = dict.fromkeys(competition.target_columns, pl.String) if competition.classes else {}
        return pl.read_csv(path, infer_schema_length=None, schema_overrides=spelled)

    def submitted(self, path: Path) -> pl.DataFrame:
        try:
            frame = pl.read_csv(path, infer_schema_length=None)
        except (pl.exceptions.PolarsError, UnicodeError) as problem:
            raise InvalidPredictions("expected a CSV file in UTF-8") from problem
        header = list(self.competition.submission_columns)
        if frame.columns != header:
            raise InvalidPredictions(f"expected the header {','.join(header)[:300]}")
        return frame

    def truth(self, kept: pl.DataFrame) -> NDArray[Any]:
        return self.task.encode(labels(kept, self.competition))

    def given(self, frame: pl.DataFrame) -> NDArray[Any]:
        """What `Task.write` made a sheet of: codes of labels, or numbers as the metric takes them."""
        competition = self.competition
        if competition.submission_kind == "label" and competition.task_type != "regression":
            return self._labels(frame)
        values = numbers(frame, self.answers, *_range(competition, self.task))
        return self._numbers(values)

    def _labels(self, frame: pl.DataFrame) -> NDArray[Any]:
        competition = self.competition
        named = frame
        if competition.task_type != "multilabel_classification":
            named = frame.rename({self.answers[0]: competition.target_columns[0]})
        try:
            codes = self.task.encode(labels(named, competition))
        except (IntakeError, pl.exceptions.PolarsError) as problem:
            raise InvalidPredictions("expected labels as spelled in train") from problem
        if self.task.metric.needs == "label" or codes.ndim == 2:
            return codes
        k = len(competition.classes)  # a metric of probabilities sees certain ones
        return codes.astype(np.float64)[:, None] if k == 2 else np.asarray(np.eye(k)[codes])

    def _numbers(self, values: pl.DataFrame) -> NDArray[Any]:
        competition, array = self.competition, values.to_numpy()
        if competition.task_type == "ordinal_regression":
            levels = [float(name) for name in competition.classes]
            return np.asarray(np.interp(array[:, 0], levels, np.arange(len(levels))))
        if competition.task_type in CLASSES:
            return _rescaled(array) if self.task.metric.needs == "probability" else array
        if competition.task_type == "binary_classification":
            return array[:, -1:]
        if set(values.columns) == set(competition.target_columns):
            array = values.select(competition.target_columns).to_numpy()
        return array[:, 0] if competition.task_type == "regression" and array.shape[1] == 1 else array


def labels(frame: pl.DataFrame, competition: Competition) -> pl.DataFrame:
    """Target columns as a task encodes them."""
    if competition.task_type == "multilabel_classification":
        bits = [pl.col(name).cast(pl.Int64) for name in competition.target_columns]
        return frame.select(bits)
    kind = pl.String if competition.classes else pl.Float64
    return frame.select(pl.col(list(competition.target_columns)).cast(kind))


def numbers(frame: pl.DataFrame, columns: list[str], low: float, high: float) -> pl.DataFrame:
    """The columns as finite Float64 in [low, high]. Raises InvalidPredictions."""
    try:
        values = frame.select(pl.col(columns).cast(pl.Float64))
    except pl.exceptions.PolarsError as problem:
        raise InvalidPredictions("expected numbers") from problem
    array = values.fill_null(np.nan).to_numpy()
    if not np.isfinite(array).all():
        raise InvalidPredictions("expected finite numbers")
    if values.height and (array.min() < low or array.max() > high):
        raise InvalidPredictions(f"expected numbers in [{low:g}, {high:g}]")
    return values


def _range(competition: Competition, task: Task) -> tuple[float, float]:
    if competition.submission_kind == "probability" and task.metric.needs == "probability":
        return 0.0, 1.0
    return {"rmsle": 0.0, "rmse_log": 1e-300}.get(task.metric.name, -np.inf), np.inf


def _rescaled(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of class probabilities that sum to 1, as on Kaggle. Raises InvalidPredictions for a row of zeros."""
    total = array.sum(axis=1, keepdims=True)
    if len(array) and total.min() <= 0.0:
        raise InvalidPredictions("expected a positive probability in each row")
    return np.asarray(array / total)


__all__ = ["RowSheet", "labels", "numbers"]
