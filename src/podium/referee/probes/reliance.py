"""What predictions rest on: features at all, one column alone, values to the last digit, rows that were trained on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from podium.records import Probed
from podium.referee.probes.likeness import NUMBERS, Likeness, Told
from podium.referee.probes.outcome import failed, passed, skipped, warned
from podium.tasks.task import Floats

KEPT = 0.5  # of the skill: more of it left without any feature came from elsewhere
UNMOVED = 0.1  # of the share of rows that would change, were the answers themselves permuted
VARIED = 0.2  # that share at least: where nearly all rows are answered alike, few can change
SOLE = 0.95  # of the skill, lost with one column
NEAR_PERFECT = (
    0.9  # of the rank correlation of a perfect ranking: below, one column that carries all is nothing unusual
)


def features(truth: Any, base: Floats, permuted: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """`permuted`: predictions of the same rows with every column, group and time taken from another row."""
    of, left = like.told(truth, base), like.told(truth, permuted)
    before, after = of.skill, left.skill
    moved, limit = like.differing(permuted, base), max(KEPT * before, of.chance, left.chance)
    usual = like.differing(np.roll(base, 1, axis=0), base)
    told = {"skill": before, "skill_permuted": after, "rows_changed": moved}
    if like.constant(truth, base):
        return warned("features", 0.0, UNMOVED, "every row has the same prediction, whatever its features", **told)
    if usual >= VARIED and moved < UNMOVED * usual:
        text = f"permuting all features changes {moved:.0%} of predictions: the answers come from elsewhere"
        return failed("features", moved, UNMOVED * usual, text, **told)
    if after > limit:
        text = f"with all features permuted, {after:.2f} is left of {before:.2f}: answers come from elsewhere"
        return failed("features", after, limit, text, **told)
    return passed("features", after, limit, f"with all features permuted, {after:.2f} is left of {before:.2f}", **told)


def columns(
    truth: Any, base: Floats, by_column: Mapping[str, Floats], known: Collection[str], *, like: Likeness = NUMBERS
) -> Probed:
    """Permutation importance (Breiman 2001): the share of skill lost with each column or group of columns.

    `known`: columns that the audit already named, as giving the target away or as the strongest alone. A warning: another
    carries nearly all of a nearly perfect score.
    """
    of = like.told(truth, base)
    before = of.skill
    if before <= of.chance / 2 or not by_column:
        return skipped("column", f"{len(truth)} rows show no skill that a column could carry")
    if len(by_column) == 1:
        return skipped("column", "there is no other column to carry it")
    lost = {name: round(float((before - like.told(truth, raw).skill) / before), 4) for name, raw in by_column.items()}
    name = max(lost, key=lambda one: lost[one])
    text = f"{name} carries {lost[name]:.0%} of a {like.word} of {before:.2f}"
    if lost[name] >= SOLE and before >= NEAR_PERFECT * like.ceiling(truth, base.shape[1]) and name not in known:
        return warned("column", lost[name], SOLE, f"{text}, and the audit did not report it", **lost)
    return passed("column", lost[name], SOLE, text, **lost)


def jitter(truth: Any, base: Floats, jittered: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """`jittered`: continuous columns changed in their last digits. Skill that is gone was looked up, not learned."""
    of = like.told(truth, base)
    before, after = of.skill, like.told(truth, jittered).skill
    if not of.beyond:
        return skipped("jitter", f"{len(truth)} rows show no skill to lose")
    limit = KEPT * before
    if after < limit:
        text = f"features changed in their last digits take a {like.word} of {before:.2f} to {after:.2f}: rows are looked up"
        return warned("jitter", after, limit, text)
    return passed("jitter", after, limit, f"features changed in their last digits: {after:.2f} of {before:.2f}")


def trained(valid: Told, own: Told, *, like: Likeness = NUMBERS) -> Probed:
    """What predictions tell of rows the model was not trained on, and of rows that it was. Knowing one's own rows better is
    usual; knowing them worse, by more than chance, is odd."""
    worse, limit = valid.skill - own.skill, float(np.hypot(valid.chance, own.chance))
    if worse > limit:
        text = f"{like.word} {valid.skill:.2f} on rows it did not see, {own.skill:.2f} on rows it was trained on"
        return warned("trained", worse, limit, text)
    return passed("trained", worse, limit, f"{own.skill:.2f} on trained rows, {valid.skill:.2f} on the others")
