"""The text-to-text families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.measured import ONCE
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "text_memory": Family("TextMemory"),
    "text_nearest": Family("TextNearest", ("scikit-learn",)),
    "text_phrases": Family("TextPhrases"),
    "text_seq2seq": Family("TextSeq2Seq", ("torch",)),
}
SPACE: dict[str, dict[str, list[Any]]] = {
    "text_memory": {"rules": [True, False], "beside": [True, False]},
    "text_nearest": {"unit": ["char", "word"], "repair": [True, False]},
    "text_phrases": {"longest": [2, 3, 4, 6], "language": [0.4, 0.7, 1.0, 1.4], "jump": [0.5, 1.5, 4.0], "beam": [4, 8, 16]},
    "text_seq2seq": {
        "unit": ["char", "word"], "width": [96, 128, 192, 256], "dropout": [0.1, 0.2, 0.3], "lr": [1e-3, 2e-3, 4e-3],
        "epochs": [8, 15, 30, 60],
    },
}  # fmt: skip
SHORT = 25.0  # mean characters of a source below which it is a token, read letter by letter


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """All whose library is installed."""
    missing = {"text_seq2seq"} if importlib.util.find_spec("torch") is None else set()
    return tuple(name for name in FAMILIES if name not in missing)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Memory first, which is most of a normalisation; phrases and nets, which are most of a translation."""
    known = families(facts, competition)
    unit = "char" if _length(facts) < SHORT else "word"
    listed: list[tuple[str, dict[str, Any]]] = [
        ("text_memory", {}),
        ("text_nearest", {"unit": "char"}),
        ("text_phrases", {}),
        ("text_seq2seq", {"unit": unit, "width": 128}),
        ("text_memory", {"rules": False}),
        ("text_nearest", {"unit": "word"}),
        ("text_seq2seq", {"unit": "word" if unit == "char" else "char", "width": 192}),
    ]
    return tuple(Recipe("text_to_text", name, _features(facts), params) for name, params in listed if name in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters."""
    params, space = dict(recipe.params), SPACE[recipe.model]
    for name in rng.sample(list(space), rng.choice([1, 1, 2])):
        params[name] = rng.choice([value for value in space[name] if value != params.get(name, space[name][0])])
    return Recipe(recipe.kind, recipe.model, dict(recipe.features), params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict of a fold's rows, on one core."""
    letters = rows * max(_length(facts), 4.0)
    if recipe.model == "text_memory":
        return 0.3 + 6e-5 * rows
    if recipe.model == "text_nearest":
        return 0.5 + 4e-6 * letters + 4e-9 * min(rows, 60_000) * rows
    if recipe.model == "text_phrases":
        return 0.3 + 2e-5 * letters
    epochs, width = recipe.params.get("epochs", 15), recipe.params.get("width", 128)
    per_letter = 4e-6 if recipe.params.get("unit", "char") == "char" else 1e-6
    return float(3.0 + epochs * letters * per_letter * (width / 128) ** 1.5)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: interpreter and libraries, the pairs as Python's strings, counts of them."""
    pairs = facts.n_train * (200 + 3 * _length(facts)) / 1e6
    return int((1200 if recipe.model == "text_seq2seq" else 400) + 4 * pairs)


def _features(facts: DataFacts) -> dict[str, Any]:
    """Where rows come in groups, what stands before and after each is measured first."""
    return {"files": ONCE} if facts.n_groups else {}


def _length(facts: DataFacts) -> float:
    """Mean characters of the longest column of strings."""
    return max((column.mean_length for column in facts.columns if column.kind != "file"), default=10.0)
