"""Learning to rank: what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.tabular import cost
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {"lambdarank": Family("LambdaRank", ("lightgbm",))}

SPACE: dict[str, list[Any]] = {
    "objective": ["lambdarank", "rank_xendcg"],
    "learning_rate": [0.02, 0.05, 0.1],
    "num_leaves": [7, 15, 31, 63],
    "min_data_in_leaf": [10, 30, 100],
    "feature_fraction": [0.4, 0.6, 0.9],
    "lambda_l2": [0.0, 3.0, 30.0],
    "bagging_fraction": [0.6, 0.8, 1.0],
    "lambdarank_truncation_level": [10, 30],
}


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Of ranking competitions alone, where LightGBM is installed."""
    return ("lambdarank",) if competition.task_type == "ranking" and loads("lightgbm") else ()


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Two objectives and two sizes of trees."""
    listed: list[dict[str, Any]] = [
        {"num_leaves": 15, "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1},
        {"objective": "rank_xendcg", "num_leaves": 31, "feature_fraction": 0.6, "min_data_in_leaf": 30},
        {"learning_rate": 0.02, "num_leaves": 63, "feature_fraction": 0.4, "min_data_in_leaf": 50, "lambda_l2": 3.0},
    ]
    known = families(facts, competition)
    return tuple(Recipe("ranking", "lambdarank", {}, params) for params in listed if known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two parameters, elsewhere in the space."""
    params = dict(recipe.params)
    for name in rng.sample(sorted(SPACE), rng.choice([1, 1, 2])):
        params[name] = rng.choice([value for value in SPACE[name] if value != params.get(name)])
    return Recipe(recipe.kind, recipe.model, dict(recipe.features), params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """As LightGBM on the table, and half as much again for the pairs of each query."""
    return 1.5 * cost.cost_s(_tabular(recipe), facts, rows)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    return cost.memory_mb(_tabular(recipe), facts)


def _tabular(recipe: Recipe) -> Recipe:
    return Recipe("tabular", "lightgbm", recipe.features, recipe.params)
