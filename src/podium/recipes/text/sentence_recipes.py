"""The families on a pretrained sentence encoder: which can be had, what to try, costs. Part of the text catalog."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from podium.protocol import Column
from podium.recipes.family import Family
from podium.recipes.measured import MADE, ONCE
from podium.recipes.pretrained import ENCODERS, sentence_encoders
from podium.recipes.processor import multiplies_short
from podium.recipes.step import step
from podium.recipes.text.embed import PAIRED
from podium.records import Competition, DataFacts, Recipe

FAMILIES: dict[str, Family] = {
    "sentence_linear": Family("SentenceLinear", ("scikit-learn", "torch"), "vectors"),
    "sentence_boost": Family("SentenceBoost", ("scikit-learn", "lightgbm", "torch"), "vectors"),
    "sentence_tuned": Family("SentenceTuned", ("torch",), "pieces"),
}
USUAL = ENCODERS[0]
LENGTHS = (32, 64, 128, 256)
WIDTH = 384  # of a text's vector, where its encoder is the usual one
START_S = 3.0  # torch, the weights
PIECE_S = 2.6e-4  # a piece forward, on one core of 2026 (bench/sentences.py)
BACK = 3.0  # a step over a forward pass
SHORT = 0.6  # of a step, where the processor multiplies bfloat16
STEP_S = 0.05  # of a step for itself: ten million weights and their averages
BATCH_MB = 0.2  # of a piece in a batch
LETTERS = 4.3  # to a piece
DENSE = 1.5  # a number of a vector over a count, to boosting: hardly two rows have the same
TUNED: dict[str, Any] = {"epochs": 3, "slower": 0.12, "dropout": 0.0}  # in so few epochs nothing is learned by heart
SPACE: dict[str, dict[str, list[Any]]] = {
    "sentence_linear": {},
    "sentence_boost": {
        "num_leaves": [15, 31, 63],
        "feature_fraction": [0.05, 0.1, 0.2],
        "min_data_in_leaf": [10, 30, 80],
        "lambda_l2": [0.5, 5.0, 30.0],
    },
    "sentence_tuned": {
        "epochs": [1, 2, 3, 4, 6],
        "learning_rate": [5e-4, 1e-3, 2e-3],
        "slower": [0.03, 0.05, 0.08, 0.15],
        "batch_size": [16, 32, 64],
        "smoothing": [0.0, 0.05, 0.1],
        "dropout": [0.0, 0.1],
    },
}

USUALLY: dict[str, dict[str, Any]] = {
    "sentence_boost": {"num_leaves": 15, "feature_fraction": 0.4, "min_data_in_leaf": 30, "lambda_l2": 5.0},
    "sentence_tuned": {
        "epochs": 3, "learning_rate": 1e-3, "slower": 0.08, "batch_size": 32, "smoothing": 0.0, "dropout": 0.1,
    },
}  # fmt: skip


def portfolio(
    competition: Competition, texts: list[Column], stacked: tuple[dict[str, Any], dict[str, Any]]
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """`stacked`: features and parameters of boosting on evidence alone, which the vectors join."""
    names = sentence_encoders(competition)
    if not names:
        return []
    length = _length(texts)
    read = {"weights": names[0], "length": length}
    once = read if competition.looks_forward else {**read, "meanings": ONCE}
    features, params = stacked
    slow = {**params, "learning_rate": 0.06, "num_leaves": 31, "feature_fraction": 0.1, "rounds": 600}
    whole: dict[str, Any] = {**read, "length": min(256, length * min(2, len(texts))), "together": True}
    tuned = {**TUNED, "batch_size": batch_size(int(whole["length"]))}
    listed: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("sentence_boost", {**features, **once}, slow),
        ("sentence_tuned", whole, tuned),
        ("sentence_linear", once, {}),
    ]
    listed += [("sentence_linear", {**once, "weights": name}, {}) for name in names[1:]]
    return [*listed, *(("sentence_tuned", {**whole, "weights": name}, tuned) for name in names[1:])]


def mutate(recipe: Recipe, rng: random.Random, texts: list[Column], competition: Competition) -> Recipe:
    """A step in parameters, in how much of a text is read, or another encoder where the user has some; the recipe itself where
    nothing is left to move."""
    features, params, space = dict(recipe.features), dict(recipe.params), dict(SPACE[recipe.model])
    if not competition.task_type.endswith("classification"):
        space.pop("smoothing", None)  # of classes
    names, lengths = sentence_encoders(competition), _other_lengths(recipe, texts)
    moves = [*space, *(["weights"] if len(names) > 1 else []), *(["length"] if lengths else [])]
    if not moves:
        return recipe
    move = rng.choice(moves)
    if move == "weights":
        features["weights"] = rng.choice([name for name in names if name != features["weights"]])
    elif move == "length":
        features["length"] = rng.choice(lengths)
    else:
        step(params, move, space[move], USUALLY[recipe.model], rng)
    return Recipe(recipe.kind, recipe.model, features, params)


def _other_lengths(recipe: Recipe, texts: list[Column]) -> list[int]:
    """Up to where most texts are whole: further on there is nothing to read."""
    together = 2 if recipe.features.get("together") and len(texts) > 1 else 1
    whole = _length(texts) * together
    return [length for length in LENGTHS if length <= whole and length != recipe.features.get("length")]


def reading_s(recipe: Recipe, facts: DataFacts, texts: list[Column], rows: int) -> float:
    """Seconds in which a fit and its predictions read texts; a `prepare` is shared by all folds."""
    length = int(recipe.features.get("length", 128))
    every = facts.n_train + facts.n_vault + facts.n_test
    if recipe.model == "sentence_tuned":
        pieces = min(length, sum(_pieces(column, length) for column in longest(texts, 2)))  # the pair is cut as one
        return tuning_s(pieces, rows, rows / max(1, facts.n_folds - 1), recipe.params)
    looked = every / max(1, facts.n_folds) if recipe.features.get("meanings") == ONCE else rows * 1.25
    if recipe.features.get("meanings") == MADE:  # by another experiment
        return 0.0
    share = [min(1.0, column.n_unique / max(1, facts.n_train)) or 1.0 for column in texts]
    distinct = sum(looked * part * _pieces(column, length) for part, column in zip(share, texts, strict=True))
    return START_S + PIECE_S * distinct


def tuning_s(pieces: float, rows: int, asked: float, params: Mapping[str, Any]) -> float:
    """Seconds of fine-tuning on rows of so many pieces, and of reading those asked about."""
    epochs = float(params.get("epochs", 3))
    steps = epochs * rows / int(params.get("batch_size", 32))
    back = BACK * (SHORT if multiplies_short() else 1.0)
    return START_S + STEP_S * steps + PIECE_S * pieces * (back * epochs * rows + asked)


def tuning_mb(length: int, params: Mapping[str, Any]) -> int:
    """torch, the encoder, its optimiser and averages; what a batch of the longest rows leaves for the way back."""
    return 1000 + int(BATCH_MB * length * int(params.get("batch_size", 32)))


def batch_size(length: int) -> int:
    """Rows of that many pieces whose steps stay under a gigabyte."""
    return max(8, min(32, 4096 // max(1, length)))


def linear_s(facts: DataFacts, texts: list[Column], rows: int, classifies: bool) -> float:
    """Solving, on the vectors of the texts and of their pairs."""
    wide = vectors(texts)
    if classifies:
        return 3e-7 * rows * wide * max(2, facts.n_outputs) / 4
    return 7e-10 * rows * wide**2


def vectors(texts: list[Column]) -> int:
    """Numbers a row."""
    return WIDTH * (len(texts) + 2 * math.comb(min(PAIRED, len(texts)), 2)) + math.comb(len(texts), 2)


def memory_mb(recipe: Recipe, facts: DataFacts, texts: list[Column]) -> int:
    """Peak of one run: torch, the encoder and its optimiser, or the vectors of all rows with their copies."""
    if recipe.model == "sentence_tuned":
        return tuning_mb(int(recipe.features.get("length", 96)), recipe.params)
    return 900 + int(4 * 8 * (facts.n_train + facts.n_test) * vectors(texts) / 2**20 / 1.6)


def longest(texts: Sequence[Column], most: int) -> list[Column]:
    """At most so many, those that say most, in the table's order."""
    kept = sorted(range(len(texts)), key=lambda place: -texts[place].mean_length)[:most]
    return [texts[place] for place in sorted(kept)]


def _pieces(column: Column, length: int) -> float:
    return min(length, column.mean_length / LETTERS + 2)


def _length(texts: list[Column]) -> int:
    """Pieces that hold most texts whole."""
    longest = max((column.mean_length for column in texts), default=100.0)
    return next((length for length in LENGTHS if length >= 2 * longest / LETTERS + 4), LENGTHS[-1])
