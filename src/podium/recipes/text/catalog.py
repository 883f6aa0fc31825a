"""The text families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import random
import re
from typing import Any

from podium.protocol import Column
from podium.recipes.family import Family
from podium.recipes.pretrained import sentence_encoders
from podium.recipes.step import step
from podium.recipes.text import sentence_recipes
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "naive_bayes": Family("NaiveBayes", ("scikit-learn",)),
    "nbsvm": Family("NbSvm", ("scikit-learn",)),
    "nb_stack": Family("NbStack", ("scikit-learn",)),
    "text_boost": Family("TextBoost", ("scikit-learn", "lightgbm")),
    "tfidf_linear": Family("TfidfLinear", ("scikit-learn",)),
    **sentence_recipes.FAMILIES,
}

OF_VALUES = ("tfidf_linear", "nb_stack", "text_boost")
BOOSTED = ("text_boost", "sentence_boost")
PROSE = 40.0  # mean characters from which a text column is prose; below it may be a name
BUDGET = {"word": 60.0, "char": 12.0}  # million characters of training texts that n-grams are made of, at most

WORDS, CHARS = "word 1-2", "char 2-5"
APART = ["word 1-1", "word 2-2", "char 3-4", "char 5-5", "char 6-6"]  # each kind speaks for itself in a stack
FEW = ["word 1-1", "word 1-2", "char 2-5"]

GRAMS = {
    "together": [[WORDS], [CHARS], [WORDS, CHARS], [WORDS, "char 3-5"], [WORDS, "char 2-6"], ["word 1-3", CHARS]],
    "apart": [FEW, APART, ["word 1-1", "word 1-2", "char 3-6"], ["word 1-2", "word 1-2 lower", "char 2-4", "char 4-6"]],
}
SPACE: dict[str, dict[str, list[Any]]] = {
    "naive_bayes": {"alphas": [[0.03], [0.1], [0.3], [1.0], [0.1, 1.0]], "complement": [False, True]},
    "nbsvm": {"C": [0.3, 1.0, 3.0, 10.0, 30.0], "alpha": [0.03, 0.1, 0.3, 1.0], "table": [0.1, 0.3, 1.0]},
    "tfidf_linear": {"C": [0.3, 1.0, 3.0, 10.0, 30.0], "loss": ["logistic", "hinge"], "table": [0.1, 0.3, 1.0]},
    "nb_stack": {"alphas": [[0.1], [0.03, 0.3], [0.1, 1.0]], "complement": [False, True], "C": [0.01, 0.1, 1.0]},
    "text_boost": {
        "alphas": [[0.1], [0.03, 0.3], [0.1, 1.0]],
        "num_leaves": [7, 15, 31, 63],
        "learning_rate": [0.03, 0.05, 0.1],
        "min_data_in_leaf": [10, 30, 80],
        "feature_fraction": [0.2, 0.4, 0.7],
        "lambda_l2": [0.5, 5.0, 30.0],
    },
}
USUAL: dict[str, dict[str, Any]] = {
    "naive_bayes": {"alphas": [0.1], "complement": False},
    "nbsvm": {"C": 10.0, "alpha": 0.1, "table": 0.3},
    "tfidf_linear": {"C": 10.0, "loss": "logistic", "table": 0.3},
    "nb_stack": {"alphas": [0.03, 0.3], "complement": False, "C": 0.1},
    "text_boost": {
        "alphas": [0.03, 0.3], "num_leaves": 15, "learning_rate": 0.06, "min_data_in_leaf": 30, "feature_fraction": 0.4,
        "lambda_l2": 5.0,
    },
}  # fmt: skip
IDLE = ("complement", "loss")  # of classes alone
PATIENCE = 25  # rounds of boosting without gain
ROUNDS = {0.03: 900, 0.05: 600, 0.1: 300}  # trees go with the learning rate


def text_columns(schema: tuple[Column, ...]) -> list[Column]:
    return [column for column in schema if column.kind == "text"]


def text_led(schema: tuple[Column, ...]) -> bool:
    """Whether texts carry the rows: prose, or at least half of the columns that vary.

    A surname beside ten numbers does not make a table a text competition.
    """
    texts = text_columns(schema)
    others = [column for column in schema if column.kind not in ("text", "constant")]
    return bool(texts) and (any(column.mean_length >= PROSE for column in texts) or len(texts) >= len(others))


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """None where no text carries the rows. Naive-Bayes weights are of classes: values get ridge, stack and boosting."""
    if not text_led(facts.columns):
        return ()
    names = list(FAMILIES) if _classifies(competition) else [*OF_VALUES, *sentence_recipes.FAMILIES]
    if not sentence_encoders(competition):
        names = [name for name in names if name not in sentence_recipes.FAMILIES]
    boosts = importlib.util.find_spec("lightgbm") is not None
    return tuple(name for name in names if boosts or "lightgbm" not in FAMILIES[name].requires)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Cheapest first; then what is strong and unlike the others; none that needs more than half of the memory but the first."""
    known = families(facts, competition)
    pairs = len(text_columns(facts.columns)) > 1
    listed = _of_classes(pairs) if _classifies(competition) else _of_values(pairs)
    boosted = next(one for one in listed if one[0] == "text_boost")
    meant = sentence_recipes.portfolio(competition, text_columns(facts.columns), boosted[1:])
    ahead = 1 if pairs else 3  # of one text n-grams tell most, of two how near their meanings are
    listed = [*listed[:ahead], *meant[:1], *listed[ahead:3], *meant[1:3], *listed[3:], *meant[3:]]
    made = [Recipe("text", *parts) for parts in listed if parts[0] in known]
    fits = [recipe for recipe in made if memory_mb(recipe, facts) <= max(1024, hardware.memory_mb // 2)]
    return tuple(fits or made[:1])


def _of_classes(pairs: bool) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    boost = {"learning_rate": 0.1, "num_leaves": 7, "feature_fraction": 0.3, "rounds": 300, "patience": PATIENCE}
    stacked = {"grams": APART, "style": True, **({"pairs": True} if pairs else {})}
    listed: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("naive_bayes", {"grams": [WORDS]}, {"alphas": [0.1]}),
        ("nb_stack", stacked, {"alphas": [0.03, 0.3], "complement": True}),
        ("nbsvm", {"grams": [WORDS, CHARS]}, {"C": [1.0, 10.0], "alpha": 0.3}),
        ("text_boost", stacked, {"alphas": [0.1], **boost}),
        ("tfidf_linear", {"grams": [WORDS, CHARS]}, {"C": 3.0}),
        ("nbsvm", {"grams": [WORDS]}, {"C": 3.0, "alpha": 1.0}),
        ("tfidf_linear", {"grams": [WORDS], "min_df": 2}, {"C": 1.0, "loss": "hinge"}),
        ("naive_bayes", {"grams": ["char 2-6"]}, {"alphas": [0.03]}),
    ]
    return [listed[0], *sorted(listed[1:], key=lambda one: not one[1].get("pairs"))]


def _of_values(pairs: bool) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    features = {"grams": ["word 1-1", WORDS, "char 3-5"], "style": True, "pairs": pairs}
    slow = {"learning_rate": 0.05, "num_leaves": 63, "feature_fraction": 0.3, "rounds": 600, "patience": PATIENCE}
    quick = {"learning_rate": 0.1, "num_leaves": 15, "rounds": 400, "patience": PATIENCE}
    return [
        ("nb_stack", features, {"alphas": [0.03, 0.3]}),
        ("text_boost", features, {"alphas": [0.03, 0.3], **quick}),
        ("tfidf_linear", {"grams": [WORDS, "char 3-5"]}, {"C": 1.0}),
        ("text_boost", features, {"alphas": [0.1, 1.0], **slow}),
        ("tfidf_linear", {"grams": [WORDS], "min_df": 2}, {"C": 0.3}),
    ]


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters, or other n-grams."""
    if recipe.model in sentence_recipes.FAMILIES:
        return sentence_recipes.mutate(recipe, rng, text_columns(facts.columns), competition)
    features, params = dict(recipe.features), dict(recipe.params)
    stacked = recipe.model in ("nb_stack", "text_boost")
    space = {
        name: values for name, values in SPACE[recipe.model].items() if _classifies(competition) or name not in IDLE
    }
    if competition.task_type != "multiclass_classification":
        space.pop("complement", None)  # of two classes each is the other's
    if all(column.kind in ("text", "constant", "file") for column in facts.columns):
        space.pop("table", None)  # there is none
    moves = ["grams", "grams", "min_df", *(["style"] if stacked else []), *space]
    for move in dict.fromkeys(rng.sample(moves, rng.choice([1, 1, 2]))):
        if move == "grams":
            kinds = GRAMS["apart" if stacked else "together"]
            features["grams"] = rng.choice([grams for grams in kinds if grams != features.get("grams")])
        elif move == "style":
            features["style"] = not features.get("style", False)
        elif move == "min_df":
            features["min_df"] = rng.choice([least for least in (1, 2, 3) if least != features.get("min_df", 1)])
        else:
            step(params, move, space[move], USUAL[recipe.model], rng)
            if move == "learning_rate":
                params["rounds"] = ROUNDS[params[move]]
    return Recipe(recipe.kind, recipe.model, features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict of a fold's rows, on one core (calibrated by bench/recipes.py)."""
    outputs, texts = max(1, facts.n_outputs), text_columns(facts.columns)
    told, columns = 0.0, 0
    if recipe.model in sentence_recipes.FAMILIES:
        told = sentence_recipes.reading_s(recipe, facts, texts, rows)
        if recipe.model == "sentence_tuned":
            return told
        if recipe.model == "sentence_linear":
            return told + sentence_recipes.linear_s(facts, texts, rows, facts.target_cardinality <= max(2, outputs))
        columns = round(sentence_recipes.DENSE * sentence_recipes.vectors(texts))
    grams = _grams(recipe)
    counting = 1.25 * sum(
        _rate(spelling, word=0.07, char=0.14) * _millions(facts, rows, spelling) for spelling in grams
    )
    if recipe.model in ("nbsvm", "tfidf_linear"):
        candidates = recipe.params.get("C", 10.0)
        trials = len(candidates) if isinstance(candidates, list) else 0
        fits = 1 + max(trials if trials > 1 else 0, recipe.params.get("loss") == "hinge")
        solving = sum(_rate(spelling, word=0.015, char=0.06) * _millions(facts, rows, spelling) for spelling in grams)
        return 0.1 + counting + fits * outputs * solving
    alphas = len(recipe.params.get("alphas", (1, 1)))
    columns += 2 * outputs * alphas * len(grams) + (40 if recipe.features.get("style") else 0) + 4
    compared = 7e-5 * rows if recipe.features.get("pairs") else 0.0
    evidence = 0.04 * counting * alphas * outputs
    top = 2e-7 * rows * columns * outputs
    if recipe.model in BOOSTED:
        rounds = min(recipe.params.get("rounds", 400), 14 / recipe.params.get("learning_rate", 0.06))
        share = recipe.params.get("feature_fraction", 0.4)
        top = rounds * outputs * (1.2e-8 * rows * columns * share + 1e-3)
    return 0.15 + told + counting + evidence + compared + top


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: interpreter and libraries, hashes of a chunk, and the sparse matrix with its copies."""
    if recipe.model in ("sentence_linear", "sentence_tuned"):
        return sentence_recipes.memory_mb(recipe, facts, text_columns(facts.columns))
    stored = [_rate(s, word=0.25, char=0.7) * _millions(facts, facts.n_train, s) for s in _grams(recipe)]
    kept = max(stored, default=0.0) if recipe.model in ("nb_stack", *BOOSTED) else sum(stored)
    beside = (
        sentence_recipes.memory_mb(recipe, facts, text_columns(facts.columns)) if recipe.model == BOOSTED[1] else 500
    )
    return int(beside + 4 * 8 * kept)


def _classifies(competition: Competition) -> bool:
    return competition.task_type.endswith("classification")


def _grams(recipe: Recipe) -> list[str]:
    return list(recipe.features.get("grams", [WORDS]))


def _millions(facts: DataFacts, rows: int, spelling: str) -> float:
    """Millions of characters that n-grams of one kind are made of in one fit."""
    length = sum(column.mean_length for column in text_columns(facts.columns))
    return min(rows * max(length, 10.0) / 1e6, 2 * BUDGET[spelling.split()[0]])


def _rate(spelling: str, **of_unit: float) -> float:
    """What one order of n-grams of this unit costs, times its orders."""
    match = re.match(r"(word|char) (\d)-(\d)", spelling)
    if match is None:
        return sum(of_unit.values())
    return of_unit[match[1]] * (int(match[3]) - int(match[2]) + 1)
