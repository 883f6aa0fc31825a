"""Adaptive overfitting: how much the best of many flatters, because it was chosen on the rows it is scored on.

With a vault it is measured: the gap between out-of-fold and vault score, round by round, from saved predictions. Without
one it is estimated: candidates' scores are drawn anew as other rows would have given them (a block bootstrap of their
first-order effects, the same blocks for all), the best of each draw is taken, and its advantage over its own mean is what
choosing alone is worth: the optimism that bootstrap bias correction takes off (Tsamardinos, Greasidou and Borboudakis 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podium.metrics import Metric
from podium.referee.tracking import Score
from podium.tasks.task import Floats

SAMPLES = 2_000
Guided = tuple[Metric, Sequence[Score]]  # the metric that a choice goes by, and the same candidates' scores by it


@dataclass(frozen=True)
class Round:
    """One round's blend, in the metric's unit: its nested out-of-fold score, that of the best so far, what the vault says
    of it (None without one) and how much the former flatters (positive: promised more than held), with its error.
    `optimism`: what having chosen among this and all earlier rounds flatters by estimate. `tried`: experiments so far."""

    round: int
    score: float
    best: float
    optimism: float
    tried: int
    vault: float | None = None
    flatters: float | None = None
    stderr: float | None = None


def optimisms(metric: Metric, scores: Sequence[Score], by: Guided | None = None) -> Floats:
    """`(len(scores),)`: by how much the best of the first, of the first two, and so on flatters for having been chosen, at least
    0, in the metric's unit. `by`: what the choice goes by, where it is not
    this metric. Deterministic; not below the one before by more than the bootstrap's noise."""
    if not scores:
        return np.empty(0)
    merits, noise = _drawn(metric, scores)
    choosing = merits if by is None else _drawn(*by)[0]
    found = np.empty(len(scores))
    best, flattery = choosing[:, 0].copy(), noise[:, 0].copy()
    for at in range(len(scores)):
        better = choosing[:, at] > best
        best, flattery = np.where(better, choosing[:, at], best), np.where(better, noise[:, at], flattery)
        found[at] = max(0.0, float(flattery.mean()))
    return found


def _drawn(metric: Metric, scores: Sequence[Score]) -> tuple[Floats, Floats]:
    """`(SAMPLES, len(scores))`: merits of each draw, and what of them is the draw's noise. The same draws whatever the metric."""
    effects = metric.sign * np.array([score.effects for score in scores])
    values = metric.sign * np.array([score.value for score in scores])
    blocks = effects.shape[1]
    drawn = np.random.default_rng(blocks).multinomial(blocks, np.full(blocks, 1.0 / blocks), SAMPLES) - 1.0
    noise = drawn @ effects.T * np.sqrt(blocks / max(1, blocks - 1))
    noise -= noise.mean(axis=0)
    return values + noise, noise
