"""Stacked regression with weights that are not negative (Breiman 1996), an intercept a column, and no sum to keep.

Unlike an average it may be surer than its members, which averaging makes timid, and may correct a common bias: for
probabilities it is Platt's scaling of a blend in log odds, or vector scaling in logs (Guo et al. 2017). Few numbers are
fitted, and they are drawn towards the greedy weights and no intercept.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from podium.ensemble.greedy import prune
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
    plain = task.layout().kind == "dense" and space in SPACES
    return plain and (task.metric.name in SQUARED or task.metric.name == "log_loss")


def fit(truth: NDArray[Any], members: Floats, space: str, start: Floats) -> Stack:
    """`members` `(M, n, k)` in `space`; `truth` `(n, …)`: class codes, 0 and 1, or values; `start` `(M,)`: weights, sum 1."""
    k = members.shape[2]
    rows = np.linspace(0, members.shape[1] - 1, _rows(*members.shape)).astype(np.intp)
    few, wanted = members[:, rows].astype(np.float64), _wanted(truth[rows], space, k)
    middle, scale = np.zeros(k), 1.0
    if space not in ("logit", "geometric"):  # values in any unit: fitted in deviations from their mean
        middle, scale = wanted.mean(axis=0), float(wanted.std()) or 1.0
        few, wanted = (few - middle) / scale, (wanted - middle) / scale
    weights, bias = _fitted(few, wanted, space, start)
    kept = prune(weights, len(weights)) > 0 if weights.sum() > 0 else weights > 0
    if 0 < kept.sum() < len(kept):  # what is dropped must not have been fitted with
        weights = np.zeros(len(start))
        weights[kept], bias = _fitted(few[kept], wanted, space, start[kept])
    slope = float(weights.sum())
    if not slope > 0:
        return Stack(start, 1.0, (0.0,) * k)
    return Stack(weights / slope, slope, tuple((scale * bias + middle * (1 - slope)).tolist()))


def _rows(size: int, n: int, k: int) -> int:
    """How many rows are looked at: every column's bias needs some of its own."""
    return min(n, max(VALUES // (size * k), 10 * k, 200))


def _fitted(members: Floats, wanted: Floats, space: str, start: Floats) -> tuple[Floats, Floats]:
    """Weights `(M,)`, none negative, and biases `(k,)`, both drawn towards where they start."""
    from scipy.optimize import minimize

    size, n, k = members.shape
    begin, pull = np.concatenate([start, np.zeros(k)]), DRAW / n

    def loss(parameters: Floats) -> tuple[float, Floats]:
        mixed = np.einsum("m,mnk->nk", parameters[:size], members, optimize=True) + parameters[size:]
        value, slope = _loss(mixed, wanted, space)
        away = parameters - begin
        by_parameter = np.concatenate([np.einsum("mnk,nk->m", members, slope, optimize=True), slope.sum(axis=0)])
        return value + pull * float(away @ away), by_parameter + 2 * pull * away

    bounds = [(0.0, None)] * size + [(None, None)] * k
    with _pools().limit(limits=1, user_api="blas"):
        found = minimize(loss, begin, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": STEPS})
    return found.x[:size], found.x[size:]


@functools.cache
def _pools() -> threadpoolctl.ThreadpoolController:
    """Of the libraries loaded by now, scipy's among them. Its small systems take several times as long on two threads, which
    wait for each other more than they work."""
    return threadpoolctl.ThreadpoolController()


def _wanted(truth: NDArray[Any], space: str, k: int) -> Floats:
    """`(n, k)`: what the mixture should be; one-hot where classes exclude each other."""
    if space == "geometric":
        return np.asarray(np.eye(k)[truth.astype(np.int64)])
    values = truth.reshape(len(truth), k).astype(np.float64)
    if space == "log":
        return np.log(np.maximum(values, 1e-12))
    return np.log1p(np.maximum(values, 0.0)) if space == "log1p" else values


def _loss(mixed: Floats, wanted: Floats, space: str) -> tuple[float, Floats]:
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
    return float((error**2).mean()), 2 * error / (n * k)
