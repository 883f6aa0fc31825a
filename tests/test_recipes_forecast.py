"""Recipes for series: each method on series whose next values are known, and the contract of every model."""

from __future__ import annotations

import dataclasses
import importlib.util
import pickle
import random
import time
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes import catalog as every
from podium.recipes import forecast
from podium.recipes.forecast import catalog
from podium.recipes.forecast.analogs import analogs
from podium.recipes.forecast.classical import METHODS, classical
from podium.recipes.forecast.linear import linear
from podium.recipes.forecast.panel import Panel
from podium.recipes.forecast.season import period_of
from podium.recipes.forecast.smoothing import smooth, tsb
from podium.recipes.source import solution
from podium.records import Competition, DataFacts, Hardware, Recipe

AHEAD = 6
ASKED = Competition(
    "c", "", "forecasting", "smape", "lower", ("value",), "id", ("id", "value"), "series", inputs=("series",),
    cv_strategy="forward", cv_horizon=float(AHEAD),
)  # fmt: skip
SMALL: dict[str, dict[str, Any]] = {
    "classical": {"method": "median"},
    "analogs": {"lengths": [14]},
    "linear_lags": {"length": 14},
    "chosen": {"methods": ["naive", "theta", "linear"], "windows": 1, "length": 14},
    "boosted_lags": {"rounds": 30, "points": 5000},
    "stats_models": {"models": ["DynamicOptimizedTheta"], "recent": 60},
    "window_nets": {"length": 21, "width": 32, "blocks": 2, "steps": 200, "batch": 64, "lr": 5e-3, "log": True},
}
EXTRA = {"stats_models": "statsforecast", "window_nets": "torch"}


def context(**changes: Any) -> Context:
    return dataclasses.replace(
        Context(seed=0, cores=1, task_type="forecasting", metric="smape", n_outputs=1, schema=()), **changes
    )


def world(n: int = 12, length: int = 90, seed: int = 0, promo: bool = False) -> tuple[Rows, Rows, np.ndarray]:
    """Training rows, rows asked, and their truth: a level, a week, perhaps promotions, a little noise."""
    rng = np.random.default_rng(seed)
    total = length + AHEAD
    level = rng.uniform(20, 200, n)[:, None]
    on = (rng.random((n, total)) < 0.3).astype(float) if promo else np.zeros((n, total))
    week = 1.0 + 0.3 * np.sin(2 * np.pi * np.arange(total) / 7)
    y = level * week * 1.6**on * np.exp(0.02 * rng.standard_normal((n, total)))
    frame = pl.DataFrame({
        "series": np.repeat([f"s{k:02d}" for k in range(n)], total),
        "time": np.tile(np.arange(float(total)), n), "promo": on.ravel(),
    })  # fmt: skip
    time_ = frame["time"].to_numpy()
    past = np.flatnonzero(time_ < length)
    asked = np.flatnonzero(time_ >= length)
    rng.shuffle(past)
    return Rows(frame, past, y=y.ravel()[past]), Rows(frame, asked), y.ravel()[asked]


def smape(truth: np.ndarray, found: np.ndarray) -> float:
    return float((200 * np.abs(truth - found) / (np.abs(truth) + np.abs(found))).mean())


# ---------------------------------------------------------------- methods


def test_smoothing_knows_levels_and_trends() -> None:
    rising = np.arange(60.0)
    assert smooth([rising], "holt", 3)[0] == pytest.approx([60, 61, 62], abs=0.3)
    flat = np.full(50, 7.0)
    for form in ("ses", "holt", "damped"):
        assert smooth([flat, rising], form, 2)[0] == pytest.approx([7, 7])
    shifted = np.r_[np.full(60, 10.0), np.full(20, 30.0)]
    assert smooth([shifted], "ses", 1)[0, 0] == pytest.approx(30, rel=0.01)


def test_series_of_different_length_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(0)
    series = [rng.normal(size=k).cumsum() + 50 for k in (9, 40, 200)]
    for method in METHODS:
        together = classical(series, 4, method, 7)
        for k, y in enumerate(series):
            assert np.allclose(together[k], classical([y], 4, method, 7)[0]), method


