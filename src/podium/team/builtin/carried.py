"""Columns that clearly won here, carried over to what is still to come.

A portfolio is written before anything is known. Where one option lifts a model by far, with all else the same, the drafts that
are not tried yet are given it too: without it they lose whatever else they are good for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from podium.records import ExperimentFact, Facts, Recipe
from podium.team.builtin import history, novelty
from podium.team.builtin.stock import Catalog

BY_FAR = 5.0  # noise floors
OF_TARGET = frozenset({"values", "smooth", "pairs"})  # options of target means: nothing without them
# what is made of the rows, whichever model reads it; other options are a model's own way of seeing
COLUMNS = OF_TARGET | {"target", "combos", "near", "clusters", "groups", "crosses", "sums"}


@dataclass(frozen=True)
class Won:
    """One option's value, what it gained in the metric's unit, and the two experiments that show it."""

    value: Any
    gain: float
    winner: ExperimentFact
    control: ExperimentFact


def won(facts: Facts) -> dict[str, Won]:
    """Option → its gain by far, where a member of the blend beats the best that lacks it, with the same model and parameters."""
    ranked, weights = history.scored(facts), history.weights(facts)
    found: dict[str, Won] = {}
    for e in ranked:
        if e.recipe is None or not weights.get(e.id):
            continue
        alike = [other for other in ranked if history.same_body(e, other)]
        for name in sorted(COLUMNS & e.recipe.features.keys() - found.keys()):
            value = e.recipe.features[name]
            without = next((o for o in alike if o.recipe and o.recipe.features.get(name) != value), None)
            gained = 0.0 if without is None else history.gain(facts, e.score or 0.0, without.score or 0.0)
            if value and without is not None and gained >= BY_FAR * history.noise(facts):
                found[name] = Won(value, gained, e, without)
    if found.keys() & OF_TARGET and "target" not in found:
        least = min((found[name] for name in sorted(found.keys() & OF_TARGET)), key=lambda one: one.gain)
        found["target"] = replace(least, value=True)
    return found


def portfolio(facts: Facts, catalog: Catalog) -> tuple[Recipe, ...]:
    """The catalog's, what was not tried of it with the options that won; what a recipe says itself stands."""
    listed = catalog.portfolio(facts.data, facts.competition, facts.hardware)
    found = won(facts)
    seen = novelty.seen(facts, catalog) if found else set[str]()
    return tuple(recipe if catalog.fingerprint(recipe) in seen else dressed(recipe, found) for recipe in listed)


def dressed(recipe: Recipe, found: Mapping[str, Won]) -> Recipe:
    """The recipe with the options that won for its kind and that it does not name itself."""
    options = {
        name: one.value for name, one in found.items() if one.winner.recipe and one.winner.recipe.kind == recipe.kind
    }
    return replace(recipe, features={**options, **recipe.features}) if options else recipe


def said(recipe: Recipe, found: Mapping[str, Won]) -> str:
    """What a draft wears, and the experiments that it rests on; "" where nothing won."""
    worn = [
        f"{name} [{one.control.id}, {one.winner.id}]"
        for name, one in found.items()
        if recipe.features.get(name) == one.value
    ]
    return f"; with {', '.join(worn)}, which won here" if worn else ""
