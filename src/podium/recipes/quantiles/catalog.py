"""Quantiles of a number: what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.tabular import cost
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "quantile_boost": Family("QuantileBoost", ("lightgbm",)),
    "quantile_forest": Family("QuantileForest", ("scikit-learn",)),
}
LEVELS = 5.0  # boosters, as a usual competition asks: facts do not tell how many
SPACE: dict[str, dict[str, list[Any]]] = {
    "quantile_boost": {
        "learning_rate": [0.03, 0.06, 0.1],
        "num_leaves": [7, 15, 31, 63],
        "min_data_in_leaf": [10, 30, 80],
        "feature_fraction": [0.4, 0.7, 1.0],
        "lambda_l2": [0.0, 3.0, 10.0],
    },
    "quantile_forest": {"leaf": [4, 8, 16, 30], "max_features": [0.3, 0.5, 0.8], "trees": [100, 200]},
}


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Where a table is to be read; boosting where LightGBM is installed."""
    if not any(column.kind not in ("text", "constant") and not column.pixels for column in facts.columns):
        return ()
    return tuple(name for name in FAMILIES if name != "quantile_boost" or loads("lightgbm"))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Quick boosters, a forest, then finer ones of both."""
    listed: list[tuple[str, dict[str, Any]]] = [
        ("quantile_boost", {"rounds": 60, "learning_rate": 0.15, "num_leaves": 15, "patience": 15}),
        ("quantile_forest", {"trees": 100, "leaf": 8}),
        ("quantile_boost", {"rounds": 500, "learning_rate": 0.05, "num_leaves": 15, "feature_fraction": 0.6}),
        ("quantile_boost", {"rounds": 800, "learning_rate": 0.03, "num_leaves": 7, "min_data_in_leaf": 30}),
        ("quantile_forest", {"trees": 200, "leaf": 20, "max_features": 0.8}),
        ("quantile_boost", {"rounds": 500, "learning_rate": 0.05, "num_leaves": 31, "extra_trees": True}),
    ]
    known = families(facts, competition)
    return tuple(Recipe("quantiles", name, {}, params) for name, params in listed if name in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two parameters, or another set of features."""
    space, params, features = SPACE[recipe.model], dict(recipe.params), dict(recipe.features)
    for name in rng.sample(sorted(space), rng.choice([1, 1, 2])):
        params[name] = rng.choice([value for value in space[name] if value != params.get(name)])
    if rng.random() < 0.2:
        features["sums"] = not features.get("sums", False)
    return Recipe(recipe.kind, recipe.model, features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """As LightGBM once a level, or extra trees with their leaves' labels."""
    if recipe.model == "quantile_boost":
        return LEVELS * cost.cost_s(_tabular(recipe, "lightgbm"), facts, rows)
    return 1.0 + 3.0 * cost.cost_s(_tabular(recipe, "extra_trees"), facts, rows)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    name = "lightgbm" if recipe.model == "quantile_boost" else "extra_trees"
    return 300 + cost.memory_mb(_tabular(recipe, name), facts)


def _tabular(recipe: Recipe, name: str) -> Recipe:
    names = ("rounds", "patience", "num_leaves", "learning_rate") if name == "lightgbm" else ("trees",)
    return Recipe("tabular", name, recipe.features, {k: v for k, v in recipe.params.items() if k in names})