def test_seasonal_figures_are_put_back_in_phase() -> None:
    y = np.tile([10.0, 20.0, 30.0, 40.0], 12)[:-1]
    for method in ("naive", "ses", "median", "seasonal_naive"):
        assert classical([y], 4, method, 4)[0] == pytest.approx([40, 10, 20, 30], rel=0.02), method


def test_intermittent_demand_is_size_times_chance() -> None:
    y = np.zeros(200)
    y[::4] = 8.0
    assert 1.0 < tsb([y], 3)[0, 0] < 3.5
    assert classical([y], 2, "median", 1)[0, 0] < 4.0
    assert tsb([np.zeros(20)], 2).tolist() == [[0.0, 0.0]]


def test_the_period_is_found() -> None:
    rng = np.random.default_rng(0)
    weekly = [10 + 3 * np.sin(2 * np.pi * np.arange(120) / 7) + 0.3 * rng.normal(size=120) for _ in range(8)]
    assert period_of(weekly) == 7
    assert period_of([rng.normal(size=200).cumsum() for _ in range(10)]) == 1
    assert period_of([np.ones(30), np.arange(3.0)]) == 1


def test_analogs_find_what_followed_elsewhere() -> None:
    rng = np.random.default_rng(0)
    long = rng.normal(size=300).cumsum() + 100
    copy = 5.0 + 2.0 * long[100:180]  # its future lies in the other series
    found = analogs([long, copy], AHEAD, 30, neighbours=3)[1]
    assert found == pytest.approx(5.0 + 2.0 * long[180 : 180 + AHEAD], rel=0.02)
    assert analogs([np.arange(5.0)], 3, 30)[0].tolist() == [4.0, 4.0, 4.0]


def test_one_linear_model_learns_from_all_series() -> None:
    rng = np.random.default_rng(0)
    series = [
        a * (5 + np.sin(2 * np.pi * (np.arange(80) + p) / 8))
        for a, p in zip(rng.uniform(1, 99, 20), rng.integers(0, 8, 20), strict=True)
    ]
    found = linear([y[:-4] for y in series], 4, 16, penalty=0.01)
    assert found == pytest.approx(np.stack([y[-4:] for y in series]), rel=0.03)
    assert np.isfinite(linear([np.ones(30), np.zeros(9)], 3, 16)).all()


def test_gaps_are_filled_and_the_last_of_two_rows_counts() -> None:
    frame = pl.DataFrame({"series": ["a"] * 5, "time": [0.0, 1.0, 3.0, 4.0, 4.0]})
    panel = Panel.of(Rows(frame, np.arange(5)), np.array([1.5, 2.0, 4.0, 5.0, 6.0]))
    assert panel.values[0].tolist() == [1.5, 2.0, 3.0, 4.0, 6.0] and panel.last.tolist() == [4]
    sparse = Panel.of(Rows(frame, np.array([0, 3])), np.array([2.0, 3.0]))
    assert sparse.values[0].tolist() == [2.0, 0.0, 0.0, 0.0, 3.0], "counts that are missing are none"


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_model_beats_the_last_value_and_keeps_the_contract(name: str) -> None:
    if name in EXTRA and importlib.util.find_spec(EXTRA[name]) is None:
        pytest.skip(f"{EXTRA[name]} is an extra")
    train, asked, truth = world()
    features = {"horizon": AHEAD, "known": []}
    make = getattr(forecast, catalog.FAMILIES[name].class_name)
    model = make(features=features, **SMALL[name]).fit(train, context())
    values = model.predict(asked, context()).values
    assert values.shape == (len(asked), 1) and np.isfinite(values).all()
    last = train.y[np.argsort(train.ids)].reshape(12, -1)[:, -1]  # type: ignore[index]
    if name != "stats_models":
        assert smape(truth, values[:, 0]) < 0.7 * smape(truth, np.repeat(last, AHEAD))
    order = np.random.default_rng(0).permutation(len(asked))
    assert np.allclose(model.predict(asked.take(order), context()).values, values[order]), "depends on the batch"
    assert np.allclose(pickle.loads(pickle.dumps(model)).predict(asked, context()).values, values)
    assert np.allclose(
        make(features=features, **SMALL[name]).fit(train, context()).predict(asked, context()).values, values
    )


