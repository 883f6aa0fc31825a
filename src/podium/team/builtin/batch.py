"""From candidates to a round's batch: ranked by expected gain per second, packed into the slots and the time left."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from podium.records import ExperimentSpec, Facts
from podium.team.builtin import cost, history, novelty, sampled

FIRST_ROUND_S = 6.0  # so that a valid submission exists within 20 s, start-up and blend included
ROUNDS = 12  # rounds a campaign should have: each ends with a blend and a decision
ROUND_S = (4.0, 240.0)
MOST = 8  # experiments a plan may hold
PER_SLOT = 3  # experiments a round for each slot, at most
OVERHEAD_S = 0.5  # of an experiment whatever its size, its share of the blend included
FAMILY_CAP = 3  # experiments of one family in a batch
IDLE = 1.5  # how far a round may overrun so that no slot stands idle
OVERRUN = 0.6  # of the time left, for a round in which a slot would stand idle
TWINS = 2  # of one parent and operator
PAYS = 0.005  # noise floors: below this an experiment is not worth its risk of overfitting the pool
OVERHEADS = 2.0  # a round's runs take at least this many times what the round costs beside them
PROMISING = 0.4  # noise floors
PATIENCE = 0.03  # of the time left, as seconds that an experiment may cost without being ranked lower for it
UNTIMED_SPARE_S = 30.0  # the same where experiments are counted


def wall_s(specs: Sequence[ExperimentSpec], facts: Facts) -> float:
    """Estimated seconds until the batch has run."""
    return cost.wall_s([spec.cost_s for spec in specs], facts.data.n_folds, facts.budget)


def rate(spec: ExperimentSpec, facts: Facts) -> float:
    """Expected gain of the blend in noise floors per second."""
    return spec.expected_gain / history.noise(facts) / (wall_s([spec], facts) + OVERHEAD_S)


def worth(spec: ExperimentSpec, facts: Facts) -> float:
    """What candidates are ranked by: the rate, with a cost that matters less while there is time to spare.

    By gain per second alone, tweaks of the cheapest model would crowd out every strong one until the end.
    """
    left = cost.left_s(facts)
    spare = PATIENCE * left if math.isfinite(left) else UNTIMED_SPARE_S
    return spec.expected_gain / history.noise(facts) / (wall_s([spec], facts) + OVERHEAD_S + spare)


def untried(spec: ExperimentSpec, facts: Facts) -> bool:
    return spec.family not in history.tried_families(facts)


def bold(spec: ExperimentSpec, facts: Facts) -> bool:
    """A family not tried, or features seen in a way that no experiment has."""
    return untried(spec, facts) or (spec.recipe is not None and novelty.new_view(spec.recipe, facts))


def other_kind(spec: ExperimentSpec, facts: Facts) -> bool:
    """No boosting, or boosting on columns that are seen in a new way; never another seed, nor what reads those that are there."""
    if spec.operator in ("replicate", "stack"):
        return False
    return spec.family not in history.BOOSTED or (spec.recipe is not None and novelty.new_view(spec.recipe, facts))


def longer(spec: ExperimentSpec, facts: Facts) -> bool:
    """Whether it gives more rounds, and nothing else, to boosting that used up its own and promises something: beside texts
    or curves, that a hopeless model was cut short is no news. And more epochs to a net that had too few of them, more rows
    to what learned from a sample."""
    if spec.expected_gain < PROMISING * history.noise(facts):
        return False
    parent = next((e for e in facts.experiments if spec.parents and e.id == spec.parents[0]), None)
    if parent is None or parent.recipe is None or spec.recipe is None:
        return False
    rounds, epochs = history.used_up(parent), history.shortened(parent)
    if sampled.grown(spec.recipe, parent.recipe, facts):
        return True
    grown = dict(parent.recipe.params)
    if rounds is not None:
        grown["rounds"] = 2 * rounds
    elif epochs is not None:
        grown["epochs"] = max(epochs + 1, int(spec.recipe.params.get("epochs", 0)))
    return grown != parent.recipe.params and spec.recipe == replace(parent.recipe, params=grown)


def second_level(spec: ExperimentSpec, facts: Facts) -> bool:
    """Whether it reads what the members predict, and promises something."""
    return spec.operator == "stack" and spec.expected_gain >= PROMISING * history.noise(facts)


def second_try(spec: ExperimentSpec, facts: Facts) -> bool:
    """Whether this is what the newest retro re-opened."""
    return any(one.recipe is not None and one.recipe == spec.recipe for one in facts.reopened)


def paying(specs: Iterable[ExperimentSpec], facts: Facts) -> list[ExperimentSpec]:
    """Those worth their time; all where none is, for the user has given the time and the blend is judged by nested folds.

    Where experiments are counted the user has said how many: none is dropped.
    """
    asked = list(specs)
    if facts.budget.time_left_s is None:
        return asked
    return [spec for spec in asked if spec.expected_gain >= PAYS * history.noise(facts)] or asked


def rank(
    specs: Iterable[ExperimentSpec], facts: Facts, place: Callable[[ExperimentSpec], float | None] = lambda spec: None
) -> list[ExperimentSpec]:
    """The portfolio first, in its own order (`place`), then families not tried, each within a fair share of the time; the
    rest by worth. At a plateau something bold leads, at boosting's ceiling what is no boosting; while something is
    re-opened, one such experiment a round does, and so does boosting that was cut short.

    A portfolio's order is evidence from many data sets; by gain per second alone cheap and weak models would lead.
    """
    least = PROMISING * history.noise(facts)

    def order(spec: ExperimentSpec) -> tuple[float, ...]:
        position = place(spec)
        if not cost.is_fair(spec.cost_s, facts) or spec.operator == "replicate":
            return (2, 0)
        if position is not None and spec.expected_gain >= least:
            return (0, position)
        return (1, 0) if untried(spec, facts) else (2, 0)

    ranked = sorted(specs, key=lambda spec: (*order(spec), -worth(spec, facts), spec.name))
    leads = [
        next((spec for spec in ranked if first(spec, facts)), None) for first in (second_try, longer, second_level)
    ]
    if history.plateau(facts):
        leads.append(next((spec for spec in ranked if bold(spec, facts) and spec not in leads), None))
    if history.ceiling(facts) is not None and not history.ending(facts):
        leads.append(next((spec for spec in ranked if other_kind(spec, facts) and spec not in leads), None))
    first = [lead for lead in reversed(leads) if lead is not None]
    return [*first, *(spec for spec in ranked if spec not in first)]


def pack(ranked: Sequence[ExperimentSpec], facts: Facts, force: int = 0) -> tuple[ExperimentSpec, ...]:
    """The batch: in order, what fits the slots, the round and the time left; the first `force` may overrun the round.

    At most `TWINS` of one parent and operator, and `FAMILY_CAP` of one family: a batch learns nothing from itself.
    """
    batch: list[ExperimentSpec] = []
    for number, spec in enumerate(ranked):
        if len(batch) >= most(facts):
            break
        wider = [*batch, spec]
        alike = sum(_twins(spec, other) for other in batch) >= TWINS
        crowded = sum(b.family == spec.family for b in batch) >= FAMILY_CAP
        if alike or crowded or not cost.fits(wider, facts):
            continue
        idle = len(batch) < facts.budget.slots
        longest = round_s(facts) * (IDLE if idle else 1.0)
        in_time = wall_s(wider, facts) <= max(longest, wall_s(batch, facts))
        if not batch or number < force or in_time or (idle and _may_overrun(wider, facts)):
            batch.append(spec)
    return tuple(batch)


def _may_overrun(wider: Sequence[ExperimentSpec], facts: Facts) -> bool:
    """Whether the last of these is a family not tried that the campaign can well afford beside the others: a slot that stands
    idle, or tunes what is about to be beaten, is dearer than a long round."""
    spec = wider[-1]
    drafted = spec.operator == "draft" and untried(spec, facts) and bool(history.scored(facts))
    return drafted and cost.share(sum(one.cost_s for one in wider), facts) <= OVERRUN


def _twins(a: ExperimentSpec, b: ExperimentSpec) -> bool:
    return a.operator == b.operator and bool(a.parents) and a.parents == b.parents


def most(facts: Facts) -> int:
    """Experiments a round may hold: fewer where they are counted, so that each round still learns from the last."""
    budget = facts.budget
    if budget.experiments_left is not None:
        return min(MOST, budget.slots + 1, budget.experiments_left)
    return min(MOST, PER_SLOT * max(1, budget.slots))


def round_s(facts: Facts) -> float:
    """Seconds a round's runs should take: few at first, then a share of the whole, and more where rounds are dear."""
    if not history.scored(facts):
        return FIRST_ROUND_S
    if facts.budget.time_total_s is None:
        return math.inf
    share = max(ROUND_S[0], min(ROUND_S[1], facts.budget.time_total_s / ROUNDS))
    return max(share, OVERHEADS * cost.round_overhead_s(facts))
