"""Is one experiment better than another? Paired on the same rows, with a correction for how many were tried."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import Estimate, difference
from podium.referee.score import scored_rows
from podium.tasks.task import Floats, Task

ALPHA = 0.05
CANDIDATE, DISCARD = 0.1, 0.5  # p-values between these spend of alpha; see `level`
DECAY, OFFSET = 1.6, 5  # of the levels, from challenger to challenger that spent


@dataclass(frozen=True)
class Paired:
    """`gain` of a over b in the metric's unit, positive when a is better; `p`: one-sided, of "a is no better"; `freedom`: degrees
    of freedom of `stderr`, None where they are not known or do not end."""

    gain: float
    stderr: float
    p: float
    freedom: float | None = None


def paired(
    task: Task,
    truth: NDArray[Any],
    a_raw: Floats,
    b_raw: Floats,
    fold_of: NDArray[np.int8],
    *,
    groups: NDArray[Any] | None = None,
) -> Paired:
    """Compare raw OOF predictions on the rows both have. Decisions are cross-fitted once each, not once a block."""
    rows = scored_rows(fold_of, a_raw, b_raw)
    truth, folds = truth[rows], fold_of[rows]
    a = task.decide_crossfitted(truth, a_raw[rows], folds)
    b = task.decide_crossfitted(truth, b_raw[rows], folds)
    won = difference(task.metric, truth, a, b, None if groups is None else groups[rows])
    return Paired(won.value, won.stderr, won.p_positive(), won.freedom if math.isfinite(won.freedom) else None)


def with_seed_noise(comparison: Paired, noise: SeedNoise | None) -> Paired:
    """The comparison where either side may owe its score to its seed: their variance is added twice, once for each."""
    if noise is None or noise.variance <= 0 or not math.isfinite(comparison.stderr):
        return comparison
    own, seeds = comparison.stderr**2, 2.0 * noise.variance
    of_rows = own**2 / comparison.freedom if comparison.freedom else 0.0
    freedom = (own + seeds) ** 2 / (of_rows + seeds**2 / noise.pairs)  # Welch and Satterthwaite
    judged = Estimate(comparison.gain, math.sqrt(own + seeds), freedom)
    return Paired(comparison.gain, judged.stderr, judged.p_positive(), freedom)


@dataclass(frozen=True)
class SeedNoise:
    """Variance of a score from seed to seed beyond what the rows' sampling explains, from `pairs` of replicates."""

    variance: float
    pairs: int


def seed_noise(replicates: Sequence[Paired]) -> SeedNoise | None:
    """From paired comparisons of replicates with what they repeat, which differ by seed alone. None without any."""
    known = [one for one in replicates if math.isfinite(one.gain) and math.isfinite(one.stderr)]
    if not known:
        return None
    excess = float(np.mean([one.gain**2 - one.stderr**2 for one in known]))
    return SeedNoise(max(0.0, excess) / 2.0, len(known))


def level(earlier: Sequence[float], alpha: float = ALPHA) -> float:
    """The p that the next challenger must reach, given those of all challengers before it, oldest first.

    ADDIS-spending (Tian and Ramdas 2021) keeps the chance of any false champion in the whole campaign at `alpha`, however
    many challengers come. Only doubtful ones spend of it: a p above `DISCARD`, a challenger that is plainly worse, costs
    nothing, and neither does one below `CANDIDATE`. alpha / n for the n-th, as Bonferroni is often misread for streams,
    does not: its levels add up to alpha times 5 over 100 challengers.
    """
    spent = sum(CANDIDATE < p <= DISCARD for p in earlier)
    share = (spent + 1 + OFFSET) ** -DECAY / _shares()
    return float(min(alpha * (DISCARD - CANDIDATE) * share, CANDIDATE))


@functools.cache
def _shares() -> float:
    """Sum of (k + OFFSET)^-DECAY over k = 1, 2, …: 10,000 terms and the integral of the rest."""
    last = 10_000
    total = sum((k + OFFSET) ** -DECAY for k in range(1, last + 1))
    return float(total + (last + OFFSET + 0.5) ** (1.0 - DECAY) / (DECAY - 1.0))


def is_champion(comparison: Paired, earlier: Sequence[float] = (), *, alpha: float = ALPHA) -> bool:
    """Whether a challenger dethrones the champion: a gain whose p reaches `level`."""
    return comparison.gain > 0 and comparison.p <= level(earlier, alpha)
