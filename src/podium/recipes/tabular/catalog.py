"""The tabular families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podium.recipes.family import Family
from podium.recipes.tabular.cost import cost_s, memory_mb
from podium.recipes.tabular.installed import loads
from podium.recipes.tabular.portfolio import candidates
from podium.recipes.tabular.search import neighbours
from podium.recipes.tabular.shape import is_classification, may_branch
from podium.records import Competition, DataFacts, Hardware, Recipe

__all__ = ["FAMILIES", "cost_s", "families", "memory_mb", "neighbours", "portfolio", "second_level"]

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
    "tabm": Family("TabM", ("torch", "tabm")),
    "realmlp": Family("RealMLP", ("torch",)),
    "dual_branch": Family("DualBranch", ("torch",)),
    "second_level": Family("SecondLevel", ("lightgbm",)),
}
KERNEL_ROWS = 20000  # above, a kernel on a sample of the rows is not worth its memory
KNN_ROWS = 100000
READ = 160  # numbers of others that a second level reads of a row, at most
FEW_READ = 4  # models below which it has too little to choose from
# few leaves, many rows in each, columns by turns: what is left to learn is where which model errs (bench/second_level.py)
SECOND_LEVEL: Mapping[str, Any] = {
    "rounds": 600, "patience": 40, "learning_rate": 0.04, "num_leaves": 7, "min_data_in_leaf": 40, "lambda_l2": 10.0,
    "feature_fraction": 0.5,
}  # fmt: skip


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """None where every column is text or an image. scikit-learn's boosting stands in where LightGBM is missing; random
    forests are for a user's own solutions; a net of two branches needs symbols and numbers; RealMLP learns labels by heart
    where no rows are held back to end it (docs/experiments.md), so it is for values. A second
    level is no family to begin with."""
    if not any(column.kind not in ("text", "constant") and not column.pixels for column in facts.columns):
        return ()
    boosted = [name for name in ("lightgbm", "xgboost", "catboost") if loads(name)]
    if "lightgbm" not in boosted:
        boosted.append("hist")
    names = [*boosted, "extra_trees", "linear", "mlp"]
    nets = ["tabm"]
    nets += [] if is_classification(competition) else ["realmlp"]
    nets += ["dual_branch"] if may_branch(facts) else []
    names += [name for name in nets if all(map(loads, FAMILIES[name].requires))]
    if facts.n_train <= KERNEL_ROWS:
        names.append("kernel")
    if facts.n_train <= KNN_ROWS:
        names.append("knn")
    return tuple(names)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """The warm start, cheapest first; nothing that needs more than half of the memory."""
    known = families(facts, competition)
    fits = [recipe for recipe in candidates(facts, competition) if recipe.model in known]
    return tuple(recipe for recipe in fits if memory_mb(recipe, facts) <= max(1024, hardware.memory_mb // 2))


def second_level(models: Sequence[str], facts: DataFacts) -> Recipe | None:
    """Boosting on what these experiments predict, on as many of the first as are not too many columns; None without LightGBM, and
    where that leaves too few."""
    read = sorted(models[: READ // max(1, facts.n_outputs)])
    if not loads("lightgbm") or len(read) < min(FEW_READ, len(models)):
        return None
    return Recipe("tabular", "second_level", {"models": read, "files": False}, SECOND_LEVEL)
