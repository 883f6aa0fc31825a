"""Is one experiment better than another? Paired on the same rows, with a correction for how many were tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import difference
from podium.referee.score import rescore, scored_rows
from podium.tasks.task import Floats, Task

ALPHA = 0.05
LIKELY_CORRELATION = 0.95  # of two good models' errors, assumed before there are neighbours to measure it on


@dataclass(frozen=True)
class Paired:
    """`gain` of a over b in the metric's unit, positive when a is better; `p`: one-sided, of "a is no better"."""

    gain: float
    stderr: float
    p: float


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
    return Paired(won.value, won.stderr, won.p_positive())


def is_champion(comparison: Paired, n_tried: int, *, alpha: float = ALPHA) -> bool:
    """Whether a challenger dethrones the champion: a gain, at level `alpha` over all `n_tried` challengers (Bonferroni).

    Holm's step-down reduces to Bonferroni for the first, and challengers come one at a time.
    """
    return comparison.gain > 0 and comparison.p <= alpha / max(1, n_tried)


def noise_floor(
    task: Task, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8], neighbours: Sequence[Floats] = ()
) -> float:
    """The standard error of a typical paired difference to the champion `raw`, in the metric's unit.

    Median over `neighbours` (other good experiments' OOF); before there are any, what two models whose errors correlate
    by 0.95 would show: stderr of the score x sqrt(2 (1 - 0.95)).
    """
    errors = [paired(task, truth, raw, other, fold_of).stderr for other in neighbours]
    errors = [error for error in errors if math.isfinite(error) and error > 0]
    if errors:
        return float(np.median(errors))
    alone = rescore(task, truth, raw, fold_of).stderr
    return alone * math.sqrt(2.0 * (1.0 - LIKELY_CORRELATION)) if math.isfinite(alone) else 0.0
