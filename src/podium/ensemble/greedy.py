"""Greedy ensemble selection with replacement (Caruana et al. 2004)."""

from __future__ import annotations

import numpy as np

from podium.ensemble.objective import STEPS, Objective
from podium.tasks.task import Floats

PATIENCE = 3  # steps without a new best before it stops
TOLERANCE = 1e-5  # relative improvement that counts


def select(objective: Objective, steps: int = STEPS) -> Floats:
    """Weights `(M,)`, sum 1: picks counted up to the best step. Starts from the best single member."""
    picks: list[int] = []
    best_loss, best_length = np.inf, 0
    for _ in range(steps):
        losses = objective.trial()
        member = int(np.argmin(losses))
        picks.append(member)
        objective.add(member)
        if losses[member] < best_loss - TOLERANCE * max(abs(float(losses[member])), 1e-12):
            best_loss, best_length = float(losses[member]), len(picks)
        elif len(picks) - best_length >= PATIENCE:
            break
    counts = np.bincount(picks[: max(best_length, 1)], minlength=objective.size).astype(np.float64)
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def prune(weights: Floats, max_members: int, least: float = 0.02) -> Floats:
    """Keep the `max_members` heaviest of at least `least` weight, renormalised."""
    kept = np.zeros_like(weights)
    heaviest = np.argsort(-weights, kind="stable")[:max_members]
    kept[heaviest] = np.where(weights[heaviest] >= least, weights[heaviest], 0.0)
    if kept.sum() <= 0:
        kept[heaviest[0]] = 1.0
    return np.asarray(kept / kept.sum(), dtype=np.float64)
