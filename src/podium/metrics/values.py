"""Metrics of predicted values. Several targets: the mean over the columns of the metric of each (MCRMSE and the like)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, PerRow, Space, columns, decomposed, mean

TASKS = ("regression", "ordinal_regression")
UNBOUNDED = (0.0, float("inf"))
TINY = float(np.finfo(np.float64).tiny)


def _pair(truth: NDArray[Any], prediction: NDArray[Any]) -> tuple[Floats, Floats]:
    return columns(np.asarray(truth, dtype=np.float64)), columns(np.asarray(prediction, dtype=np.float64))


def squared_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    t, p = _pair(truth, prediction)
    return (p - t) ** 2


def squared_log1p_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """(log(1+p) - log(1+t))^2; values below 0 count as 0."""
    t, p = _pair(truth, prediction)
    return np.asarray((np.log1p(np.maximum(p, 0.0)) - np.log1p(np.maximum(t, 0.0))) ** 2, dtype=np.float64)


def squared_log_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """(log p - log t)^2, natural logs; defined for positive values (the task keeps predictions positive)."""
    t, p = _pair(truth, prediction)
    return np.asarray((np.log(np.maximum(p, TINY)) - np.log(np.maximum(t, TINY))) ** 2, dtype=np.float64)


def absolute_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    t, p = _pair(truth, prediction)
    return np.abs(p - t)


def percentage_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """|p - t| / |t|, a fraction as in scikit-learn; |t| at least float64's epsilon."""
    t, p = _pair(truth, prediction)
    return np.asarray(np.abs(p - t) / np.maximum(np.abs(t), np.finfo(np.float64).eps), dtype=np.float64)


def squared_percentage_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """((p - t) / t)^2, a fraction; |t| at least float64's epsilon."""
    return percentage_errors(truth, prediction) ** 2


def symmetric_percentage_errors(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """200 |p - t| / (|p| + |t|), in 0..200; 0 where both are 0."""
    t, p = _pair(truth, prediction)
    size = np.abs(p) + np.abs(t)
    shares: Floats = np.divide(200.0 * np.abs(p - t), size, out=np.zeros_like(size), where=size > 0)
    return shares


def _weighted_median(values: Floats, weight: Floats) -> float:
    """The median of the values, each repeated `weight` times; the mean of the two middle ones on a tie."""
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    half = reached[-1] / 2.0
    low = int(np.searchsorted(reached, half * (1 - 1e-12)))
    high = int(np.searchsorted(reached, half * (1 + 1e-12), side="right"))
    return float((values[order[low]] + values[order[min(high, len(values) - 1)]]) / 2.0)


def medae(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
    errors = absolute_errors(truth, prediction)
    if weight is None:
        return float(np.median(errors, axis=0).mean())
    return float(np.mean([_weighted_median(column, weight) for column in errors.T]))


def r2(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """1 - residual / total sum of squares; a constant truth gives 1 when met exactly, else 0 (as in scikit-learn)."""
    t, p = _pair(truth, prediction)
    residual = mean((p - t) ** 2, weight)
    total = mean((t - mean(t, weight)) ** 2, weight)
    explained = 1.0 - np.divide(residual, total, out=np.ones_like(residual), where=total > 0)
    return float(np.where((total == 0) & (residual == 0), 1.0, explained).mean())


def _loss(
    name: str, title: str, per_row: PerRow, space: Space, link: Literal["identity", "sqrt"], top: float
) -> Metric:
    function = decomposed(per_row, link)
    return Metric(name, title, function, "lower", "value", space, (0.0, top), 0.0, TASKS, per_row=per_row, link=link)


INFINITY = float("inf")
METRICS = (
    _loss("rmse", "RMSE", squared_errors, "value", "sqrt", INFINITY),
    _loss("mse", "MSE", squared_errors, "value", "identity", INFINITY),
    _loss("rmsle", "RMSLE", squared_log1p_errors, "log", "sqrt", INFINITY),
    _loss("rmse_log", "RMSE of logs", squared_log_errors, "log", "sqrt", INFINITY),
    _loss("mae", "MAE", absolute_errors, "value", "identity", INFINITY),
    _loss("mape", "MAPE", percentage_errors, "value", "identity", INFINITY),
    _loss("rmspe", "RMSPE", squared_percentage_errors, "value", "sqrt", INFINITY),
    _loss("smape", "SMAPE", symmetric_percentage_errors, "value", "identity", 200.0),
    Metric("medae", "median absolute error", medae, "lower", "value", "value", UNBOUNDED, 0.0, TASKS),
    Metric("r2", "R2", r2, "higher", "value", "value", (-INFINITY, 1.0), 1.0, TASKS),
)
