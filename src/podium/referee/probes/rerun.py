"""The same fit once more: what is kept is what the solution gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.records import Probed
from podium.referee.probes.association import chance, skill
from podium.referee.probes.invariance import DIFFERING, differing
from podium.referee.probes.outcome import failed, passed, warned
from podium.tasks.task import Floats

HELD = 0.7  # of the recorded skill that a rerun must reach


def rerun(truth: NDArray[Any], recorded: Floats, again: Floats) -> Probed:
    """Other predictions are a warning (threads, a training that ends by the clock); skill that does not come back fails."""
    share, before, after = differing(again, recorded), skill(truth, recorded), skill(truth, again)
    gap = float(np.abs(again - recorded).max(initial=0.0))
    told = {"skill": before, "skill_again": after, "max_abs_diff": gap}
    if before > chance(len(truth)) and after < HELD * before - chance(len(truth)) / 2:
        text = f"a rerun with the same seed reaches a rank correlation of {after:.2f}; recorded was {before:.2f}"
        return failed("rerun", after, HELD * before, text, **told)
    if share > DIFFERING:
        text = f"a rerun with the same seed gives other predictions for {share:.0%} of rows, {gap:.3g} apart at most"
        return warned("rerun", share, DIFFERING, text, **told)
    return passed("rerun", share, DIFFERING, f"a rerun with the same seed is {gap:.3g} apart at most", **told)
