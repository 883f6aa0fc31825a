"""The image to image families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "best_filter": Family("BestFilter", ("scipy", "pillow"), "filters"),
    "patch_boost": Family("PatchBoost", ("lightgbm", "scipy", "pillow")),
    "restorer": Family("Restorer", ("torch", "pillow")),
}
SPACE: dict[str, dict[str, list[Any]]] = {
    "best_filter": {},
    "patch_boost": {
        "pixels": [60_000, 120_000, 250_000], "rounds": [120, 200, 400], "num_leaves": [15, 31, 63, 127],
        "learning_rate": [0.05, 0.1, 0.2],
    },
    "restorer": {
        "epochs": [8, 12, 20, 40], "crop": [64, 96, 128], "width": [8, 12, 16, 24], "depth": [3, 4], "lr": [0.001, 0.002, 0.004],
        "flips": [False, True],
    },
}  # fmt: skip
FILTERS = [["itself", "gaussian 1", "median 3"], ["over background 15", "over background 31", "over closing 9"]]
PIXELS = 100_000  # of an image that costs are stated for


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    return tuple(name for name, family in FAMILIES.items() if all(map(loads, family.requires)))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """The cheapest filter first, then what learns from the pixels around, then nets."""
    epochs = 60 if hardware.gpus else 12
    listed: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("best_filter", {}, {}),
        ("patch_boost", {}, {"pixels": 60_000, "rounds": 120}),
        ("restorer", {}, {"epochs": epochs}),
        ("patch_boost", {}, {"pixels": 250_000, "rounds": 300, "num_leaves": 63}),
        ("restorer", {}, {"epochs": 2 * epochs, "width": 16, "crop": 128}),
    ]
    known = families(facts, competition)
    return tuple(Recipe("image_to_image", *parts) for parts in listed if parts[0] in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters; other filters to choose from."""
    features, params, space = dict(recipe.features), dict(recipe.params), SPACE[recipe.model]
    if not space:
        features["filters"] = rng.choice([names for names in FILTERS if names != features.get("filters")])
        return Recipe(recipe.kind, recipe.model, features, params)
    for move in rng.sample(list(space), rng.choice([1, 1, 2])):
        params[move] = rng.choice([value for value in space[move] if value != params.get(move)])
    return Recipe(recipe.kind, recipe.model, features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` images and one predict of a fold's, on one core; images of `PIXELS` pixels."""
    if recipe.model == "best_filter":
        return 2.0 + 0.02 * rows
    if recipe.model == "patch_boost":
        pixels, rounds = recipe.params.get("pixels", 120_000), recipe.params.get("rounds", 200)
        return float(2.0 + 0.3 * rows + 3e-7 * pixels * rounds + 0.25 * rows * (0.5 + rounds / 300))
    width, crop = recipe.params.get("width", 12), recipe.params.get("crop", 96)
    image = 0.03 * (crop / 96) ** 2 * (width / 12) ** 1.7
    return float(6.0 + rows * image * (recipe.params.get("epochs", 12) * recipe.params.get("crops", 6) + 4))


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    stored = 8e-6 * PIXELS * facts.n_train
    return int((900 if recipe.model == "restorer" else 500) + stored + 3e-4 * recipe.params.get("pixels", 0))
