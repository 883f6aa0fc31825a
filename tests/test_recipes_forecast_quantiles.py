"""Forecasts as quantiles: residuals of path models, boosters a level, a net; they cover what they say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from test_recipes_forecast import AHEAD, ASKED, context, facts, world

from podium.metrics import get
from podium.recipes import catalog as every
from podium.recipes import forecast
from podium.recipes.forecast import catalog
from podium.recipes.forecast.backtest import Backtest
from podium.recipes.forecast.spread import quantiles
from podium.records import Hardware, Recipe

LOSS = "pinball@0.1,0.5,0.9"
MODELS: dict[str, dict[str, Any]] = {
    "Classical": {"method": "median"},
    "LinearLags": {"length": 14},
    "BoostedLags": {"rounds": 40, "points": 8000},
    "WindowNets": {"length": 21, "width": 32, "blocks": 2, "steps": 200, "batch": 64, "lr": 5e-3, "log": True},
}


@pytest.mark.parametrize("name", MODELS)
def test_quantiles_are_better_than_one_value_thrice(name: str) -> None:
    if name == "WindowNets":
        pytest.importorskip("torch", exc_type=ImportError)
    train, asked, truth = world(n=24)
    ctx = context(metric=LOSS)
    model = getattr(forecast, name)(features={"horizon": AHEAD, "known": []}, **MODELS[name]).fit(train, ctx)
    values = np.sort(model.predict(asked, ctx).values, axis=1)
    assert values.shape == (len(asked), 3) and np.isfinite(values).all()
    loss = get(LOSS)
    assert loss(truth, values) < 0.9 * loss(truth, np.repeat(values[:, 1:2], 3, axis=1))
    assert ((truth >= values[:, 0]) & (truth <= values[:, 2])).mean() > 0.4, "80 % is asked"


def test_a_width_is_the_series_own_and_grows_with_the_steps_ahead() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(4, 30, 5)) * np.array([1.0] * 15 + [10.0] * 15)[:, None] * np.sqrt(np.arange(1, 6))
    past = Backtest(np.zeros_like(errors), errors)
    found = quantiles(np.zeros((30, 5)), past, np.ones(30), (0.1, 0.5, 0.9))
    wide = found[..., 2] - found[..., 0]
    assert wide[15:].mean() > 4 * wide[:15].mean() and (np.diff(wide, axis=1) >= 0).all()
    assert wide[:15, 0].mean() == pytest.approx(2.56, rel=0.35)
    none = Backtest(np.empty((0, 2, 3)), np.empty((0, 2, 3)))
    assert (np.diff(quantiles(np.zeros((2, 3)), none, np.ones(2), (0.1, 0.9)), axis=2) > 0).all()


def test_recipes_know_how_many_quantiles_are_asked() -> None:
    asked = dataclasses.replace(ASKED, metric=LOSS)
    plain, told = (every.portfolio(facts(), c, Hardware(2, 8000)) for c in (ASKED, asked))
    for a, b in zip(plain, told, strict=True):
        assert b.features["levels"] == 3 and every.cost_s(b, facts(), 90_000) >= every.cost_s(a, facts(), 90_000)


def test_reconciled_forms_stand_beside_plain_ones_where_a_column_may_group_series() -> None:
    grouped = dataclasses.replace(
        facts(), columns=(*facts().columns, dataclasses.replace(facts().columns[0], name="dept", n_unique=7))
    )
    listed = every.portfolio(grouped, ASKED, Hardware(2, 8000))
    tried = [recipe for recipe in listed if recipe.features.get("reconcile")]
    assert len(tried) == catalog.RECONCILED_FIRST
    for recipe in tried:
        plain = Recipe(
            recipe.kind, recipe.model, {k: v for k, v in recipe.features.items() if k != "reconcile"}, recipe.params
        )
        assert plain in listed and every.cost_s(recipe, grouped, 90_000) > every.cost_s(plain, grouped, 90_000)
    assert not any(recipe.features.get("reconcile") for recipe in every.portfolio(facts(), ASKED, Hardware(2, 8000)))
