"""What a model is trained to predict: labels turned for the metric, predictions turned back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context

Floats = NDArray[np.float64]
Loss = Literal["binary", "multiclass", "l2", "l1"]
Curve = Literal["identity", "log", "log1p"]

LOG1P_METRICS = {"rmsle", "mean_columnwise_rmsle", "msle"}
LOG_METRICS = {"rmse_log", "rmsle_log", "mape", "smape"}
L1_METRICS = {"mae", "mape", "smape", "medae", "wmae", "mae_log"}

BEYOND = 0.1  # of the labels' range


@dataclass(frozen=True)
class Target:
    """How one campaign's labels are learned: a loss, a curve, and one column for each model.

    `columns(y)` gives the labels of each model to train: one of class codes (multiclass), else one for each output.
    `assemble(parts)` joins their predictions to `(n, n_outputs)`. Values outside what training saw are clipped to a
    margin of a tenth of its range; upwards in the labels' own unit, because a log curve turns a small extrapolation into
    an absurd value.
    """

    loss: Loss
    curve: Curve
    n_classes: int  # multiclass only, else 0
    n_outputs: int
    low: float = -np.inf
    high: float = np.inf

    @classmethod
    def of(cls, y: NDArray[Any], ctx: Context, curve: Curve | None = None) -> Target:
        """`curve` overrides the metric's own; a log curve falls back to identity where labels do not allow it."""
        if ctx.task_type == "multiclass_classification":
            return cls("multiclass", "identity", ctx.n_outputs, ctx.n_outputs)
        if ctx.task_type in ("binary_classification", "multilabel_classification"):
            return cls("binary", "identity", 0, ctx.n_outputs, 0.0, 1.0)
        wanted = curve or curve_of(ctx.metric)
        least = float(np.min(y))
        if wanted == "log" and least <= 0:
            wanted = "log1p"
        if wanted == "log1p" and least <= -1:
            wanted = "identity"
        loss: Loss = "l1" if ctx.metric in L1_METRICS else "l2"
        return cls(loss, wanted, 0, ctx.n_outputs, float(np.min(y)), float(np.max(y)))

    @property
    def is_classification(self) -> bool:
        return self.loss in ("binary", "multiclass")

    def columns(self, y: NDArray[Any]) -> list[NDArray[Any]]:
        """Labels of each model to train, `(n,)` each."""
        if self.loss == "multiclass":
            return [y.astype(np.int64)]
        matrix = y.reshape(len(y), -1)
        return [self._forward(matrix[:, k]) for k in range(matrix.shape[1])]

    def matrix(self, y: NDArray[Any]) -> Floats:
        """Labels of all outputs at once, `(n, k)`: one-hot classes, or the columns side by side."""
        if self.loss == "multiclass":
            return np.asarray(np.eye(self.n_classes)[y.astype(np.int64)], dtype=np.float64)
        return np.column_stack(self.columns(y)).astype(np.float64)

    def assemble(self, parts: list[Floats]) -> Floats:
        """Predictions `(n, n_outputs)` in the labels' unit from those of each model, `(n,)` or `(n, k)`."""
        joined = np.column_stack(parts).astype(np.float64)
        if self.loss == "multiclass":
            joined = np.clip(joined, 1e-15, None)
            return np.asarray(joined / joined.sum(axis=1, keepdims=True))
        if self.loss == "binary":
            return np.asarray(np.clip(joined, 0.0, 1.0))
        low, high = self._forward(np.array([self.low, self.high]))
        bent = np.clip(joined, low - BEYOND * (high - low), None)
        most = self.high + BEYOND * (self.high - self.low)
        return np.minimum(self._backward(np.minimum(bent, self._forward(np.array([most])))), most)

    def _forward(self, values: NDArray[Any]) -> Floats:
        values = values.astype(np.float64)
        if self.curve == "log":
            return np.asarray(np.log(values))
        return np.log1p(values) if self.curve == "log1p" else np.asarray(values)

    def _backward(self, values: Floats) -> Floats:
        if self.curve == "log":
            return np.exp(values)
        return np.expm1(values) if self.curve == "log1p" else values


def curve_of(metric: str) -> Curve:
    """How a metric's values are straightened before they are learned."""
    if metric in LOG1P_METRICS:
        return "log1p"
    return "log" if metric in LOG_METRICS else "identity"
