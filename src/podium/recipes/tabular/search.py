"""The search space: one meaningful mutation of a recipe at a time."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from podium.recipes.tabular.installed import loads
from podium.recipes.tabular.pseudo import FAMILIES, worthwhile
from podium.recipes.tabular.shape import is_classification, may_sum, tree_width
from podium.recipes.tabular.target import curve_of
from podium.records import Competition, DataFacts, Recipe

# what is done where an option or a parameter is not named: moving it there would be no experiment
USUAL_OPTIONS: Mapping[str, Any] = {"counts": True, "texts": 8}  # of the others the first that is listed
USUAL: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {
        "feature_fraction": 1.0, "bagging_fraction": 1.0, "extra_trees": False, "max_bin": 255, "cat_smooth": 10.0,
        "refit": False,
    },
    "hist": {"l2_regularization": 0.0, "max_features": 1.0},
    "xgboost": {"gamma": 0.0, "refit": False},
    "catboost": {
        "l2_leaf_reg": 3.0, "random_strength": 1.0, "bagging_temperature": 1.0, "subsample": 0.8, "rsm": 1.0,
    },
    "kernel": {"rows": 2500},
    "linear": {"mix": 0.0},
    "knn": {"neighbours": 0, "power": 1.0},
    "tabm": {"blocks": 2, "dropout": 0.1, "decay": 0.0003, "learning_rate": 0.002},
    "realmlp": {
        "nets": 1, "width": 256, "layers": 3, "frequency": 0.1, "batch": 256, "dropout": 0.15, "decay": 0.02,
    },
    "dual_branch": {
        "nets": 3, "width": 64, "bins": 16, "embedding": 4, "epochs": 12, "batch": 128, "dropout": 0.1, "decay": 1.0,
        "learning_rate": 0.003,
    },
    "mlp": {"dropout": 0.2, "input_dropout": 0.0, "decay": 0.01, "learning_rate": 0.003, "share": 0.1},
}  # fmt: skip
SELECTED = 8  # columns from which on some may be left out
Space = Mapping[str, Sequence[Any]]

PARAMS: dict[str, Space] = {
    "lightgbm": {
        "learning_rate": (0.015, 0.03, 0.05, 0.08, 0.15),
        "num_leaves": (4, 7, 15, 31, 63, 127, 255),
        "min_data_in_leaf": (3, 5, 10, 20, 40, 80, 160),
        "feature_fraction": (0.2, 0.35, 0.5, 0.7, 1.0),
        "bagging_fraction": (0.5, 0.7, 0.85, 1.0),
        "lambda_l2": (0.1, 1.0, 3.0, 10.0, 30.0),
        "cat_smooth": (2.0, 10.0, 50.0),
        "extra_trees": (False, True),
        "max_bin": (63, 127, 255, 511),
        "refit": (False, True),
    },
    "second_level": {
        "learning_rate": (0.02, 0.04, 0.08),
        "num_leaves": (3, 5, 7, 12, 20),
        "min_data_in_leaf": (10, 20, 40, 80, 160),
        "feature_fraction": (0.2, 0.35, 0.5, 0.7, 1.0),
        "lambda_l2": (1.0, 3.0, 10.0, 30.0, 100.0),
    },
    "hist": {
        "learning_rate": (0.03, 0.06, 0.1, 0.2),
        "max_leaf_nodes": (7, 15, 31, 63),
        "min_samples_leaf": (5, 20, 50, 100),
        "l2_regularization": (0.0, 1.0, 10.0),
        "max_features": (0.3, 0.5, 1.0),
    },
    "xgboost": {
        "eta": (0.02, 0.04, 0.08, 0.15),
        "max_depth": (3, 4, 5, 6, 8, 10),
        "min_child_weight": (0.2, 1.0, 5.0, 20.0, 60.0),
        "subsample": (0.6, 0.8, 1.0),
        "colsample_bytree": (0.2, 0.35, 0.5, 0.8),
        "lambda": (1.0, 3.0, 10.0, 30.0),
        "gamma": (0.0, 0.5, 2.0),
        "refit": (False, True),
    },
    "catboost": {
        "learning_rate": (0.03, 0.06, 0.1, 0.2),
        "depth": (4, 5, 6, 7, 8),
        "l2_leaf_reg": (1.0, 3.0, 10.0, 30.0),
        "random_strength": (0.3, 1.0, 3.0),
        "bagging_temperature": (0.0, 0.5, 1.0, 2.0),
        "subsample": (0.5, 0.66, 0.8, 0.95),
        "max_ctr_complexity": (1, 2),
        "rsm": (0.4, 0.7, 1.0),
    },
    "extra_trees": {
        "trees": (100, 200, 400),
        "min_samples_leaf": (1, 2, 3, 5, 10),
        "max_features": ("sqrt", 0.2, 0.4, 0.7, 1.0),
    },
    "random_forest": {
        "trees": (100, 200, 400),
        "min_samples_leaf": (1, 2, 5, 10),
        "max_features": ("sqrt", 0.2, 0.4, 0.7),
    },
    "linear": {"mix": (0.0, 0.1, 0.5, 0.9)},
    "kernel": {"kernel": ("rbf", "laplace"), "rows": (1500, 2500, 4000)},
    "knn": {"neighbours": (0, 5, 10, 20, 40, 80), "power": (0.5, 1.0, 2.0)},
    "tabm": {
        "members": (8, 16, 32),
        "width": (64, 128, 256, 512),
        "blocks": (1, 2, 3),
        "bins": (8, 16, 32, 48),
        "embedding": (0, 4, 8, 16),
        "epochs": (12, 25, 40, 60),
        "batch": (64, 128, 256),
        "learning_rate": (0.001, 0.002, 0.004),
        "dropout": (0.0, 0.1, 0.2, 0.4),
        "decay": (0.0, 0.0003, 0.01),
    },
    "realmlp": {
        "nets": (1, 2, 4),
        "width": (128, 256, 384),
        "layers": (2, 3, 4),
        "frequency": (0.03, 0.1, 0.3, 1.0),
        "epochs": (16, 32, 64, 128, 256),
        "batch": (64, 128, 256),
        "learning_rate": (0.015, 0.03, 0.05, 0.1, 0.2),
        "dropout": (0.0, 0.15, 0.3),
        "decay": (0.0, 0.02, 0.1),
    },
    "dual_branch": {
        "nets": (2, 3, 5, 8),
        "width": (32, 64, 128, 256),
        "bins": (8, 16, 32),
        "embedding": (2, 4, 8),
        "epochs": (8, 12, 20, 40),
        "batch": (64, 128, 256, 512),
        "learning_rate": (0.001, 0.003, 0.006),
        "dropout": (0.0, 0.1, 0.2, 0.35),
        "decay": (0.1, 0.3, 1.0, 3.0),
    },
    "mlp": {
        "hidden": ([64, 32], [128, 64], [256, 128], [512, 256], [256, 256, 128], [128]),
        "epochs": (10, 15, 25, 40),
        "batch": (64, 128, 256),
        "learning_rate": (0.0015, 0.003, 0.006),
        "dropout": (0.0, 0.1, 0.25, 0.4),
        "input_dropout": (0.0, 0.05, 0.1),
        "decay": (0.001, 0.01, 0.1),
        "nets": (1, 2, 3, 5),
        "share": (0.0, 0.1),
    },
}


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """The recipe with one parameter or one feature option moved; boosting sometimes moves two parameters."""
    features, params = dict(recipe.features), dict(recipe.params)
    space, options = _params(recipe.model, facts, competition), _features(recipe, facts, competition)
    if options and (not space or rng.random() < 0.4):
        name = rng.choice(sorted(options))
        usual = USUAL_OPTIONS.get(name, options[name][0])
        features[name] = _other(features.get(name, usual), options[name], rng)
        if features[name] == usual:  # said or not said, it is the same experiment
            del features[name]
    else:
        usual_params = {**USUAL.get(recipe.model, {}), "curve": curve_of(competition.metric)}
        for name in rng.sample(sorted(space), min(len(space), rng.choice((1, 1, 2)))):
            params[name] = _other(params.get(name, usual_params.get(name)), space[name], rng)
            if params[name] == usual_params.get(name):
                del params[name]
    return Recipe(recipe.kind, recipe.model, features, _settled(recipe, params))


def _params(model: str, facts: DataFacts, competition: Competition) -> dict[str, Sequence[Any]]:
    space = dict(PARAMS[model])
    coded = sum(column.kind in ("categorical", "code", "boolean") for column in facts.columns)
    if not coded:
        space.pop("cat_smooth", None)
    if coded < 2:
        space.pop("max_ctr_complexity", None)
    if model == "catboost":  # its bootstrap is Bayesian for several classes, and draws a share of the rows else
        space.pop("subsample" if competition.task_type == "multiclass_classification" else "bagging_temperature")
    if model == "kernel":
        space["rows"] = _up_to(facts.n_train * (facts.n_folds - 1) // max(1, facts.n_folds), space["rows"])
        space = {name: values for name, values in space.items() if len(values) > 1}
    if model == "linear" and is_classification(competition):
        return {}  # its penalty is chosen in the fit
    if competition.task_type == "regression":
        space["curve"] = ("identity", "log1p")
    return space


def _up_to(rows: int, counts: Sequence[int]) -> Sequence[int]:
    """Of numbers of rows to keep, ascending, those that there are, and one that is all."""
    return tuple(count for count, less in zip(counts, (0, *counts), strict=False) if less < rows)


def _features(recipe: Recipe, facts: DataFacts, competition: Competition) -> dict[str, Sequence[Any]]:
    kinds = {column.kind for column in facts.columns}
    options: dict[str, Sequence[Any]] = {"sums": (False, True), "crosses": (0, 4, 7), "target": (False, True)}
    if sum(column.kind == "numeric" for column in facts.columns) >= 2:
        options["combos"] = (0, 4, 8)
        options["near"] = (0, 10, 40)
        options["clusters"] = (0, 8, 24)
    if kinds & {"categorical", "code"} and "numeric" in kinds:
        options["groups"] = (0, 3, 6)
    if recipe.features.get("target"):
        options["values"] = (False, True)
        options["pairs"] = (0, 4, 10)
        options["smooth"] = ([10], [1, 10, 100])
    if sum(column.kind != "constant" for column in facts.columns) >= SELECTED and loads("lightgbm"):
        options["select"] = (False, True)
    if recipe.model in ("linear", "kernel", "knn", "mlp", "tabm", "realmlp", "dual_branch"):
        options["numbers"] = ("raw", "log", "rank", "soft")
        options["discrete"] = (0, 12, 30)
    if recipe.model == "catboost":
        options["discrete"] = (0, 30, 5000)
    if kinds & {"categorical", "code", "text"}:
        options["counts"] = (False, True)
    if "text" in kinds:
        options["texts"] = (0, 8, 24)
    if not kinds & {"categorical", "code", "numeric"}:
        options = {
            name: values for name, values in options.items() if name not in ("target", "values", "smooth", "pairs")
        }
    if tree_width(facts, {}) > 300:
        options.pop("crosses")
    if may_sum(competition):
        options["parts"] = (False, True)
    if recipe.model in FAMILIES and worthwhile(facts, competition):
        options["pseudo"] = (0, 0.25, 0.5, 1)
    return options


def _other(now: Any, values: Sequence[Any], rng: random.Random) -> Any:
    """A neighbouring value where values are ordered numbers, else any other."""
    known = list(values)
    if now in known and isinstance(now, (int, float)) and not isinstance(now, bool) and len(known) > 2:
        at = known.index(now)
        return rng.choice([known[k] for k in (at - 1, at + 1) if 0 <= k < len(known)])
    return rng.choice([value for value in known if value != now])


def _settled(recipe: Recipe, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters that go together: rounds follow the learning rate, bagging needs its frequency."""
    for rate in ("learning_rate", "eta"):
        before, after = recipe.params.get(rate), params.get(rate)
        if recipe.model != "mlp" and before and after and before != after and "rounds" in params:
            params["rounds"] = max(30, min(10_000, round(params["rounds"] * before / after)))
    params.pop("bagging_freq", None)
    if params.get("bagging_fraction", 1.0) < 1.0 and recipe.model == "lightgbm":
        params["bagging_freq"] = 1
    return params
