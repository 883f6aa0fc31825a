"""Identifying: what to try first, mutations, costs. Of classes in order alone; where there are thousands, nothing else plays."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from podium.recipes.family import Family
from podium.recipes.measured import ONCE
from podium.recipes.tabular import catalog as tabular
from podium.recipes.tabular import cost
from podium.recipes.text import catalog as text
from podium.recipes.vision import backbones
from podium.recipes.vision import cost as vision_cost
from podium.recipes.vision.widths import BLOCKS
from podium.records import Competition, DataFacts, Hardware, Recipe

_SK, _PIL = "scikit-learn", "pillow"
FAMILIES: dict[str, Family] = {
    "nearest_rows": Family("NearestRows", (_SK,), "table"),
    "nearest_texts": Family("NearestTexts", (_SK,), "texts"),
    "nearest_pictures": Family("NearestPictures", (_PIL, _SK), "numbers"),
    "nearest_deep": Family("NearestPictures", (_PIL, "torch", "efficientnet_lite_pytorch", _SK), "deep"),
}
OF_PICTURES = ("nearest_pictures", "nearest_deep")
PARAMS: Mapping[str, Sequence[Any]] = {
    "shrink": (0.02, 0.1, 0.3, 0.7),
    "length": (True, False),
    "heat": (0.0, 0.03, 0.06, 0.12),
}
SPACE: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "nearest_rows": {"numbers": ("raw", "rank", "log"), "discrete": (0, 12), "counts": (True, False)},
    "nearest_texts": {"unit": ("char", "word"), "longest": (1, 2, 3, 4, 5), "components": (60, 150, 300)},
    "nearest_pictures": {"components": (50, 100, 200, 300), "share": (0.3, 1.0, 3.0)},
    "nearest_deep": {"components": (100, 200, 400), "size": (96, 128, 160, 224)},
}
PAIR_S = 4e-9  # of a number of a block of likenesses: product, exponential, sums


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """None but where classes are asked in order, one right for each row."""
    if competition.submission_kind != "ranking" or competition.task_type != "multiclass_classification":
        return ()
    names = ["nearest_rows"] if tabular.families(facts, competition) else []
    names += ["nearest_texts"] if text.text_led(facts.columns) else []
    if vision_cost.pictures(facts) and importlib.util.find_spec("PIL") is not None:
        names += ["nearest_pictures", *(["nearest_deep"] if backbones.available() else [])]
    return tuple(names)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Cheapest first, in each form of what a row is."""
    deep = {"blocks": ["deep"], "backbone": (*backbones.available(), "")[0], "components": 200}
    listed: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("nearest_rows", {"numbers": "rank"}, {"length": False}),
        ("nearest_texts", {"unit": "char"}, {}),
        ("nearest_pictures", {"blocks": list(BLOCKS), "components": 100}, {}),
        ("nearest_deep", {**deep, "size": 128}, {}),
        ("nearest_rows", {"numbers": "log"}, {"shrink": 0.3}),
        ("nearest_texts", {"unit": "word", "longest": 2}, {}),
        ("nearest_deep", {**deep, "size": 224}, {"shrink": 0.3}),
        ("nearest_pictures", {"blocks": [*BLOCKS, "outline"], "components": 300}, {"shrink": 0.3}),
    ]
    known = families(facts, competition)
    once = {} if competition.looks_forward else {"files": ONCE}
    made = [
        Recipe("identify", name, {**features, **(once if name in OF_PICTURES else {})}, params)
        for name, features, params in listed
        if name in known
    ]
    return tuple(recipe for recipe in made if memory_mb(recipe, facts) <= max(1024, hardware.memory_mb // 2))


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters or features."""
    features, params = dict(recipe.features), dict(recipe.params)
    space = {**PARAMS, **SPACE[recipe.model]}
    for move in rng.sample(sorted(space), rng.choice([1, 1, 2])):
        into = params if move in PARAMS else features
        into[move] = rng.choice([value for value in space[move] if value != into.get(move)])
    return Recipe(recipe.kind, recipe.model, features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Making the vectors, and comparing a fold's rows with all others, on one core."""
    asked = rows / max(1, facts.n_folds - 1)
    return round(_vectors_s(recipe, replace(facts, n_outputs=1), rows) + PAIR_S * rows * (asked + 15 * 400) + 0.2, 3)


def _vectors_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    if recipe.model in OF_PICTURES:
        return vision_cost.cost_s(Recipe("vision", "picture_linear", recipe.features, {}), facts, rows)
    if recipe.model == "nearest_texts":
        grams = [f"{recipe.features.get('unit', 'char')} 1-{recipe.features.get('longest', 4)}"]
        return 2.0 * text.cost_s(Recipe("text", "naive_bayes", {"grams": grams}, {"alphas": [0.1]}), facts, rows)
    return cost.cost_s(Recipe("tabular", "linear", recipe.features, {}), facts, rows)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """The vectors and their copies, a few blocks of likenesses; classes cost nothing."""
    one = replace(facts, n_outputs=1)
    if recipe.model in OF_PICTURES:
        return 100 + vision_cost.memory_mb(Recipe("vision", "picture_linear", recipe.features, {}), one)
    if recipe.model == "nearest_texts":
        grams = [f"{recipe.features.get('unit', 'char')} 1-{recipe.features.get('longest', 4)}"]
        return 200 + text.memory_mb(Recipe("text", "naive_bayes", {"grams": grams}, {}), one)
    return 100 + cost.memory_mb(Recipe("tabular", "linear", recipe.features, {}), one)


__all__ = ["FAMILIES", "cost_s", "families", "memory_mb", "neighbours", "portfolio"]
