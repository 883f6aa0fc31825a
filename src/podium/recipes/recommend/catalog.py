"""The recommenders: what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import random
from typing import Any

from podium.recipes.family import Family
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "popularity": Family("Popularity", unlabelled=True),
    "item_knn": Family("ItemKnn", unlabelled=True),
    "ease": Family("EaseR", unlabelled=True),
    "rp3beta": Family("Rp3Beta", unlabelled=True),
    "co_visits": Family("CoVisits", unlabelled=True),
    "als": Family("AlsFactors", unlabelled=True),
    "bpr": Family("BprFactors", unlabelled=True),
    "two_stage": Family("TwoStage", ("lightgbm",), unlabelled=True),
    "sequence_net": Family("SequenceNet", ("torch",), unlabelled=True),
}
NEEDED = {"two_stage": "lightgbm", "sequence_net": "torch"}

SPACE: dict[str, dict[str, list[Any]]] = {
    "popularity": {"buckets": [6, 12, 24, 60], "local": [0.0, 0.5, 0.8, 0.95], "width": [0.5, 1.0, 2.0]},
    "item_knn": {
        "shrink": [2.0, 5.0, 20.0, 60.0], "half": [0.0, 5.0, 20.0, 60.0], "most": [50, 200, 500],
        "liked": [0.0, 1.0, 2.0], "power": [0.3, 0.5, 0.7],
    },
    "ease": {
        "penalty": [50.0, 100.0, 300.0, 600.0], "half": [0.0, 5.0, 20.0, 60.0], "liked": [0.0, 1.0, 2.0],
        "fade": [0.0, 50.0, 200.0],
    },
    "rp3beta": {"beta": [0.3, 0.5, 0.6, 0.8], "half": [0.0, 5.0, 20.0], "alpha": [0.7, 1.0], "liked": [0.0, 1.0]},
    "co_visits": {
        "reach": [8, 20, 40, 80], "near": [3.0, 10.0, 20.0, 40.0], "half": [1.0, 3.0, 10.0, 20.0],
        "forward": [0.5, 0.7, 0.9], "power": [0.2, 0.4, 0.6], "liked": [0.0, 0.5, 1.0], "shrink": [1.0, 3.0, 10.0],
    },
    "als": {"factors": [32, 64, 128], "penalty": [0.05, 0.3, 1.0], "alpha": [3.0, 10.0, 40.0], "half": [0.0, 20.0]},
    "bpr": {"factors": [32, 64], "epochs": [5, 15, 30], "rate": [0.03, 0.05, 0.1], "half": [5.0, 20.0, 60.0]},
    "two_stage": {
        "each": [30, 60, 100], "rounds": [120, 240, 400], "learning_rate": [0.02, 0.03, 0.05], "num_leaves": [3, 4, 7, 15],
        "min_data_in_leaf": [20, 80, 200, 500], "feature_fraction": [0.3, 0.5, 0.8], "bags": [1, 2, 4], "cuts": [0, 1, 3],
    },
    "sequence_net": {
        "width": [48, 64, 96], "dropout": [0.2, 0.4, 0.6], "lr": [5e-4, 1e-3, 3e-3], "epochs": [2, 4, 8, 16],
        "half": [3.0, 10.0, 20.0], "places": [20, 50, 100], "ahead": [1, 3, 10, 20],
    },
}  # fmt: skip


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """All whose library is installed."""
    return tuple(name for name in FAMILIES if name not in NEEDED or importlib.util.find_spec(NEEDED[name]))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Popularity first: it is cheap, and nobody is left without an answer. Then what remembers the order of events."""
    listed: list[tuple[str, dict[str, Any]]] = [
        ("popularity", {}),
        ("co_visits", {"near": 20.0, "reach": 40, "half": 10.0}),
        ("two_stage", {}),
        ("ease", {"penalty": 300.0, "half": 20.0, "liked": 1.0}),
        ("item_knn", {"half": 5.0}),
        ("two_stage", {"cuts": 1, "bags": 4, "num_leaves": 7, "each": 100}),
        ("co_visits", {"near": 3.0, "reach": 8, "half": 2.0, "forward": 0.9}),
        ("rp3beta", {"half": 20.0}),
        ("als", {}),
        ("bpr", {}),
        ("sequence_net", {}),
    ]
    known = families(facts, competition)
    return tuple(Recipe("recommend", model, {}, params) for model, params in listed if model in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two parameters, elsewhere in the family's space."""
    space, params = SPACE[recipe.model], dict(recipe.params)
    for name in rng.sample(sorted(space), rng.choice([1, 1, 2])):
        params[name] = rng.choice([value for value in space[name] if value != params.get(name)])
    return Recipe(recipe.kind, recipe.model, dict(recipe.features), params)


EVENTS_A_ROW = 60.0  # where nothing is known of how long histories are
ITEMS = 5_000.0


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict, on one core; catalogues are not known, so taken as of 5,000 items."""
    thousand = rows / 1000.0
    params = recipe.params
    of: dict[str, float] = {
        "popularity": 0.5 + 0.2 * thousand,
        "rp3beta": 1.0 + 1.0 * thousand,
        "item_knn": 4.0 + 2.0 * thousand,
        "ease": 5.0 + 2.0 * thousand,
        "co_visits": 1.0 + 0.1 * params.get("reach", 20) * thousand,
        "als": 1.0 + 0.05 * params.get("factors", 64) * (1.0 + thousand),
        "bpr": 1.5 * params.get("epochs", 15) * (0.2 + thousand),
        "two_stage": (2 + params.get("cuts", 1)) * (8.0 + 8.0 * thousand)
        + (1 + params.get("bags", 2)) * params.get("rounds", 240) * 0.03 * (0.5 + thousand),
        "sequence_net": 4.0
        + params.get("epochs", 4) * EVENTS_A_ROW * thousand * 0.025 * (params.get("width", 64) / 64),
    }
    return of[recipe.model]


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Interpreter and libraries, histories, a block of scores, and what the model keeps of pairs of items."""
    events = EVENTS_A_ROW * (facts.n_train + facts.n_test) / 1e6
    pairs = {"ease": 900, "item_knn": 500, "co_visits": 500, "two_stage": 1_800, "sequence_net": 900}.get(
        recipe.model, 150
    )
    return int(450 + 120 * events + pairs)
