"""The forecasting families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import math
import random
from dataclasses import replace
from typing import Any

from podium.metrics.distributions import levels_in
from podium.recipes.family import Family
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "classical": Family("Classical"),
    "analogs": Family("Analogs"),
    "linear_lags": Family("LinearLags"),
    "chosen": Family("Chosen"),
    "boosted_lags": Family("BoostedLags", ("lightgbm",)),
    "stats_models": Family("StatsModels", ("statsforecast",)),
    "window_nets": Family("WindowNets", ("torch",)),
}
NEEDS = {"boosted_lags": "lightgbm", "stats_models": "statsforecast", "window_nets": "torch"}
OWN = ("series", "time", "date")  # columns of units, which are not known features of the future
DAYS = 4.0  # a validation window this many times as long as the points asked of a series is not in steps
SLOW_SERIES = 3_000  # more than that many cost statsforecast too much
NET_READS = 8  # horizons that a net reads, where that is not few or very many values
NET_SERIES, NET_POINTS = 20, 10_000  # fewer teach a net too little to wait for torch
NET_LEADS = 100_000  # points from which a net is tried early: on 24,000 it was no better than a linear model
BACKTESTED = 4  # windows that a path model is run on again, for quantiles or to reconcile
RECONCILED = ("classical", "analogs", "linear_lags", "chosen", "stats_models")
RECONCILED_FIRST = 3  # recipes that are tried reconciled, each beside its plain form

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
    "window_nets": {
        "length": [28, 52, 78, 110, 156],
        "width": [64, 128, 256],
        "blocks": [2, 3, 4],
        "steps": [600, 1000, 2000],
        "lr": [5e-4, 1e-3, 2e-3],
        "log": [False, True],
        "recent": [0, 150, 400],
        "nets": [1, 2, 3],
    },
}


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Those whose library is installed; statsforecast only where series are few, a net only where they are many."""
    few, many = n_series(facts) <= SLOW_SERIES, n_series(facts) >= NET_SERIES and facts.n_train >= NET_POINTS
    fits = {"stats_models": few, "window_nets": many}
    names = [name for name in FAMILIES if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
    return tuple(name for name in names if fits.get(name, True))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Cheapest first; then what learns from all series at once, in several forms."""
    told = _features(facts, competition)
    known = families(facts, competition)
    length = min(max(NET_READS * told["horizon"], 28), 180)
    listed: list[tuple[str, dict[str, Any]]] = [
        ("classical", {"method": "naive"}),
        ("analogs", {"lengths": [52, 104]}),
        ("classical", {"method": "median"}),
        ("boosted_lags", {"log": True, "rounds": 150, "learning_rate": 0.08, "points": 120_000}),
        ("window_nets", {"length": length, "log": True}),
        ("linear_lags", {"length": 110, "log": True}),
        ("analogs", {"lengths": [60, 78]}),
        ("chosen", {"methods": QUICK}),
        ("boosted_lags", {"log": True, "lags": 26, "num_leaves": 63, "rounds": 400, "points": 300_000}),
        ("boosted_lags", {"num_leaves": 15, "rounds": 400}),
        ("window_nets", {"length": 3 * length // 2, "log": True, "nets": 2}),
        ("classical", {"method": "seasonal_naive"}),
        ("linear_lags", {"length": 28}),
        ("stats_models", {"models": ["DynamicOptimizedTheta"]}),
        ("analogs", {"lengths": [30, 40], "neighbours": 20}),
        ("chosen", {"methods": [*QUICK, "analogs"], "sharpness": 1.0}),
        ("stats_models", {"models": ["AutoETS", "AutoCES"]}),
    ]
    if facts.n_train < NET_LEADS:
        listed.sort(key=lambda item: item[0] == "window_nets")
    if len(told["known"]):  # what is known of the future leads
        listed.insert(1, listed.pop(3))
        listed.insert(1, listed.pop(3))
    recipes = [Recipe("forecast", name, told, params) for name, params in listed if name in known]
    if may_reconcile(facts):
        own = [recipe for recipe in recipes if recipe.model in RECONCILED and recipe.params.get("method") != "naive"]
        first = own[:RECONCILED_FIRST]
        recipes[2:2] = [replace(recipe, features={**recipe.features, "reconcile": True}) for recipe in first]
    return tuple(recipes)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters."""
    space, params = SPACE[recipe.model], dict(recipe.params)
    for name in rng.sample(sorted(space), min(len(space), rng.choice([1, 1, 2]))):
        params[name] = rng.choice([value for value in space[name] if value != params.get(name)])
    features = dict(recipe.features)
    if rng.random() < 0.15:
        features["period"] = 0 if features.get("period") else 1  # 1: no season is looked for
    if recipe.model in RECONCILED and may_reconcile(facts) and rng.random() < 0.3:
        features["reconcile"] = not features.get("reconcile", False)
    return Recipe(recipe.kind, recipe.model, features, params)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict, on one core."""
    reading, levels = 1.5e-6 * rows + 0.3, int(recipe.features.get("levels", 0))
    if recipe.model in ("boosted_lags", "window_nets"):
        return reading + _learning(recipe, facts, rows, levels)
    runs = 1 + BACKTESTED * bool(levels or recipe.features.get("reconcile"))
    return reading + runs * _making(recipe, n_series(facts), rows)


def _learning(recipe: Recipe, facts: DataFacts, rows: int, levels: int) -> float:
    """Seconds of a model that is trained once for all series: boosters one a quantile, or nets."""
    p, horizon = recipe.params, max(1, int(recipe.features.get("horizon", 1)))
    if recipe.model == "boosted_lags":
        points = min(int(p.get("points", 200_000)), rows * horizon)
        return float(1.0 + 1e-5 * points + 2.2e-7 * points * int(p.get("rounds", 300)) * max(1, levels))
    length, width, answers = int(p.get("length", 110)), int(p.get("width", 128)), horizon * max(1, levels)
    weights = int(p.get("blocks", 3)) * width * (2 * length + width + answers)
    step = 1.5e-3 + 2e-10 * int(p.get("batch", 256)) * weights
    return 4.0 + int(p.get("nets", 1)) * int(p.get("steps", 1000)) * step  # four of them for torch


def _making(recipe: Recipe, n: int, rows: int) -> float:
    """Seconds of the paths of n series."""
    p = recipe.params
    if recipe.model == "analogs":
        return sum(_search(n, rows, length) * (1 if p.get("log") is not None else 2) for length in p["lengths"])
    if recipe.model == "linear_lags":
        return 2e-9 * min(rows, 400_000) * int(p.get("length", 56)) ** 2
    if recipe.model == "stats_models":
        return 10.0 + 0.1 * n * len(p.get("models", ("",)))
    smoothing = 5e-8 * min(rows, 500 * n) * 100
    if recipe.model == "chosen":
        times = 1 + int(p.get("windows", 2))
        return times * (2 * smoothing + (_search(n, rows, 52) if "analogs" in p.get("methods", ()) else 0.0))
    return smoothing if p.get("method") not in ("naive", "drift", "seasonal_naive", "mean") else 0.0


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: libraries, the rows with their names, and what the windows take."""
    windows = 200_000 if recipe.model == "boosted_lags" else min(facts.n_train, 400_000)
    width = {"linear_lags": 3 * int(recipe.params.get("length", 56)), "boosted_lags": 120}.get(recipe.model, 20)
    torch = 350 if recipe.model == "window_nets" else 0
    return int(400 + torch + facts.n_train * 300 / 2**20 + windows * width * 8 / 2**20)


def may_reconcile(facts: DataFacts) -> bool:
    """Whether a column of few names, beside the series, may say which belong together."""
    most = n_series(facts) // 2
    return any(
        c.kind in ("categorical", "code") and c.name not in OWN and 2 <= c.n_unique <= most for c in facts.columns
    )


def n_series(facts: DataFacts) -> int:
    return max(1, next((c.n_unique for c in facts.columns if c.name == "series"), 1))


def _search(n: int, rows: int, length: int) -> float:
    """Seconds of one search for analogs: products, and normalising each window."""
    return min(3e11, float(n) * rows * length) * 5e-11 + 1.2e-7 * min(rows, 3e11 / (n * length)) * length


def _features(facts: DataFacts, competition: Competition) -> dict[str, Any]:
    """The horizon, which columns are known of the future, and how many quantiles are asked."""
    known = [c.name for c in facts.columns if c.name not in OWN and c.kind not in ("text", "file", "list", "constant")]
    asked, told = facts.n_test / n_series(facts), competition.cv_horizon
    horizon = math.ceil(asked) if told > DAYS * asked else round(told)  # told in days where times are dates
    levels = len(levels_in(competition.metric))
    return {"horizon": max(1, horizon), "known": known, **({"levels": levels} if levels else {})}
