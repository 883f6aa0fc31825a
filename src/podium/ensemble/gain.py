"""Would one more member help the blend? An upper bound for the kill gate, from one fold's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.ensemble import space
from podium.metrics.uncertainty import difference
from podium.tasks.task import Floats, Task

WEIGHTS = (0.03, 0.1, 0.2, 0.35, 0.5)


def blend_gain_bound(
    task: Task,
    truth: NDArray[Any],
    oofs: Mapping[str, Floats],
    weights: Mapping[str, float],
    new_oof: Floats,
    rows: NDArray[np.int64],
    *,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """(gain, upper bound of the gain) of mixing `new_oof` into the blend `weights` of `oofs`, at its best weight.

    Arrays are over all rows, `(n, k)`; only `rows` (those of the first fold) are looked at. The least weight tried is
    small, so there the bound has the sign of the bound of the slope: below zero only if no weight is likely to help.
    """
    known = [~np.isnan(values[rows]).any(axis=1) for values in (new_oof, *(oofs[name] for name in weights))]
    rows = rows[np.logical_and.reduce(known)]
    if not len(rows):
        return 0.0, float("inf")  # nothing in common to judge by: no reason to stop
    kind = space.space_of(task)
    here = truth[rows]
    bounds = space.bounds_of(task, here, np.asarray(new_oof[rows], dtype=np.float64))

    def placed(values: Floats) -> Floats:
        part = bounds.clip(np.asarray(values[rows], dtype=np.float64))
        return space.to_space(part, kind, space.knots_of(part) if kind == "rank" else None)

    current = space.weighted([placed(oofs[name]) for name in weights], list(weights.values())) / sum(weights.values())
    new = placed(new_oof)
    raw = space.from_space(current, kind)
    decision = task.fit_decision(here, raw)
    before = task.decide(raw, decision)
    tried = [
        difference(
            task.metric, here, task.decide(space.from_space((1 - w) * current + w * new, kind), decision), before
        )
        for w in WEIGHTS
    ]
    best = max(tried, key=lambda estimate: estimate.value)
    return best.value, best.upper(confidence)
