"""Samples of many rows: what a model is worth is seen on some of them, before all are paid for.

On a million rows the columns alone take longer to encode than a good fit on a quarter of the rows does (docs/experiments.md).
"""

from __future__ import annotations

from dataclasses import replace

from podium.records import Facts, Recipe

OPTION = "sample"  # among a table's features: how many rows a fit learns from at most
KIND = "tabular"
PLENTY = 250_000  # rows a fit is dealt, from which on some of them are enough for a first look
LEAST = 50_000  # rows: fewer would be another, smaller table
SHARE = 0.1  # of the time left, that a draft may take: more rows can come later
EXPLORED = 0.4  # of the time, after which what carries weight is given more rows


def rows_of(recipe: Recipe, facts: Facts) -> int:
    """Rows that one fit learns from."""
    dealt = _dealt(facts)
    return min(dealt, int(recipe.features.get(OPTION) or dealt))


def halved(recipe: Recipe, facts: Facts) -> Recipe | None:
    """On half of the rows; None where there are no plenty, and where these would be too few to speak for all."""
    half = rows_of(recipe, facts) // 2
    if recipe.kind != KIND or _dealt(facts) < PLENTY or half < LEAST:
        return None
    return replace(recipe, features={**recipe.features, OPTION: half})


def whole(recipe: Recipe) -> Recipe:
    """On all rows."""
    return replace(recipe, features={name: value for name, value in recipe.features.items() if name != OPTION})


def grown(new: Recipe, old: Recipe, facts: Facts) -> bool:
    """Whether the one is the other on more rows."""
    return whole(new) == whole(old) and rows_of(new, facts) > rows_of(old, facts)


def explored(facts: Facts) -> bool:
    """Whether so much of the time has gone that what proved itself should have all rows."""
    left, total = facts.budget.time_left_s, facts.budget.time_total_s
    return left is not None and total is not None and left <= (1 - EXPLORED) * total


def _dealt(facts: Facts) -> int:
    folds = max(1, facts.data.n_folds)
    return round(facts.data.n_train * max(1, folds - 1) / folds)
