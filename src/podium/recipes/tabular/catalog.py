"""The tabular families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.records import Competition, DataFacts, Hardware, Recipe
from podium.recipes.family import Family

FAMILIES: dict[str, Family] = {
    "lightgbm": Family("LightGBM", ("lightgbm",)),
    "xgboost": Family("XGBoost", ("xgboost",)),
    "catboost": Family("CatBoost", ("catboost",)),
    "hist": Family("HistGradientBoosting", ("scikit-learn",)),
    "extra_trees": Family("ExtraTrees", ("scikit-learn",)),
    "random_forest": Family("RandomForest", ("scikit-learn",)),
    "linear": Family("Linear", ("scikit-learn",)),
    "kernel": Family("KernelRidge", ("scikit-learn",)),
    "knn": Family("KNN"),
    "mlp": Family("MLP"),
}


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    return tuple(FAMILIES)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    fast: dict[str, Any] = {"rounds": 200, "patience": 20, "learning_rate": 0.15, "num_leaves": 15}
    default: dict[str, Any] = {"rounds": 1000, "patience": 50, "learning_rate": 0.05, "num_leaves": 31}
    return (Recipe("tabular", "lightgbm", {}, fast), Recipe("tabular", "lightgbm", {"target": True}, default))


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    params = {**recipe.params, "num_leaves": rng.choice([7, 15, 31, 63]), "min_data_in_leaf": rng.choice([5, 20, 50])}
    return Recipe(recipe.kind, recipe.model, recipe.features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    return 0.2 + 2e-7 * rows * len(facts.columns) * recipe.params.get("rounds", 500) / 10


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    return 400 + facts.n_train * len(facts.columns) * 40 // 2**20
