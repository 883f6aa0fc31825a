"""Would one more member help the blend? An upper bound for the kill gate, from one fold's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.ensemble import space
from podium.ensemble.mixing import MIXERS, mixed
from podium.metrics.uncertainty import Estimate, difference
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
    groups: NDArray[Any] | None = None,
) -> tuple[float, float]:
    """(gain, upper bound of the gain) of mixing `new_oof` into the blend `weights` of `oofs`, at its best weight.

    Arrays are over all rows, `(n, k)`; only `rows` (those of the first fold) are looked at; `groups` `(n,)`: the sampling units,
    where rows are none. The least weight tried is
    small, so there the bound has the sign of the bound of the slope: below zero only if no weight is likely to help. Where
    some may help, the bound is the highest of any weight's.
    """
    known = [~np.isnan(values[rows]).any(axis=1) for values in (new_oof, *(oofs[name] for name in weights))]
    rows = rows[np.logical_and.reduce(known)]
    if not len(rows):
        return 0.0, float("inf")  # nothing in common to judge by: no reason to stop
    kind = space.space_of(task)
    here, units = truth[rows], None if groups is None else groups[rows]
    bounds = space.bounds_of(task, here, new_oof[rows])

    def placed(values: Floats) -> Floats:
        part = bounds.clip(values[rows])
        return space.to_space(part, kind, space.knots_of(part) if kind == "rank" else None)

    total = sum(weights.values())
    current, shares = [placed(oofs[name]) for name in weights], [weight / total for weight in weights.values()]
    new = placed(new_oof)
    raw = mixed(current, shares, kind)
    decision = task.fit_decision(here, raw)
    before = task.decide(raw, decision)

    def gained(weight: float) -> Estimate:
        both = mixed([*current, new], [*((1.0 - weight) * share for share in shares), weight], kind)
        return difference(task.metric, here, task.decide(both, decision), before, units)

    tried = [gained(weight) for weight in (WEIGHTS if kind not in MIXERS else WEIGHTS[-1:])]
    best = max(tried, key=lambda estimate: estimate.value)
    upper = best.upper(confidence)
    return best.value, upper if upper <= 0 else max(estimate.upper(confidence) for estimate in tried)
