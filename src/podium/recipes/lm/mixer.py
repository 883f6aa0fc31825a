"""How far to trust each kind of context: a log-linear mixture whose weights depend on how much was seen (after PAQ,
Mahoney 2005, over all symbols at once). The loss is convex in the weights, so they follow from the data alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.recipes.lm.backoff import BINS, Evidence, Logs

Weights = NDArray[np.float64]
PULL = 1e-4  # towards the weights at the start, of bins that are seldom met


def start(orders: int, words: int) -> Weights:
    """`(kinds, BINS)`: backing off as it is, words a little."""
    weights = np.concatenate([np.ones((orders, BINS)), np.full((words, BINS), 0.1)])
    weights[:, 0] = 0.0  # a context never seen changes nothing
    return weights


def mixed(weights: Weights, evidence: Evidence) -> Logs:
    """Log probabilities `(n, v)`."""
    scores = evidence.base.copy()
    for weight, step, bins in zip(weights.astype(np.float32), evidence.steps, evidence.bins, strict=True):
        scores += weight[bins][:, None] * step
    scores -= scores.max(axis=1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), dtype=np.float32)


def fit(evidence: Evidence, answers: NDArray[np.int32], first: Weights, iterations: int) -> Weights:
    """Weights that lower the log loss of `answers` `(n,)`, by L-BFGS; as many iterations are made as there is time for."""
    from scipy.optimize import minimize

    n, rows = len(answers), np.arange(len(answers))

    def loss(flat: Weights) -> tuple[float, Weights]:
        weights = flat.reshape(first.shape)
        logs = mixed(weights, evidence)
        value = -float(logs[rows, answers].mean(dtype=np.float64))
        error = np.exp(logs)
        error[rows, answers] -= 1.0
        gradient = np.stack(
            [
                np.bincount(bins, weights=np.einsum("nv,nv->n", step, error), minlength=BINS) / n
                for step, bins in zip(evidence.steps, evidence.bins, strict=True)
            ]
        )
        away = weights - first
        return value + PULL * float((away**2).sum()), (gradient + 2 * PULL * away).ravel()

    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    return np.asarray(found.x, dtype=np.float64).reshape(first.shape)
