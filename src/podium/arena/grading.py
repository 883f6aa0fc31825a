"""The score of a submission: read, matched to the hidden answers by id, scored on one split and on the other.

What is refused is refused by what every contestant can see (header, ids, type and range of all rows), so no refusal
tells anything of an answer, nor of which rows are private.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import tasks
from podium.arena import contest as noun
from podium.arena.contest import Contest
from podium.arena.making import labels
from podium.errors import IntakeError, InvalidPredictions
from podium.metrics import custom
from podium.records import Competition
from podium.tasks import sheet


@dataclass(frozen=True)
class Scores:
    """None where the metric is not defined on that part (one value for all of its rows, say)."""

    public: float | None
    private: float | None


class Grader:
    """One contest's answers, held in memory."""

    def __init__(self, private: Path) -> None:
        self.contest: Contest = noun.read(private)
        competition = self.contest.competition
        if custom.is_users(competition.metric):
            custom.restore(competition.metric, private)
        self.task = tasks.for_competition(competition)
        spelled = dict.fromkeys(competition.target_columns, pl.String) if competition.classes else {}
        answers = pl.read_csv(private / noun.ANSWERS, infer_schema_length=None, schema_overrides=spelled)
        self._public = (answers[self.contest.split_key] == "public").to_numpy()
        self._truth = self.task.encode(labels(answers, competition))
        self._answers = [name for name in competition.submission_columns if name not in self._keys]
        self._ids = answers.select(self._keys)

    @cached_property
    def _keys(self) -> list[str]:
        competition = self.contest.competition
        matrix = competition.task_type == "multiclass_classification" and competition.submission_kind == "probability"
        n_answers = len(competition.classes if matrix else competition.target_columns)
        return sheet.id_columns(competition, sheet.answer_columns(competition, n_answers))

    def scores(self, file: Path) -> Scores:
        """Raises InvalidPredictions with what every contestant may know."""
        decided = self.decided(file)
        return Scores(self.score(decided, self._public), self.score(decided, ~self._public))

    def score(self, decided: NDArray[Any], rows: NDArray[np.bool_ | np.int64] | None = None) -> float | None:
        """On these rows (a mask, or positions), None: all."""
        keep = slice(None) if rows is None else rows
        score = float(self.task.score(self._truth[keep], decided[keep]))
        return score if math.isfinite(score) else None

    def split(self, name: str) -> NDArray[np.bool_]:
        return self._public if name == "public" else ~self._public

    def decided(self, file: Path) -> NDArray[Any]:
        """The submission's answers in the order of the hidden ones, as the metric takes them."""
        try:
            frame = pl.read_csv(file, infer_schema_length=None)
        except (pl.exceptions.PolarsError, UnicodeError) as problem:
            raise InvalidPredictions("expected a CSV file in UTF-8") from problem
        header = list(self.contest.competition.submission_columns)
        if frame.columns != header:
            raise InvalidPredictions(f"expected the header {','.join(header)[:300]}")
        return self._values(self._matched(frame))

    def _matched(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows in the order of the answers: ids are equal as numbers, maybe not as types."""
        wrong = InvalidPredictions(f"expected each of the {self._ids.height} test ids once")
        if frame.height != self._ids.height:
            raise wrong
        kinds = self._ids.schema
        try:
            frame = frame.with_columns(pl.col(name).cast(kinds[name]) for name in self._keys)
        except pl.exceptions.PolarsError as problem:
            raise wrong from problem
        found = frame.select(self._keys)
        if found.null_count().row(0) != (0,) * len(self._keys) or found.n_unique() != found.height:
            raise wrong
        matched = self._ids.join(frame, on=self._keys, how="left", maintain_order="left")
        if self._ids.join(found, on=self._keys, how="semi").height != self._ids.height:
            raise wrong
        return matched

    def _values(self, frame: pl.DataFrame) -> NDArray[Any]:
        """What `Task.write` made a sheet of: codes of labels, or numbers as the metric takes them."""
        competition = self.contest.competition
        if competition.submission_kind == "label" and competition.task_type != "regression":
            return self._labels(frame)
        try:
            values = frame.select(pl.col(self._answers).cast(pl.Float64))
        except pl.exceptions.PolarsError as problem:
            raise InvalidPredictions("expected numbers") from problem
        if not np.isfinite(values.fill_null(np.nan).to_numpy()).all():
            raise InvalidPredictions("expected finite numbers")
        low, high = _range(competition, self.task)
        if values.height and (values.to_numpy().min() < low or values.to_numpy().max() > high):
            raise InvalidPredictions(f"expected numbers in [{low:g}, {high:g}]")
        return self._numbers(values)

    def _labels(self, frame: pl.DataFrame) -> NDArray[Any]:
        competition = self.contest.competition
        named = frame
        if competition.task_type != "multilabel_classification":
            named = frame.rename({self._answers[0]: competition.target_columns[0]})
        try:
            codes = self.task.encode(labels(named, competition))
        except (IntakeError, pl.exceptions.PolarsError) as problem:
            raise InvalidPredictions("expected labels as spelled in train") from problem
        if self.task.metric.needs == "label" or codes.ndim == 2:
            return codes
        k = len(competition.classes)  # a metric of probabilities sees certain ones
        return codes.astype(np.float64)[:, None] if k == 2 else np.asarray(np.eye(k)[codes])

    def _numbers(self, values: pl.DataFrame) -> NDArray[Any]:
        competition, array = self.contest.competition, values.to_numpy()
        if competition.task_type == "ordinal_regression":
            levels = [float(name) for name in competition.classes]
            return np.asarray(np.interp(array[:, 0], levels, np.arange(len(levels))))
        if competition.task_type == "multiclass_classification":
            return _rescaled(array) if self.task.metric.needs == "probability" else array
        if competition.task_type == "binary_classification":
            return array[:, -1:]
        if set(values.columns) == set(competition.target_columns):
            array = values.select(competition.target_columns).to_numpy()
        return array[:, 0] if competition.task_type == "regression" and array.shape[1] == 1 else array


def _range(competition: Competition, task: tasks.Task) -> tuple[float, float]:
    if competition.submission_kind == "probability" and task.metric.needs == "probability":
        return 0.0, 1.0
    return {"rmsle": 0.0, "rmse_log": 1e-300}.get(task.metric.name, -np.inf), np.inf


def _rescaled(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of class probabilities that sum to 1, as on Kaggle. Raises InvalidPredictions for a row of zeros."""
    total = array.sum(axis=1, keepdims=True)
    if len(array) and total.min() <= 0.0:
        raise InvalidPredictions("expected a positive probability in each row")
    return np.asarray(array / total)


def grade(contest: Path, submission: Path, split: str | None = "private") -> float:
    """The score of a submission file on one split (None: all test rows), where a contest lies in one folder.

    Raises InvalidPredictions, never says why an answer is wrong.
    """
    grader = Grader(contest / "private")
    score = grader.score(grader.decided(submission), None if split is None else grader.split(split))
    if score is None:
        raise InvalidPredictions("the metric is not defined for these answers")
    return score
