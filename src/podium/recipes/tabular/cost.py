"""Static estimates of time and memory. Constants are fits to `bench/recipes.py` on one x86 core of 2026."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from podium.recipes.measured import MADE, ONCE
from podium.recipes.tabular.combos import COLUMNS, EXTENDED
from podium.recipes.tabular.combos import ROWS as SEARCHED
from podium.recipes.tabular.neighbour_means import ASKED
from podium.recipes.tabular.pairs import COLUMNS as PAIRED
from podium.recipes.tabular.pairs import FEW
from podium.recipes.tabular.pairs import ROWS as LOOKED_AT
from podium.recipes.tabular.pseudo import beside
from podium.recipes.tabular.selection import HALVES, LABELS, ROUNDS
from podium.recipes.tabular.selection import ROWS as SELECTED
from podium.recipes.tabular.shape import dense_width, n_models, tree_width
from podium.records import DataFacts, Recipe

FIXED_S = 0.03
CLUSTER_S = 0.01  # a centre
FILE_S = 0.001  # reading and measuring one attached file
ENCODE_S, ENCODE_DENSE_S = 2.0e-7, 2.5e-7  # a row and column, what a library makes of them for its trees included
PREDICT_S = 4e-8  # a row and tree, beyond the rows that go with those that were learned from
COMBINE_S = 1.6e-8  # a row, label and combination of columns
PARTS = 2  # models of a target that is learned as a sum: there are seldom more
TORCH_S = 3.0  # torch, where the warm parent has not loaded it
USUAL_WAY = 25.0  # learning rate times rounds until early stopping
STOPPED = 0.55  # share of the rounds that early stopping lets pass, on average


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict of a fold's share, on one core."""
    asked, dealt = rows / max(1, facts.n_folds - 1), rows
    rows = min(rows, int(recipe.features.get("sample") or rows))
    timed, more = _MODELS[recipe.model], beside(recipe, facts, rows)
    model = timed(recipe.params, recipe.features, facts, max(1, rows))
    if more:
        model += timed(recipe.params, recipe.features, facts, rows + more)
    model *= PARTS if recipe.features.get("parts") else 1
    model += PREDICT_S * (asked - asked * rows / max(1, dealt)) * _trees(recipe.params) * n_models(facts)
    return round(FIXED_S + _encoding(recipe, facts, rows, asked) * (1 + more / max(1, rows)) + model, 4)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak resident memory: the libraries, the table, its encodings and what the model keeps."""
    rows = facts.n_train + facts.n_test + beside(recipe, facts, facts.n_train)
    width = dense_width(facts, recipe.features) if recipe.model in _DENSE else tree_width(facts, recipe.features)
    extra = 0.0
    if recipe.model in ("extra_trees", "random_forest"):
        leaves = facts.n_train / int(recipe.params.get("min_samples_leaf", 2))
        extra = leaves * 2 * (64 + 8 * n_models(facts)) * int(recipe.params.get("trees", 200))
    if recipe.model == "kernel":
        extra = 5 * 8.0 * min(facts.n_train, int(recipe.params.get("rows", 2500))) ** 2
    if recipe.model == "knn":
        asked = facts.n_train / max(1, facts.n_folds) + facts.n_test
        extra = 16.0 * 500 * facts.n_train + 8.0 * 80 * facts.n_outputs * asked
    return int(350 + (rows * width * 8 * 4 + extra) / 2**20)


def _encoding(recipe: Recipe, facts: DataFacts, rows: int, asked: float) -> float:
    features, dense = recipe.features, recipe.model in _DENSE
    width = dense_width(facts, features) if dense else tree_width(facts, features)
    dealt = rows + asked
    seconds = (ENCODE_DENSE_S if dense else ENCODE_S) * dealt * width
    if features.get("target"):
        taken = sum(1 for c in facts.columns if c.kind in ("categorical", "code") or features.get("values"))
        seconds += taken * (0.006 + dealt * (2e-7 + 4e-8 * n_models(facts)) * (3 if features.get("values") else 1))
    if features.get("combos"):
        columns = min(COLUMNS, sum(1 for c in facts.columns if c.kind == "numeric"))
        seconds += COMBINE_S * min(rows, SEARCHED) * n_models(facts) * (1.5 * columns**2 + 2 * EXTENDED * columns)
    if features.get("pairs"):
        columns = min(PAIRED, sum(1 for c in facts.columns if c.kind in ("categorical", "code") or c.n_unique <= FEW))
        seconds += 2.5e-7 * min(rows, LOOKED_AT) * columns**2 * min(4, n_models(facts)) + 4e-7 * dealt * int(
            features["pairs"]
        )
    if features.get("near"):
        seconds += dealt * min(rows, ASKED) * (1.5e-8 + 1e-10 * width)
    if features.get("clusters"):
        seconds += CLUSTER_S * int(features["clusters"])
    if features.get("groups"):
        seconds += 4 * int(features["groups"]) * (0.01 + 3e-7 * dealt)
    if features.get("select"):
        seconds += _selection(facts, width, min(rows, SELECTED))
    files = sum(1 for c in facts.columns if c.kind == "file" and not c.pixels)
    if features.get("files") == ONCE:  # once an experiment, over all rows
        seconds += FILE_S * files * (facts.n_train + facts.n_test) / max(1, facts.n_folds)
    elif features.get("files", True) not in (False, MADE):  # by another experiment
        seconds += FILE_S * files * dealt
    if features.get("texts", 8):
        seconds += 1e-5 * dealt * sum(1 for c in facts.columns if c.kind == "text")
    return seconds


def _selection(facts: DataFacts, width: int, rows: int) -> float:
    """Four quick boosters on half of the rows, and two predictions of the others for every column."""
    tree = rows / 2 * (1.8e-9 * width + 6.5e-8) + 6e-6 * width + 1e-4
    models = (
        n_models(facts) if facts.target_cardinality <= 100 and facts.n_outputs > 1 else min(LABELS, n_models(facts))
    )
    return ROUNDS * models * ((HALVES + 2) * tree + width * rows * 2e-8)


def _trees(params: Mapping[str, Any]) -> float:
    """That one model keeps; 0 of a model without."""
    return _rounds(params) if "rounds" in params else float(params.get("trees", 0))


def _rounds(params: Mapping[str, Any]) -> float:
    """How many are boosted: all, or as many as early stopping usually lets pass at this learning rate."""
    rounds = float(params.get("rounds", 1000))
    if not params.get("patience", 50):
        return rounds
    rate = params.get("learning_rate", params.get("eta", 0.1))
    usual = USUAL_WAY / rate if isinstance(rate, (int, float)) and rate > 0 else math.inf
    return min(rounds * STOPPED, usual) * (2 if params.get("refit") else 1)


def _lightgbm(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    leaves, width = int(params.get("num_leaves", 31)), tree_width(facts, features)
    tree = rows * (1.8e-9 * width + 6.5e-8) * math.log2(leaves + 1) / 5 + 4e-7 * leaves * width + 1e-4
    slower = 1.6 if params.get("feature_fraction", 1.0) < 1 and width > 50 and rows > 10000 else 1.0
    return _rounds(params) * n_models(facts) * tree * slower * (2 if params.get("linear_tree") else 1)


def _xgboost(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    depth, width = int(params.get("max_depth", 6)), tree_width(facts, features)
    width = max(1, round(width * float(params.get("colsample_bytree", 1.0))))
    tree = rows * (4e-9 * width + 6e-8) * depth / 6 + 2.0**depth * width * 3e-7 + 2e-4
    return _rounds(params) * n_models(facts) * tree


def _catboost(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    depth, width = int(params.get("depth", 6)), tree_width(facts, features)
    discrete = int(features.get("discrete", 0))
    coded = sum(
        1 for c in facts.columns if c.kind == "categorical" or (c.kind == "numeric" and 2 < c.n_unique <= discrete)
    )
    outputs = n_models(facts) ** 0.8 if facts.n_outputs > 1 else 1.0
    if coded > 1:  # a split on one category is tried together with others
        coded *= int(params.get("max_ctr_complexity", 1))
    tree = rows * (3e-9 * width + 2e-7 + 8e-8 * coded) * (depth / 6) ** 2 * outputs
    rounds = _rounds(params) * (1 if facts.n_outputs == 1 or facts.target_cardinality <= 100 else n_models(facts))
    return rounds * (tree + 6e-4 + 1.0e-4 * width + 1.0e-4 * coded)


def _forest(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    width, share = tree_width(facts, features), params.get("max_features", "sqrt")
    tried = math.sqrt(width) if share == "sqrt" else float(share) * width
    depth = max(1.0, math.log2(rows / int(params.get("min_samples_leaf", 2)) + 1))
    return int(params.get("trees", 200)) * (rows * depth * (1.5e-8 * tried + 2e-8) + 5e-4)


def _linear(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    width = dense_width(facts, features)
    if facts.n_outputs > 1 or facts.target_cardinality == 2:
        return 2.0e-7 * rows * width * n_models(facts) + 0.05
    path = 2.0 if params.get("mix") else 1.0
    return path * n_models(facts) * (2e-9 * rows * width * min(rows, width) + 0.02)


def _kernel(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    kept, width = min(rows, int(params.get("rows", 2500))), dense_width(facts, features)
    probe = min(kept, 900)
    pair = 1e-9 * width if params.get("kernel") == "laplace" else 1e-8
    return 4 * (2.5e-10 * probe**3 + probe**2 * pair) + 1.2e-10 * kept**3 + 1.25 * kept * (kept + rows / 4) * pair


def _knn(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    asked = rows / max(1, facts.n_folds - 1) + min(2000, rows / 10)
    return asked * rows * (1.2e-8 + 6e-11 * dense_width(facts, features))


def _mlp(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    hidden: tuple[int, ...] = tuple(params.get("hidden", (256, 128)))
    widths = (dense_width(facts, features), *hidden, facts.n_outputs)
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    passes = int(params.get("epochs", 20)) * int(params.get("nets", 2))
    steps = passes * rows / int(params.get("batch", 128))
    return passes * rows * 6 * weights / 3.5e10 + steps * (2e-4 + 4e-9 * weights)


def _tabm(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    members, units = int(params.get("members", 16)), int(params.get("width", 128))
    numbers = tree_width(facts, features)  # what is one-hot is not embedded
    wide = dense_width(facts, features) - numbers + numbers * max(1, int(params.get("embedding", 8)))
    weights = units * (wide + units * (int(params.get("blocks", 2)) - 1) + facts.n_outputs)
    seen, batch = float(params.get("epochs", 25)) * rows, min(rows, int(params.get("batch", 256)))
    return TORCH_S + seen * members * 6 * weights / 2.5e10 + seen / batch * 6e-3


def _realmlp(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    nets, units = int(params.get("nets", 1)), int(params.get("width", 256))
    numbers = tree_width(facts, features)  # what is one-hot is not embedded
    inputs = dense_width(facts, features) + 3 * numbers
    weights = units * (inputs + units * (int(params.get("layers", 3)) - 1) + facts.n_outputs) + 64 * numbers
    seen, batch = float(params.get("epochs", 64)) * rows, min(rows, int(params.get("batch", 256)))
    return TORCH_S + seen * nets * (6 * weights / 5.0e10 + 1.5e-7 * numbers) + seen / batch * 2.5e-3


def _dual(params: Mapping[str, Any], features: Mapping[str, Any], facts: DataFacts, rows: int) -> float:
    nets, units = int(params.get("nets", 3)), int(params.get("width", 64))
    numbers = tree_width(facts, features)  # what is one-hot is not embedded
    wide = dense_width(facts, features) - numbers + numbers * int(params.get("embedding", 4))
    weights = units * (wide + 3 * units + facts.n_outputs)
    weights += numbers * int(params.get("embedding", 4)) * int(params.get("bins", 16))
    seen, batch = float(params.get("epochs", 12)) * rows, min(rows, int(params.get("batch", 128)))
    return TORCH_S + seen * nets * 6 * weights / 2.0e10 + seen / batch * 7e-3


_DENSE = ("linear", "kernel", "knn", "mlp", "tabm", "realmlp", "dual_branch")
_MODELS = {
    "lightgbm": _lightgbm,
    "hist": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "extra_trees": _forest,
    "random_forest": _forest,
    "linear": _linear,
    "kernel": _kernel,
    "knn": _knn,
    "mlp": _mlp,
    "tabm": _tabm,
    "realmlp": _realmlp,
    "dual_branch": _dual,
    "second_level": _lightgbm,
}
