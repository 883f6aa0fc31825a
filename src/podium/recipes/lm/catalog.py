"""The language-modelling families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import random
from typing import Any

from podium.recipes.family import Family
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "kneser_ney": Family("KneserNey"),
    "mixed_grams": Family("MixedGrams", ("scipy",)),
    "recurrent": Family("Recurrent", ("torch",)),
}
SPACE: dict[str, dict[str, list[Any]]] = {
    "kneser_ney": {"order": [4, 5, 6, 7, 8, 10]},
    "mixed_grams": {"order": [8, 10, 12, 16], "words": [True, False], "iterations": [20, 40, 80]},
    "recurrent": {
        "width": [192, 256, 384, 512],
        "layers": [1, 2],
        "dropout": [0.0, 0.1, 0.25],
        "epochs": [3, 6, 10],
        "lr": [1e-3, 2e-3, 4e-3],
    },
}
STEP_S = 7e-11  # seconds a parameter and symbol learned from, forwards and backwards, on one core
ORDER_S = 2.5e-7  # seconds a symbol and kind of context, counted
MANY = 500  # classes from which orders cost memory, and few are tried


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    return tuple(name for name in FAMILIES if name != "recurrent" or importlib.util.find_spec("torch"))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Counting takes seconds and is strong on a megabyte; nets are unlike it, and take what time there is."""
    known, many = families(facts, competition), facts.n_outputs > MANY
    listed: list[tuple[str, dict[str, Any]]] = [
        ("kneser_ney", {"order": 3 if many else 6}),
        ("mixed_grams", {"order": 4 if many else 12, "words": not many}),
        ("recurrent", {"width": 256, "layers": 1, "dropout": 0.1, "epochs": 6, "lr": 4e-3}),
        ("kneser_ney", {"order": 4 if many else 8}),
        ("recurrent", {"width": 512, "layers": 1, "dropout": 0.25, "epochs": 6, "lr": 2e-3}),
        ("mixed_grams", {"order": 6 if many else 16, "words": not many, "iterations": 80}),
    ]
    return tuple(Recipe("lm", name, {}, params) for name, params in listed if name in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters."""
    params = dict(recipe.params)
    space = SPACE[recipe.model]
    for name in rng.sample(list(space), min(len(space), rng.choice([1, 1, 2]))):
        params[name] = rng.choice([value for value in space[name] if value != params.get(name)])
    return Recipe(recipe.kind, recipe.model, dict(recipe.features), params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict, on one core."""
    symbols, classes = _symbols(facts, rows), max(2, facts.n_outputs)
    if recipe.model == "recurrent":
        width, layers = int(recipe.params.get("width", 256)), int(recipe.params.get("layers", 1))
        parameters = 4 * width * width * layers + width * classes
        return 2.0 + STEP_S * parameters * symbols * float(recipe.params.get("epochs", 6))
    kinds = int(recipe.params.get("order", 6)) + 1 + (7 if recipe.params.get("words") else 0)
    counting = ORDER_S * symbols * kinds
    if recipe.model == "kneser_ney":
        return 0.3 + counting
    return 0.5 + 2 * counting + 0.012 * kinds * int(recipe.params.get("iterations", 40))


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: interpreter, contexts as strings, tables or a net's batch."""
    symbols = _symbols(facts, facts.n_train)
    texts = 3e-6 * facts.n_train * sum(column.mean_length for column in facts.columns)
    if recipe.model == "recurrent":
        return int(900 + texts + 2e-3 * int(recipe.params.get("width", 256)) ** 2 / 100)
    kinds = int(recipe.params.get("order", 6)) + 1 + (7 if recipe.params.get("words") else 0)
    cells = 6.0 * kinds if recipe.model == "mixed_grams" else 0.0
    return int(400 + texts + cells + 60e-6 * symbols + 22e-6 * min(symbols, 6_000_000) * kinds * 0.7)


def _symbols(facts: DataFacts, rows: int) -> float:
    """Symbols of the text that so many rows cover: they lie a quarter of a context apart."""
    return rows * max(sum(column.mean_length for column in facts.columns) / 4, 1.0)
