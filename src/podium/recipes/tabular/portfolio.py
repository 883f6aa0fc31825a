"""The warm start: what is worth trying on almost any table, cheapest first, sized to the data.

Sizes follow measurements of `bench/recipes.py` over small and large, wide and narrow, real and synthetic tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podium.recipes.measured import ONCE
from podium.recipes.tabular.shape import (
    ONE_HOT,
    has_codes,
    is_classification,
    may_branch,
    may_combine,
    may_sum,
    n_models,
    tree_width,
)
from podium.records import Competition, DataFacts, Recipe

SMALL, LARGE = 3000, 20000  # training rows
BRANCHED_STEPS = 4000  # of a net of two branches on many rows
HEAVY = 10e6  # rows × columns × outputs above which boosting takes bigger steps
MANY = 10  # classes from which on trees, a model a class, are slow and have few rows each: smooth models lead
SMOOTH_FIRST = ("kernel", "linear", "mlp", "tabm")
GROUPED: Mapping[str, Any] = {"target": True, "smooth": [1, 10, 100], "groups": 4}

Params = Mapping[str, Any]
# Values may follow from the columns almost exactly, which shallow trees cannot say; labels of people and their choices do not.
DEEP: Params = {
    "rounds": 800,
    "patience": 60,
    "learning_rate": 0.05,
    "num_leaves": 127,
    "min_data_in_leaf": 3,
    "feature_fraction": 0.7,
}


def candidates(facts: DataFacts, competition: Competition) -> list[Recipe]:
    """Every family, in order of expected worth a second; the catalog drops what is not installed."""
    heavy = facts.n_train * tree_width(facts, {}) * n_models(facts) > HEAVY
    pace = {"rounds": 25, "learning_rate": 0.35} if heavy else {"rounds": 60, "learning_rate": 0.2}
    fast: Params = {**pace, "patience": 15, "num_leaves": 15, "min_data_in_leaf": 20}
    listed = [Recipe("tabular", "lightgbm", {"texts": 0}, fast), Recipe("tabular", "hist", {"texts": 0}, _hist(fast))]
    if heavy:
        listed += _heavy(facts, competition)
    elif facts.n_train <= SMALL and not is_classification(competition):
        listed += _small_values(facts)
    else:
        listed += _middle(facts, competition)
    if may_sum(competition):
        listed = _by_parts(listed)
    if any(column.kind == "file" and not column.pixels for column in facts.columns) and not competition.looks_forward:
        listed = [replace(recipe, features={**recipe.features, "files": ONCE}) for recipe in listed]
    return listed


def _by_parts(listed: list[Recipe]) -> list[Recipe]:
    """Each recipe but the quick one on the parts of the target, the first of each family on the whole as well."""
    whole = {recipe.model: recipe for recipe in reversed(listed[1:])}
    parted = [replace(recipe, features={**recipe.features, "parts": True}) for recipe in listed[1:]]
    return [*listed[:1], *parted, *(recipe for recipe in listed[1:] if whole[recipe.model] is recipe)]


def _small_values(facts: DataFacts) -> list[Recipe]:
    """Smooth models carry small regressions; boosting wants few leaves and few columns a tree."""
    boosted = {"rounds": 900, "patience": 60, "learning_rate": 0.04, "min_data_in_leaf": 8, "lambda_l2": 3.0}
    deep = {**boosted, "num_leaves": 15, "feature_fraction": 0.3}
    shallow = {**boosted, "num_leaves": 7, "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1}
    listed: list[tuple[str, Params, Params]] = [
        ("lightgbm", {"target": True, "sums": True}, deep),
        ("kernel", {"numbers": "log"}, {"kernel": "laplace"}),
        ("linear", {"numbers": "log", "discrete": 12}, {"mix": 0.5}),
        ("tabm", {"numbers": "log"}, _tabm(facts)),
        ("mlp", {"numbers": "log"}, {"hidden": [128, 64], "epochs": 25, "batch": 64, "dropout": 0.1, "nets": 3}),
        ("catboost", {}, _catboost(500, 0.05)),
        ("realmlp", {"numbers": "soft"}, _realmlp(facts)),
        ("lightgbm", {}, shallow),
        ("kernel", {"numbers": "log", "discrete": 12}, {"kernel": "rbf"}),
        ("xgboost", {"target": True}, _xgboost(500, 0.05, 4)),
        ("extra_trees", {}, {"trees": 200, "max_features": 0.4, "min_samples_leaf": 1}),
        ("lightgbm", GROUPED, shallow),
        ("linear", {"numbers": "log", "discrete": 12}, {}),
        ("kernel", {"numbers": "rank"}, {"kernel": "laplace"}),
        ("knn", {"numbers": "rank"}, {}),
        ("tabm", {"numbers": "rank"}, _wide_tabm(facts)),
    ]
    return [Recipe("tabular", *item) for item in listed]


def _middle(facts: DataFacts, competition: Competition) -> list[Recipe]:
    """Boosting in several forms, with and without target means of values, and a network on those means."""
    least = 10 if facts.n_train <= SMALL else 40
    slow = {"rounds": 700, "patience": 40, "learning_rate": 0.06, "min_data_in_leaf": least, "lambda_l2": 10.0}
    narrow = {**slow, "num_leaves": 15, "feature_fraction": 0.5}
    means = {"target": True, "values": True}
    seen: Params = {"target": True} if _has_many_levels(facts) else {}
    hidden, epochs = ([128, 64], 12) if facts.n_train > SMALL else ([64, 32], 25)
    net = {"hidden": hidden, "epochs": epochs, "batch": 256 if facts.n_train > LARGE else 64, "nets": 1, "share": 0.0}
    kept = {"rows": 2500, "kernel": "laplace"}
    leaf = 1.0 if is_classification(competition) and (facts.n_train <= SMALL or facts.n_outputs >= MANY) else 5.0
    listed: list[tuple[str, Params, Params]] = [
        ("lightgbm", means, {**slow, "num_leaves": 31, "feature_fraction": 0.5}),
        ("lightgbm", {"sums": True}, narrow),
        ("mlp", {"numbers": "rank", **means}, net),
        ("tabm", {"numbers": "rank", **seen}, _tabm(facts)),
        ("xgboost", means, _xgboost(500, 0.06, 4, leaf)),
        ("catboost", {"counts": True}, _catboost(300, 0.1)),
        (
            "lightgbm",
            {**means, "numbers": "raw"},
            {**slow, "num_leaves": 15, "learning_rate": 0.03, "extra_trees": True},
        ),
        ("xgboost", {}, _xgboost(500, 0.08, 6, leaf)),
        ("linear", {"numbers": "rank", "discrete": 20, "target": True}, {}),
        ("extra_trees", means, {"trees": 150, "max_features": _share(competition), "min_samples_leaf": 3}),
        ("kernel", {"numbers": "log"}, kept),
        ("mlp", {"numbers": "log", "discrete": 20}, {**net, "nets": 2, "share": 0.1}),
        ("catboost", {"discrete": 5000}, _catboost(250, 0.1)),
        ("lightgbm", GROUPED, narrow),
        ("knn", {"numbers": "rank"}, {}),
        ("tabm", {"numbers": "log", **seen}, _wide_tabm(facts)),
    ]
    if may_combine(facts):
        listed.insert(5, ("lightgbm", {"combos": 8}, narrow))
    if not is_classification(competition):
        listed.insert(8, ("realmlp", {"numbers": "soft", **seen}, _realmlp(facts)))
        listed.insert(2, ("lightgbm", {}, DEEP))
    listed += _branched(facts)
    if facts.n_outputs >= MANY:
        listed.sort(key=lambda item: SMOOTH_FIRST.index(item[0]) if item[0] in SMOOTH_FIRST else len(SMOOTH_FIRST))
    return [Recipe("tabular", *item) for item in listed if item[0] != "kernel" or facts.n_train <= LARGE]


def _heavy(facts: DataFacts, competition: Competition) -> list[Recipe]:
    """Few, large steps with heavy leaves; a deeper network; what is cheap and different; last, what hours have room for."""
    steps = {"patience": 15, "share": 0.05, "min_data_in_leaf": 60, "lambda_l2": 10.0, "num_leaves": 31}
    quick = {**steps, "rounds": 100, "learning_rate": 0.15}
    slower = {**steps, "rounds": 220, "learning_rate": 0.09, "num_leaves": 40}
    net = {"hidden": [256, 256, 128], "epochs": 12, "batch": 128, "learning_rate": 0.004, "dropout": 0.25}
    one = {**net, "input_dropout": 0.05, "nets": 1, "share": 0.0}
    logs = {"numbers": "log"}
    listed: list[tuple[str, Params, Params]] = [
        ("lightgbm", {}, quick),
        ("mlp", logs, one),
        ("lightgbm", {"sums": True}, slower),
        ("mlp", {"numbers": "rank"}, {**one, "hidden": [384, 192], "input_dropout": 0.1, "dropout": 0.35}),
        ("extra_trees", {}, {"trees": 75, "max_features": _share(competition), "min_samples_leaf": 2}),
        ("linear", logs, {}),
        ("xgboost", {}, {**_xgboost(90, 0.2, 7), "patience": 0}),
        ("catboost", {}, _catboost(150, 0.3)),
        ("knn", logs, {"neighbours": 20}),  # predicting test takes as long as all folds did
        ("tabm", {"numbers": "rank"}, {**_tabm(facts), "embedding": 0, "epochs": 8}),
        ("lightgbm", {"target": True}, {**quick, "num_leaves": 63, "learning_rate": 0.1, "rounds": 120}),
    ]
    if may_combine(facts):
        listed[3:3] = [("lightgbm", {"combos": 8}, quick), ("mlp", {**logs, "combos": 8}, one)]
    listed += _branched(facts)
    listed += [
        ("lightgbm", {}, {**steps, "patience": 30, "rounds": 600, "learning_rate": 0.04, "num_leaves": 63}),
        ("catboost", {}, _catboost(500, 0.1)),
        ("xgboost", {}, _xgboost(300, 0.08, 7)),
    ]
    return [Recipe("tabular", *item) for item in listed]


def _branched(facts: DataFacts) -> list[tuple[str, Params, Params]]:
    """A net of two branches where codes are taken apart beside numbers: on what steps of sums were found, if it is looked for."""
    if not (has_codes(facts) and may_branch(facts)):
        return []
    sized: Params = {"epochs": 12, "batch": 128}
    if facts.n_train > LARGE:  # many rows bear larger nets, and need less of a rein
        epochs = max(6, min(20, round(BRANCHED_STEPS * 512 / facts.n_train)))
        sized = {"epochs": epochs, "batch": 512, "width": 128, "decay": 0.1}
    return [("dual_branch", {"combos": 8} if may_combine(facts) else {}, sized)]


def _hist(params: Params) -> dict[str, Any]:
    return {
        "rounds": params["rounds"],
        "patience": params["patience"],
        "learning_rate": params["learning_rate"],
        "max_leaf_nodes": params["num_leaves"],
        "min_samples_leaf": params["min_data_in_leaf"],
    }


def _share(competition: Competition) -> str | float:
    """Of the columns that a split of a forest looks at: values want most of them, labels few (scikit-learn's defaults)."""
    return "sqrt" if is_classification(competition) else 0.7


def _has_many_levels(facts: DataFacts) -> bool:
    """Whether a one-hot view of the categories leaves levels out."""
    return has_codes(facts) or any(c.kind == "categorical" and c.n_unique > ONE_HOT for c in facts.columns)


def _xgboost(rounds: int, eta: float, depth: int, leaf: float = 5.0) -> dict[str, Any]:
    """`leaf`: least sum of p (1 - p), where labels are predicted: of a rare class or a sure guess that is many rows."""
    tree = {"max_depth": depth, "min_child_weight": leaf, "subsample": 0.8, "colsample_bytree": 0.5, "lambda": 3.0}
    return {"rounds": rounds, "patience": 40, "eta": eta, **tree}


def _tabm(facts: DataFacts) -> dict[str, Any]:
    """Few members of a small net: what two cores have time for. Two thousand steps, and bins for each hour of a day."""
    batch = 64 if facts.n_train <= SMALL else 128 if facts.n_train <= LARGE else 256
    epochs = max(8, min(40, round(2000 * batch / max(1, facts.n_train))))
    return {"members": 8, "width": 128, "blocks": 2, "bins": 32, "embedding": 8, "epochs": epochs, "batch": batch}


def _wide_tabm(facts: DataFacts) -> dict[str, Any]:
    """Nearer to the paper's size, for where there is time."""
    return {**_tabm(facts), "members": 16, "width": 256}


def _realmlp(facts: DataFacts) -> dict[str, Any]:
    """One net for seven hundred steps: more of either gains a little, for as many times the seconds."""
    epochs = max(8, min(160, round(700 * 256 / max(1, facts.n_train))))
    return {"epochs": epochs, "batch": 256, "learning_rate": 0.05}


def _catboost(rounds: int, rate: float) -> dict[str, Any]:
    return {"rounds": rounds, "patience": 40, "learning_rate": rate, "depth": 6, "max_ctr_complexity": 1}
