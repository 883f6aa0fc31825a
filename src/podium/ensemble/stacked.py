"""Stacked regression with weights that are not negative (Breiman 1996), an intercept a column, and no sum to keep.

Unlike an average it may be surer than its members, which averaging makes timid, and may correct a common bias: for
probabilities it is Platt's scaling of a blend in log odds, or vector scaling in logs (Guo et al. 2017). Few numbers are
fitted, and they are drawn towards the greedy weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.tasks.task import Floats, Task

SPACES = ("logit", "geometric", "value", "log", "log1p")
SQUARED = ("rmse", "mse", "r2", "rmsle", "mean_columnwise_rmsle", "rmse_log", "rmsle_log", "mean_columnwise_rmse")
VALUES = 400_000  # numbers of all members that are looked at: a dozen of weights needs no more
DRAW = 20.0  # rows that the greedy weights count for
STEPS = 60


@dataclass(frozen=True)
class Stack:
    """`weights` `(M,)`, sum 1; `slope` times their mixture, plus `bias` `(k,)`, in the blending space."""

    weights: Floats
    slope: float
    bias: tuple[float, ...]


def fits(task: Task, space: str) -> bool:
    """Whether the metric is what is minimised here: log loss of probabilities, squared errors of values."""
    return space in SPACES and (task.metric.name in SQUARED or task.metric.name == "log_loss")


def fit(truth: NDArray[Any], members: Floats, space: str, start: Floats) -> Stack:
    """`members` `(M, n, k)` in `space`; `truth` `(n, …)`: class codes, 0 and 1, or values; `start` `(M,)`: weights, sum 1."""
    from scipy.optimize import minimize

    size, n, k = members.shape
    rows = np.linspace(0, n - 1, min(n, max(200, VALUES // (size * k)))).astype(np.intp)
    few = members[:, rows].astype(np.float64)
    wanted = _wanted(truth[rows], space, k)
    spread = float(wanted.var()) or 1.0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, bias = parameters[:size], parameters[size:]
        mixed = np.einsum("m,mnk->nk", weights, few, optimize=True) + bias
        value, slope = _loss(mixed, wanted, space, spread)
        away = weights - start
        pull = DRAW / len(rows)
        gradient = np.concatenate(
            [np.einsum("mnk,nk->m", few, slope, optimize=True) + 2 * pull * away, slope.sum(axis=0)]
        )
        return value + pull * float(away @ away), gradient

    bounds = [(0.0, None)] * size + [(None, None)] * k
    found = minimize(
        loss,
        np.concatenate([start, np.zeros(k)]),
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": STEPS},
    )
    weights, total = found.x[:size], float(found.x[:size].sum())
    if not total > 0:
        return Stack(start, 1.0, (0.0,) * k)
    return Stack(weights / total, total, tuple(found.x[size:].tolist()))


def _wanted(truth: NDArray[Any], space: str, k: int) -> Floats:
    """`(n, k)`: what the mixture should be; one-hot where classes exclude each other."""
    if space == "geometric":
        return np.asarray(np.eye(k)[truth.astype(np.int64)])
    values = truth.reshape(len(truth), k).astype(np.float64)
    if space == "log":
        return np.log(np.maximum(values, 1e-12))
    return np.log1p(np.maximum(values, 0.0)) if space == "log1p" else values


def _loss(mixed: Floats, wanted: Floats, space: str, spread: float) -> tuple[float, Floats]:
    """Mean loss, and its derivative by the mixture, `(n, k)`."""
    n, k = mixed.shape
    if space == "geometric":
        shifted = mixed - mixed.max(axis=1, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return float((total[:, 0] - (shifted * wanted).sum(axis=1)).mean()), (np.exp(shifted - total) - wanted) / n
    if space == "logit":
        value = np.logaddexp(0.0, mixed) - wanted * mixed
        return float(value.mean()), (1 / (1 + np.exp(-np.clip(mixed, -500, 500))) - wanted) / (n * k)
    error = mixed - wanted
    return float((error**2).mean() / spread), 2 * error / (n * k * spread)
