"""Regression: one target or several. Raw predictions are values `(n, k)` in the target's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

MARGIN = 0.1  # of the training range, allowed beyond it
FORWARD_MARGIN = 1.0  # where test lies in the future, trends may leave the range
Z = 2.0  # a bias in log space is corrected only from two standard errors on
CORRELATIONS = ("pearson", "spearman", "gini")  # unit-free: predictions need not be in the target's unit
MEDIANS = ("mae", "mape", "smape", "medae")


def floats(labels: pl.DataFrame, names: tuple[str, ...]) -> Floats:
    """Target columns as `(n, k)`. Raises IntakeError on text, missing and infinite values."""
    out = np.empty((len(labels), len(names)))
    for column, name in enumerate(names):
        series = labels[name]
        if not series.dtype.is_numeric():
            raise IntakeError(
                f"target column {name!r} is not numeric", expected="numbers", found=str(series.dtype),
                remedy="set `task_type` or `target_column` in config.json",
            )  # fmt: skip
        out[:, column] = series.to_numpy()
        bad = ~np.isfinite(out[:, column])
        if bad.any():
            raise IntakeError(
                f"target column {name!r} holds {int(bad.sum())} missing or infinite values",
                expected="a finite number in every training row",
                found=f"none in row {int(np.flatnonzero(bad)[0])}",
                remedy="drop these rows",
            )
    return out


class RegressionTask(Task):
    """Values are clipped to a widened training range and to what the metric allows; they are never rounded."""

    inputs: ClassVar[tuple[str, ...]] = ("table", "text", "image")

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        truth = floats(labels, self.competition.target_columns)
        return truth[:, 0] if truth.shape[1] == 1 else truth

    def layout(self) -> Layout:
        return Layout("dense", (len(self.competition.target_columns),))

    def check(self, values: Any, n_rows: int) -> Floats:
        return sheet.dense(values, n_rows, (self.n_outputs(),))

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """`low`, `high`: clip bounds a column; `shift`: added to the logs of a column where the metric compares logs.

        For RMSLE and RMSE of logs the mean residual of the logs is the best such shift (a factor on the values); it
        undoes the downward bias of models that were fitted to another loss.
        """
        if self.metric.name in CORRELATIONS:
            return {}
        columns = truth[:, None] if truth.ndim == 1 else truth
        low, high = self._bounds(columns)
        decision: dict[str, Any] = {"low": low.tolist(), "high": high.tolist()}
        if self.metric.space == "log":
            shift = self._log_shift(columns, np.clip(raw, low, high))
            if shift.any():
                decision["shift"] = shift.tolist()
        return decision

    def _bounds(self, columns: Floats) -> tuple[Floats, Floats]:
        least, most = columns.min(axis=0), columns.max(axis=0)
        margin = FORWARD_MARGIN if self.competition.looks_forward else MARGIN
        low, high = least - margin * (most - least), most + margin * (most - least)
        low = np.where(least >= 0, np.maximum(low, 0.0), low)
        if self.metric.name == "rmse_log":
            low = np.maximum(low, np.maximum(least, 1e-12) / 2.0)
            high = np.maximum(high, low)
        elif self.metric.name == "rmsle":
            low = np.maximum(low, 0.0)
        return low, high

    def _log(self, values: Floats) -> Floats:
        if self.metric.name == "rmse_log":
            return np.asarray(np.log(np.maximum(values, 1e-12)), dtype=np.float64)
        return np.asarray(np.log1p(np.maximum(values, 0.0)), dtype=np.float64)

    def _log_shift(self, columns: Floats, raw: Floats) -> Floats:
        """Mean residual of the logs, `(k,)`, shrunk by its noise; 0 where it is within `Z` standard errors."""
        if len(columns) < 30:
            return np.zeros(columns.shape[1])
        residual = self._log(columns) - self._log(raw)
        mean, stderr = residual.mean(axis=0), residual.std(axis=0) / np.sqrt(len(residual))
        keep = np.abs(mean) > Z * stderr
        return np.where(keep, mean * (1.0 - (stderr / np.maximum(np.abs(mean), 1e-300)) ** 2), 0.0)

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        values = raw
        if "low" in decision:
            values = np.clip(values, decision["low"], decision["high"])
        if "shift" in decision:
            logs = self._log(values) + np.asarray(decision["shift"])
            values = np.exp(logs) if self.metric.name == "rmse_log" else np.expm1(logs)
            values = np.clip(values, decision["low"], decision["high"])
        return values[:, 0] if values.shape[1] == 1 else values

    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        """The constant that is best for the metric: median, mean, or the mean of the logs."""
        columns = truth[:, None] if truth.ndim == 1 else truth
        if self.metric.name in MEDIANS:
            centre = np.median(columns, axis=0)
        elif self.metric.name == "rmse_log":
            centre = np.exp(self._log(columns).mean(axis=0))
        elif self.metric.name == "rmsle":
            centre = np.expm1(self._log(columns).mean(axis=0))
        else:
            centre = columns.mean(axis=0)
        return np.tile(centre.astype(np.float64), (n_rows, 1))

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        values = decided[:, None] if decided.ndim == 1 else decided
        names, order = sheet.answer_columns(self.competition, values.shape[1]), list(self.competition.target_columns)
        same = set(names) == set(order)
        answers = {name: values[:, order.index(name) if same else at] for at, name in enumerate(names)}
        return sheet.fill(self.competition, answers, len(values), ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        names = sheet.answer_columns(self.competition, self.n_outputs())
        sheet.check_shape(self.competition, frame, names, ids)
        low = {"rmsle": 0.0, "rmse_log": 1e-300}.get(self.metric.name, -np.inf)
        sheet.numbers(frame, names, float(low), float("inf"))

    def facts(self, truth: NDArray[Any]) -> dict[str, float]:
        columns = truth[:, None] if truth.ndim == 1 else truth
        centred = columns[:, 0] - columns[:, 0].mean()
        spread = float(np.sqrt((centred**2).mean()))
        single = columns.shape[1] == 1 and spread > 0
        return {
            "target_cardinality": float(len(np.unique(columns[:, 0]))),
            "target_skew": float(((centred / spread) ** 3).mean()) if single else 0.0,
            "target_min": float(columns.min()),
        }