@pytest.mark.parametrize("name", ["classical", "boosted_lags"])
def test_what_is_known_of_the_future_is_used(name: str) -> None:
    train, asked, truth = world(promo=True)
    make, score = getattr(forecast, catalog.FAMILIES[name].class_name), {}
    for known in ([], ["promo"]):
        model = make(features={"horizon": AHEAD, "known": known}, **SMALL[name]).fit(train, context())
        score[len(known)] = smape(truth, model.predict(asked, context()).values[:, 0])
    assert score[1] < 0.6 * score[0], score


@pytest.mark.parametrize("name", ["classical", "boosted_lags", "chosen"])
def test_unknown_short_and_constant_series_are_answered(name: str) -> None:
    frame = pl.DataFrame({
        "series": ["a"] * 40 + ["b"] * 2 + ["c"] * 30 + ["new"] * 2 + ["a"] * 9,
        "time": [*map(float, range(40)), 38.0, 39.0, *map(float, range(10, 40)), 40.0, 41.0, *map(float, range(38, 47))],
    })  # fmt: skip
    y = np.r_[np.linspace(5, 9, 40), [3.0, 4.0], np.zeros(30)]
    make = getattr(forecast, catalog.FAMILIES[name].class_name)
    model = make(features={"horizon": 3}, **SMALL[name]).fit(Rows(frame, np.arange(72), y=y), context())
    values = model.predict(Rows(frame, np.arange(72, len(frame))), context()).values
    assert np.isfinite(values).all() and (values >= 0).all()


def test_a_fit_ends_in_time() -> None:
    train, asked, _ = world()
    for name in ("chosen", "boosted_lags", "analogs"):
        begun = time.monotonic()
        ctx = context(deadline=begun + 1.0)
        model = getattr(forecast, catalog.FAMILIES[name].class_name)(
            features={"horizon": AHEAD}, **{**SMALL[name], **({"rounds": 100_000} if name == "boosted_lags" else {})}
        )
        assert np.isfinite(model.fit(train, ctx).predict(asked, ctx).values).all()


# ---------------------------------------------------------------- catalog


def facts(known: bool = False) -> DataFacts:
    columns = [Column("series", "code", 359), Column("time", "numeric", 900)]
    if known:
        columns.append(Column("promo", "numeric", 2))
    return DataFacts(90_000, 0, 359 * AHEAD, 4, tuple(columns), 1, 5000)


def test_the_portfolio_begins_cheap_and_its_solutions_are_python() -> None:
    listed = every.portfolio(facts(), ASKED, Hardware(2, 8000))
    assert {recipe.kind for recipe in listed} == {"forecast"} and listed[0].params == {"method": "naive"}
    for recipe in listed:
        compile(solution(recipe, "t", "h"), "solution.py", "exec")
        assert every.cost_s(recipe, facts(), 90_000) > 0 and every.memory_mb(recipe, facts()) > 100
        assert recipe.features["horizon"] == AHEAD
    assert every.portfolio(facts(known=True), ASKED, Hardware(2, 8000))[1].features["known"] == ["promo"]


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert set(catalog.families(facts(), ASKED)) == {"classical", "analogs", "linear_lags", "chosen"}


def test_neighbours_differ_and_stay_in_their_family() -> None:
    rng = random.Random(0)
    for recipe in every.portfolio(facts(), ASKED, Hardware(2, 8000)):
        for _ in range(10):
            other = every.neighbours(recipe, rng, facts(), ASKED)
            assert other.model == recipe.model and other != recipe
            assert isinstance(other, Recipe)
