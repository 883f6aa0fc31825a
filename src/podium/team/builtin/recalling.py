"""Recipes that carried blends on like data (`team/memory/recipes.py`), made fit for the data at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from podium.records import Facts, Recalled, Recipe
from podium.team.builtin.stock import Catalog

# options of the data, or of what is installed: as here
BOUND = ("files", "parts", "pseudo", "weights", "length", "meanings", "sample")


def fitted(facts: Facts, catalog: Catalog) -> Iterator[tuple[Recipe, Recalled]]:
    """Each recalled recipe whose family is offered here, on options that mean something here; the best first."""
    own: dict[tuple[str, str], Recipe] = {}
    for recipe in catalog.portfolio(facts.data, facts.competition, facts.hardware):
        own.setdefault((recipe.kind, recipe.model), recipe)
    for one in facts.recalled:
        here = own.get((one.recipe.kind, one.recipe.model))
        if here is not None:
            free = {name: value for name, value in one.recipe.features.items() if name not in BOUND}
            bound = {name: value for name, value in here.features.items() if name in BOUND}
            yield replace(one.recipe, features={**free, **bound}), one
