"""The kill gate: after an experiment's first fold, is there any chance that the rest is worth its cost?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import difference
from podium.tasks.task import Floats, Task


@dataclass(frozen=True)
class Gate:
    """`continue_` unless the upper bounds of both gains are at or below what they must be above. Gains are in the task's unit."""

    continue_: bool
    solo_gain: float
    solo_upper: float
    reason: str
    blend_gain: float | None = None
    blend_upper: float | None = None
    twin: str | None = None  # the member that predicts the same, to the last bit


def same(twin: str) -> Gate:
    """What predicts one fold as `twin` does, by the same model, has nothing to gain there, and something is learned."""
    return Gate(False, 0.0, 0.0, f"predicts the same as {twin}: stopped, what it changes changes nothing", twin=twin)


def gate(
    task: Task,
    truth_fold: NDArray[Any],
    new_raw: Floats,
    champion_raw: Floats,
    *,
    blend_bound: tuple[float, float] | None = None,
    least: float = 0.0,
    confidence: float = 0.95,
    groups: NDArray[Any] | None = None,
) -> Gate:
    """Judge one fold's rows: truth `(m, …)`, raw predictions `(m, k)` of the newcomer and of the champion; `groups` `(m,)`: the
    sampling units, where rows are none.

    Each decision is fitted on these rows, alike for both, so neither has an edge. `blend_bound`: (gain, upper bound)
    from `ensemble.blend_gain_bound`; without it the solo gain alone decides. `least`: what the time of the other folds should
    bring; a bound that is no higher is no reason to go on.
    """
    known = ~(np.isnan(new_raw) | np.isnan(champion_raw)).any(axis=1)
    if not known.any():
        return Gate(True, 0.0, 0.0, "no row in common with the champion: goes on")
    truth_fold, new_raw, champion_raw = truth_fold[known], new_raw[known], champion_raw[known]
    new = task.decide(new_raw, task.fit_decision(truth_fold, new_raw))
    old = task.decide(champion_raw, task.fit_decision(truth_fold, champion_raw))
    solo = difference(task.metric, truth_fold, new, old, None if groups is None else groups[known])
    if not math.isfinite(solo.stderr):
        return Gate(True, solo.value, solo.value, "one group says nothing of others: goes on")
    upper = solo.upper(confidence)
    blend_gain, blend_upper = blend_bound if blend_bound is not None else (None, None)
    alive = [name for name, bound in (("solo", upper), ("blend", blend_upper)) if bound is not None and bound > least]
    reason = f"solo gain {solo.value:+.5g}, at most {upper:+.5g}"
    if blend_upper is not None and math.isinf(blend_upper):
        blend_gain, blend_upper = None, None  # unknown; infinity is no JSON
    if blend_upper is not None:
        reason += f"; blend gain {blend_gain:+.5g}, at most {blend_upper:+.5g}"
    short = "neither can be positive" if least <= 0 else f"neither can reach the {least:.2g} that its time should bring"
    reason += f": goes on for its {' and '.join(alive)} gain" if alive else f": stopped, {short}"
    return Gate(bool(alive), solo.value, upper, reason, blend_gain, blend_upper)
