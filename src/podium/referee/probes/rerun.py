"""The same fit once more: what is kept is what the solution gives."""

from __future__ import annotations

from typing import Any

from podium.records import Probed
from podium.referee.probes.invariance import DIFFERING
from podium.referee.probes.likeness import NUMBERS, Likeness
from podium.referee.probes.outcome import failed, passed, warned
from podium.tasks.task import Floats

HELD = 0.7  # of the recorded skill that a rerun must reach


def rerun(truth: Any, recorded: Floats, again: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """Other predictions are a warning (threads, a training that ends by the clock); skill that does not come back fails."""
    share, of, after = like.differing(again, recorded), like.told(truth, recorded), like.told(truth, again).skill
    before, gap = of.skill, like.gap(again, recorded)
    told = {"skill": before, "skill_again": after, "max_abs_diff": gap}
    if of.beyond and after < HELD * before - of.chance / 2:
        text = f"a rerun with the same seed reaches a {like.word} of {after:.2f}; recorded was {before:.2f}"
        return failed("rerun", after, HELD * before, text, **told)
    if share > DIFFERING:
        text = f"a rerun with the same seed gives other predictions for {share:.0%} of rows, {gap:.3g} apart at most"
        return warned("rerun", share, DIFFERING, text, **told)
    return passed("rerun", share, DIFFERING, f"a rerun with the same seed is {gap:.3g} apart at most", **told)
