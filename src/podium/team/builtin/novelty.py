"""How far a recipe is from those tried, and how much of the search space has been seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from podium.records import Facts, Recipe
from podium.team.builtin import sampled
from podium.team.builtin.history import Void
from podium.team.builtin.stock import Catalog

MODEL_SHARE, FEATURE_SHARE, PARAM_SHARE = 0.5, 0.3, 0.2


def distance(a: Recipe, b: Recipe) -> float:
    """0 for equal recipes, 1 for nothing in common: model, feature options and parameters, weighted (after Gower 1971).

    Two numbers differ by the logarithm of their ratio, full at a factor of ten; other values are equal or not. The
    options of a view are few changes among many defaults: two changed options count as fully different.
    """
    if (a.kind, a.model) != (b.kind, b.model):
        return MODEL_SHARE + (1 - MODEL_SHARE) * _apart(a.features, b.features)
    return FEATURE_SHARE * _apart(a.features, b.features) + PARAM_SHARE * _apart(a.params, b.params)


def nearest(recipe: Recipe, others: Iterable[Recipe]) -> float:
    """Distance to the nearest of the others; 1 where there are none."""
    return min((distance(recipe, other) for other in others), default=1.0)


def tried(facts: Facts) -> list[Recipe]:
    return [e.recipe for e in facts.experiments if e.recipe is not None]


def seen(facts: Facts, catalog: Catalog) -> set[str]:
    """Fingerprints of every recipe tried, those that the brief no longer lists included."""
    return set(facts.fingerprints) | {catalog.fingerprint(recipe) for recipe in tried(facts)}


def view(recipe: Recipe) -> tuple[str, ...]:
    """The feature options of a recipe in one comparable form; its family is no part of it, nor how many rows it learned from."""
    features = sampled.whole(recipe).features
    return tuple(f"{name}={features[name]!r}" for name in sorted(features))


def without(recipe: Recipe, void: Void) -> Recipe:
    """The recipe without options that are known to change nothing: said or not said, it is the same experiment."""
    known = (recipe.model, bool(recipe.features.get("target")))
    kept = {name: value for name, value in recipe.features.items() if (*known, name, repr(value)) not in void}
    return recipe if kept == recipe.features else replace(recipe, features=kept)


def new_view(recipe: Recipe, facts: Facts) -> bool:
    return view(recipe) not in {view(other) for other in tried(facts)}


def _apart(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    total = sum(_difference(a.get(name), b.get(name)) for name in {*a, *b})
    return min(1.0, total / 2)


def _difference(a: Any, b: Any) -> float:
    if a == b:
        return 0.0
    if _is_number(a) and _is_number(b) and a > 0 and b > 0:
        return min(1.0, abs(math.log10(a / b)))
    return 1.0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
