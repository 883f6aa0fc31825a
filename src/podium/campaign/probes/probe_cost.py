"""What probes may cost: a share of the time so far, where time is limited; everything where experiments are counted.

Whether a probe is made then depends on measured time, and only then: with `--experiments N` all are always made.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

CHEAP_SHARE = 0.03  # of the campaign's time so far: predictions of a few rows, on every experiment
DEAR_SHARE = 0.04  # beside it: fits, on what is about to be submitted for the first time
GRACE_S = 0.5  # what the first round may take before there is much time to take a share of
LEAST_S = 1.0  # no run is begun that may not take so long
DEAR = "probe_dear"  # how the parts of dear probes are called; all others are cheap


def left_s(engine: Engine, *, dear: bool) -> float:
    """Wall seconds that probes of this kind may still take; infinity where experiments are counted."""
    if not engine.purse.timed:
        return math.inf
    spent = engine.registry.runs.probe_seconds(dear=dear) / engine.purse.slots
    share = DEAR_SHARE if dear else CHEAP_SHARE
    return min(share * engine.clock.alive_s() + GRACE_S - spent, engine.purse.work_left_s())


def affordable(engine: Engine, wanted: int) -> int:
    """How many of so many experiments the cheap probes can still be made of; by what they took so far."""
    left = left_s(engine, dear=False)
    if math.isinf(left):
        return wanted
    each = engine.registry.runs.probe_mean_seconds() / engine.purse.slots
    if left <= 0 or engine.purse.work_left_s() < LEAST_S:
        return 0
    return min(wanted, max(1, int(left / each))) if each > 0 else wanted
