"""The span families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.pretrained import sentence_encoders
from podium.recipes.spans.passages import CONDITIONS, MOST_WORDS
from podium.recipes.step import step
from podium.recipes.text import sentence_recipes
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "span_rules": Family("SpanRules"),
    "span_ranker": Family("SpanRanker", ("scikit-learn", "lightgbm")),
    "span_tagger": Family("SpanTagger", ("torch",)),
    "span_encoder": Family("SpanEncoder", ("torch",), "pieces"),
}
SPACE: dict[str, dict[str, list[Any]]] = {
    "span_rules": {},
    "span_ranker": {
        "C": [0.03, 0.1, 0.3],
        "folds": [3, 4, 6],
        "num_leaves": [15, 31, 63],
        "learning_rate": [0.03, 0.06, 0.1],
        "min_data_in_leaf": [50, 100, 300],
        "sharpness": [10.0, 20.0, 40.0],
    },
    "span_tagger": {
        "width": [64, 96, 128, 192],
        "dropout": [0.2, 0.3, 0.4, 0.5],
        "lr": [1e-3, 2e-3, 4e-3],
        "epochs": [4, 6, 9],
    },
    "span_encoder": {
        "epochs": [1, 2, 3, 4],
        "learning_rate": [5e-4, 1e-3, 2e-3],
        "slower": [0.03, 0.05, 0.08, 0.12],
        "batch_size": [16, 32, 64],
        "dropout": [0.0, 0.1],
    },
}
USUAL: dict[str, dict[str, Any]] = {
    "span_rules": {},
    "span_ranker": {
        "C": 0.1, "folds": 4, "num_leaves": 31, "learning_rate": 0.06, "min_data_in_leaf": 100, "sharpness": 20.0,
    },
    "span_tagger": {"width": 96, "dropout": 0.3, "lr": 2e-3, "epochs": 6},
    "span_encoder": {"epochs": 2, "learning_rate": 1e-3, "slower": 0.08, "batch_size": 32, "dropout": 0.1},
}  # fmt: skip
ROUNDS = {0.03: 500, 0.06: 250, 0.1: 150}  # trees go with the learning rate
USUAL_ROUNDS = 250  # of the ranker
WORD = 5.5  # characters of a word and its blank
PIECE = 3.6  # characters of a piece, where words are misspelled as people do
LENGTHS = (64, 128, 256, 512)


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """All whose library is installed; the encoder where its weights are here and the rules do not forbid it."""
    needed = {"span_ranker": "lightgbm", "span_tagger": "torch"}
    absent = {name for name, library in needed.items() if not importlib.util.find_spec(library)}
    absent |= set() if sentence_encoders(competition) else {"span_encoder"}
    return tuple(name for name in FAMILIES if name not in absent)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """The rule by condition, then evidence and ranking, then nets, which err elsewhere."""
    known = families(facts, competition)
    encoders = sentence_encoders(competition)
    read = {"weights": encoders[0], "length": _length(facts)} if encoders else {}
    listed: list[tuple[str, dict[str, Any]]] = [
        ("span_rules", {}),
        ("span_ranker", {}),
        ("span_encoder", {"epochs": 2, "dropout": 0.0, "batch_size": sentence_recipes.batch_size(_length(facts))}),
        ("span_tagger", {"epochs": 6}),
        ("span_ranker", {"C": 0.03, "num_leaves": 15, "learning_rate": 0.1, "rounds": 150}),
        ("span_tagger", {"epochs": 6, "width": 128, "dropout": 0.4}),
        ("span_ranker", {"C": 0.3, "folds": 6, "num_leaves": 63, "min_data_in_leaf": 300}),
    ]
    made = [
        Recipe("spans", name, read if name == "span_encoder" else {}, params)
        for name, params in listed
        if name in known
    ]
    fits = [recipe for recipe in made if memory_mb(recipe, facts) <= max(1024, hardware.memory_mb // 2)]
    return tuple(fits or made[:1])


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters; of the rules there is but one."""
    params, space = dict(recipe.params), SPACE[recipe.model]
    for name in rng.sample(list(space), min(len(space), rng.choice([1, 1, 2]))):
        step(params, name, space[name], USUAL[recipe.model], rng)
        if recipe.model == "span_ranker" and name == "learning_rate":
            params["rounds"] = ROUNDS[params.get(name, USUAL[recipe.model][name])]
            if params["rounds"] == USUAL_ROUNDS:
                del params["rounds"]
    return Recipe(recipe.kind, recipe.model, dict(recipe.features), params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict of a fold's rows, on one core."""
    words = rows * _words(facts)
    if recipe.model == "span_rules":
        return 0.3 + 5e-6 * words
    if recipe.model == "span_ranker":
        evidence = 3 * recipe.params.get("folds", 4) * 1e-5 * words
        trees = recipe.params.get("rounds", 250) * 17 * rows * 2.5e-7
        return float(1.0 + evidence + trees + 2e-5 * words)
    if recipe.model == "span_encoder":
        pieces = min(int(recipe.features.get("length", 128)), _pieces(facts))
        return sentence_recipes.tuning_s(pieces, rows, rows / max(1, facts.n_folds - 1), recipe.params)
    epochs, width = recipe.params.get("epochs", 6), recipe.params.get("width", 96)
    return float(3.0 + epochs * words * 1.5e-4 * (width / 96) ** 1.5)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: interpreter and libraries, indicators of each word, candidates."""
    words = facts.n_train * _words(facts)
    words = min(words, MOST_WORDS) if recipe.model == "span_ranker" else words
    each = {"span_rules": 3e-4, "span_ranker": 1.6e-3, "span_tagger": 8e-4, "span_encoder": 8e-4}[recipe.model]
    base = 1200 if recipe.model == "span_tagger" else 400
    if recipe.model == "span_encoder":
        base = sentence_recipes.tuning_mb(int(recipe.features.get("length", 128)), recipe.params)
    return int(base + each * words)


def _words(facts: DataFacts) -> float:
    """Mean words of the longest text."""
    return max((column.mean_length for column in facts.columns if column.kind != "file"), default=50.0) / WORD


def _pieces(facts: DataFacts) -> float:
    """Mean pieces of a row, all its strings read."""
    read = [column for column in facts.columns if column.kind == "text" or 1 < column.n_unique <= CONDITIONS]
    return sum(column.mean_length for column in read) / PIECE + 3


def _length(facts: DataFacts) -> int:
    """Pieces that hold most rows whole."""
    return next((length for length in LENGTHS if length >= 2 * _pieces(facts)), LENGTHS[-1])
