"""The forecasting families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import math
import random
from typing import Any

from podium.recipes.family import Family
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "classical": Family("Classical"),
    "analogs": Family("Analogs"),
    "linear_lags": Family("LinearLags"),
    "chosen": Family("Chosen"),
    "boosted_lags": Family("BoostedLags", ("lightgbm",)),
    "stats_models": Family("StatsModels", ("statsforecast",)),
}
NEEDS = {"boosted_lags": "lightgbm", "stats_models": "statsforecast"}
OWN = ("series", "time", "date")  # columns of units, which are not known features of the future
DAYS = 4.0  # a validation window this many times as long as the points asked of a series is not in steps
SLOW_SERIES = 3_000  # more than that many cost statsforecast too much

QUICK = ["naive", "drift", "ses", "damped", "theta", "linear"]
SPACE: dict[str, dict[str, list[Any]]] = {
    "classical": {
        "method": ["drift", "ses", "holt", "damped", "theta", "seasonal_naive", "mean", "median", "tsb"],
        "recent": [0, 52, 104, 260],
    },
    "analogs": {
        "lengths": [[30], [52], [60, 78], [52, 104], [40, 60, 90], [104, 156], [24, 36], [52, 60, 78, 104]],
        "neighbours": [3, 6, 10, 16, 30],
        "log": [None, False, True],
    },
    "linear_lags": {
        "length": [14, 28, 56, 80, 110, 160],
        "penalty": [0.1, 1.0, 10.0, 100.0],
        "log": [False, True],
        "half_life": [0.0, 100.0, 300.0],
    },
    "chosen": {
        "methods": [QUICK, [*QUICK, "analogs"], ["analogs", "linear"], ["naive", "damped", "theta", "seasonal_naive"]],
        "windows": [1, 2, 3],
        "sharpness": [1.0, 3.0, 8.0],
        "prior": [0.5, 2.0, 6.0],
        "length": [28, 52, 104],
    },
    "boosted_lags": {
        "learning_rate": [0.02, 0.05, 0.1],
        "num_leaves": [7, 15, 31, 63],
        "min_data_in_leaf": [20, 50, 200],
        "feature_fraction": [0.4, 0.7, 1.0],
        "lags": [8, 16, 26],
        "log": [False, True],
        "rounds": [150, 300, 600],
    },
    "stats_models": {
        "models": [
            ["DynamicOptimizedTheta"],
            ["AutoETS"],
            ["AutoCES"],
            ["AutoETS", "AutoCES", "DynamicOptimizedTheta"],
        ],
        "recent": [104, 260, 600],
    },
}


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Those whose library is installed; statsforecast only where series are few."""
    names = [name for name in FAMILIES if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
    return tuple(name for name in names if name != "stats_models" or n_series(facts) <= SLOW_SERIES)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Cheapest first; then what learns from all series at once, in several forms."""
    told = _features(facts, competition)
    known = families(facts, competition)
    listed: list[tuple[str, dict[str, Any]]] = [
        ("classical", {"method": "naive"}),
        ("analogs", {"lengths": [52, 104]}),
        ("classical", {"method": "median"}),
        ("boosted_lags", {"log": True, "rounds": 150, "learning_rate": 0.08, "points": 120_000}),
        ("linear_lags", {"length": 110, "log": True}),
        ("analogs", {"lengths": [60, 78]}),
        ("chosen", {"methods": QUICK}),
        ("boosted_lags", {"log": True, "lags": 26, "num_leaves": 63, "rounds": 400, "points": 300_000}),
        ("boosted_lags", {"num_leaves": 15, "rounds": 400}),
        ("classical", {"method": "seasonal_naive"}),
        ("linear_lags", {"length": 28}),
        ("stats_models", {"models": ["DynamicOptimizedTheta"]}),
        ("analogs", {"lengths": [30, 40], "neighbours": 20}),
        ("chosen", {"methods": [*QUICK, "analogs"], "sharpness": 1.0}),
        ("stats_models", {"models": ["AutoETS", "AutoCES"]}),
    ]
    if len(told["known"]):  # what is known of the future leads
        listed.insert(1, listed.pop(3))
        listed.insert(1, listed.pop(3))
    return tuple(Recipe("forecast", name, told, params) for name, params in listed if name in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters."""
    space, params = SPACE[recipe.model], dict(recipe.params)
    for name in rng.sample(sorted(space), min(len(space), rng.choice([1, 1, 2]))):
        params[name] = rng.choice([value for value in space[name] if value != params.get(name)])
    features = dict(recipe.features)
    if rng.random() < 0.15:
        features["period"] = 0 if features.get("period") else 1  # 1: no season is looked for
    return Recipe(recipe.kind, recipe.model, features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict, on one core."""
    n, p = n_series(facts), recipe.params
    reading = 1.5e-6 * rows + 0.3
    if recipe.model == "analogs":
        return reading + sum(
            _search(n, rows, length) * (1 if p.get("log") is not None else 2) for length in p["lengths"]
        )
    if recipe.model == "linear_lags":
        return reading + 2e-9 * min(rows, 400_000) * int(p.get("length", 56)) ** 2
    if recipe.model == "boosted_lags":
        points = min(int(p.get("points", 200_000)), rows * max(1, int(recipe.features.get("horizon", 1))))
        return float(reading + 1.0 + 1e-5 * points + 2.2e-7 * points * int(p.get("rounds", 300)))
    if recipe.model == "stats_models":
        return reading + 10.0 + 0.1 * n * len(p.get("models", ("",)))
    smoothing = 5e-8 * min(rows, 500 * n) * 100
    if recipe.model == "chosen":
        times = 1 + int(p.get("windows", 2))
        return reading + times * (2 * smoothing + (_search(n, rows, 52) if "analogs" in p.get("methods", ()) else 0.0))
    return reading + (smoothing if p.get("method") not in ("naive", "drift", "seasonal_naive", "mean") else 0.0)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: libraries, the rows with their names, and what the windows take."""
    windows = 200_000 if recipe.model == "boosted_lags" else min(facts.n_train, 400_000)
    width = {"linear_lags": 3 * int(recipe.params.get("length", 56)), "boosted_lags": 120}.get(recipe.model, 20)
    return int(400 + facts.n_train * 300 / 2**20 + windows * width * 8 / 2**20)


def n_series(facts: DataFacts) -> int:
    return max(1, next((c.n_unique for c in facts.columns if c.name == "series"), 1))


def _search(n: int, rows: int, length: int) -> float:
    """Seconds of one search for analogs: products, and normalising each window."""
    return min(3e11, float(n) * rows * length) * 5e-11 + 1.2e-7 * min(rows, 3e11 / (n * length)) * length


def _features(facts: DataFacts, competition: Competition) -> dict[str, Any]:
    """The horizon, and which columns are known of the future."""
    known = [c.name for c in facts.columns if c.name not in OWN and c.kind not in ("text", "file", "list", "constant")]
    asked, told = facts.n_test / n_series(facts), competition.cv_horizon
    horizon = math.ceil(asked) if told > DAYS * asked else round(told)  # told in days where times are dates
    return {"horizon": max(1, horizon), "known": known}
