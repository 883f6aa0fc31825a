"""False negatives (L7): of every idea that was given up, was it exhausted, or tried with wrong parameters?

Three ways to give up too early: a run that failed for want of memory, time or a sane step; a gate that stopped an
experiment by less than the noise of a fold; a family tried once only, by its first setting, whose score came close.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from podium.records import Facts, Recipe, Reopened
from podium.team.builtin import cost, history, novelty
from podium.team.builtin.stock import Catalog
from podium.team.citations import cite_worth

MOST = 5
STARVED = ("memory", "time", "limit", "killed", "converge", "nan", "infinite")
WITHIN = 3.0  # noise floors: a gate's verdict by less is a draw
CLOSE = 10.0  # noise floors behind the best: as far as a family's second setting has been seen to make up
DRAWS = 8  # mutations looked at for one that costs no more


def reopen(facts: Facts, catalog: Catalog, rng: random.Random) -> tuple[Reopened, ...]:
    """At most five, the surest first; none that a later experiment has taken up already."""
    taken_up = {parent for e in facts.experiments if e.operator == "debug" for parent in e.parents}
    found = [one for maker in (_starved, _stopped, _once) for one in maker(facts, catalog, rng)]
    return tuple(one for one in found if one.experiment not in taken_up)[:MOST]


def _starved(facts: Facts, catalog: Catalog, rng: random.Random) -> Iterator[Reopened]:
    for e in facts.experiments:
        if e.status == "failed" and any(word in e.message.lower() for word in STARVED):
            smaller = cost.cheaper(e.recipe, facts, catalog) if e.recipe else None
            yield Reopened(e.id, f"{e.message[:100]}: wrong parameters rather than a wrong idea", smaller)


def _stopped(facts: Facts, catalog: Catalog, rng: random.Random) -> Iterator[Reopened]:
    noise = history.noise(facts)
    for e in facts.experiments:
        behind = e.notes.get("behind")
        if e.status == "killed" and isinstance(behind, float) and behind < WITHIN * noise:
            why = f"stopped after one fold, {behind:.3g} behind, which is {behind / noise:.1f} noise floors"
            yield Reopened(e.id, why, _other_setting(e.recipe, facts, catalog, rng))


def _once(facts: Facts, catalog: Catalog, rng: random.Random) -> Iterator[Reopened]:
    """Families of one scored experiment and no credit, nearest to the best first."""
    leader = history.best(facts)
    if leader is None or leader.score is None:
        return
    weights = history.weights(facts)
    single = [e for e in history.scored(facts) if facts.families.get(e.family, 1) == 1 and e.recipe is not None]
    for e in single:
        gap = history.gain(facts, leader, e)
        if e.id != leader.id and not weights.get(e.id) and gap < CLOSE * history.noise(facts) and e.score is not None:
            why = (
                f"{e.family.replace('_', ' ')} was tried once, by its first setting: {cite_worth(e)} against "
                f"{cite_worth(leader)}"
            )
            yield Reopened(e.id, why, _other_setting(e.recipe, facts, catalog, rng))


def _other_setting(recipe: Recipe | None, facts: Facts, catalog: Catalog, rng: random.Random) -> Recipe | None:
    """A mutation of its parameters, not tried yet, that costs at most twice as much; None where there is none."""
    if recipe is None:
        return None
    dear, seen = 2 * cost.experiment_s(recipe, facts, catalog), novelty.seen(facts, catalog)
    for _ in range(DRAWS):
        other = replace(catalog.neighbours(recipe, rng, facts.data, facts.competition), features=recipe.features)
        if catalog.fingerprint(other) not in seen and cost.experiment_s(other, facts, catalog) <= dear:
            return other
    return None
