"""How much better the mean of the fold models is than one of them: known without a label of test.

A score out of fold is one fold model's; test gets their mean. For squared error the difference is exactly the models'
disagreement (the ambiguity decomposition: Krogh and Vedelsby 1995), which unlabelled rows show. For any other metric the
same is had by drawing labels that the mean prediction makes likely, and scoring both against them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.referee.interval import UNDEFINED
from podium.tasks.classification import ClassificationTask
from podium.tasks.task import Floats, Task

ROWS = 20_000  # of the holdout that are looked at
LEAST_DRAWN = 20_000  # labels drawn in all, in up to `MOST_DRAWS` draws
MOST_DRAWS = 12
UNSURE = 0.3  # of the gain: drawn labels are only as good as the predictions (docs/estimates.md has how good)
WINDOW = 0.01  # of the out-of-fold rows: those with predictions alike, whose truth is drawn


def averaging_gain(
    task: Task, averaged: Floats, singles: Sequence[Floats], truth: NDArray[Any], oof: Floats, decision: dict[str, Any]
) -> tuple[float, float]:
    """(score of the average minus mean score of the fold models, its standard error), in the metric's unit.

    `averaged`, `singles` `(m, k)` each: raw predictions of unlabelled rows; `oof` `(n, k)` with `truth` `(n, …)`: what
    predictions mean; `decision`: as the submission is decided. (0, 0) where there are fewer than two models.
    """
    if len(singles) < 2 or not len(averaged):
        return 0.0, 0.0
    step = -(-len(averaged) // ROWS)
    averaged, singles = averaged[::step], [one[::step] for one in singles]
    rng = np.random.default_rng([len(averaged), len(singles)])
    decided, alone = task.decide(averaged, decision), [task.decide(one, decision) for one in singles]
    draws = int(np.clip(LEAST_DRAWN // len(averaged), 2, MOST_DRAWS))
    gains = []
    for _ in range(draws):
        drawn = _labels(task, averaged, truth, oof, rng)
        try:
            gains.append(task.score(drawn, decided) - float(np.mean([task.score(drawn, one) for one in alone])))
        except UNDEFINED:
            continue  # a draw without any row of a class, on a handful of rows
    found = np.array([gain for gain in gains if math.isfinite(gain)])
    if len(found) < 2:
        return 0.0, 0.0
    gain = float(found.mean())
    return gain, math.hypot(UNSURE * gain, float(found.std(ddof=1)) / math.sqrt(len(found)))


def _labels(task: Task, raw: Floats, truth: NDArray[Any], oof: Floats, rng: np.random.Generator) -> NDArray[Any]:
    if isinstance(task, ClassificationTask) and not task.multilabel and raw.shape[1] > 1:
        total = np.cumsum(raw, axis=1)
        return np.asarray((rng.random((len(raw), 1)) * total[:, -1:] > total).sum(axis=1).clip(0, raw.shape[1] - 1))
    raw, oof, targets = task.pointed(raw), task.pointed(oof), truth.reshape(len(truth), -1)
    drawn = np.column_stack([_alike(raw[:, c], oof[:, c], targets[:, c], rng) for c in range(raw.shape[1])])
    return drawn[:, 0] if truth.ndim == 1 else drawn


def _alike(wanted: Floats, known: Floats, truth: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """For each wanted prediction the truth of a row whose prediction is nearly the same."""
    order = np.argsort(known, kind="stable")
    reach = max(2, round(WINDOW * len(known) / 2))
    at = np.searchsorted(known[order], wanted) + rng.integers(-reach, reach + 1, len(wanted))
    return np.asarray(truth[order[np.clip(at, 0, len(order) - 1)]])
