"""No false alarm: every family of recipes, on every kind of competition, passes every probe."""

from __future__ import annotations

from pathlib import Path

import probe_world
import pytest
from probe_world import engine_at, experiment

from podium.campaign.engine import Engine
from podium.campaign.probes import probe_fits, probing
from podium.recipes import catalog
from podium.recipes.source import solution
from podium.records import Hardware, QaCheck, Recipe
from podium.team.builtin import qa

SLOW = ("kernel", "mlp", "catboost")  # a second a fit on these data: left to the slow test


def recipes(engine: Engine, *, everything: bool) -> list[Recipe]:
    """The portfolio's models and views of the columns, each once, but for those on weights, which these runs are not given;
    the first of each family alone, unless `everything`."""
    listed = catalog.portfolio(engine.dataset.facts, engine.competition, Hardware(2, 4000))
    found = [recipe for recipe in listed if "weights" not in recipe.features]
    if everything:
        return list({(recipe.model, repr(recipe.features)): recipe for recipe in reversed(found)}.values())
    first = {recipe.model: recipe for recipe in reversed(found)}
    return [first[model] for model in sorted(first) if model not in SLOW]


def accused(engine: Engine, recipe: Recipe, *, dear: bool) -> list[str]:
    one = experiment(engine, solution(recipe, recipe.model, "it suits the data"), folds=1)
    asked = tuple(QaCheck(name, message, kind) for kind, (name, message) in qa.KINDS.items() if kind != "symmetry")
    found = probing.cheap(engine, [one], asked)[one.id]
    if dear:
        found = (*found, *probe_fits.dear(engine, [one])[one.id])
    return [f"{recipe.model}: {probed.message}" for probed in found if probed.outcome in ("failed", "warned")]


@pytest.mark.parametrize("kind", probe_world.KINDS)
def test_no_family_is_accused(kind: str, tmp_path: Path) -> None:
    engine = engine_at(probe_world.competition(tmp_path, kind, n=120))
    found = recipes(engine, everything=False)
    assert len(found) >= 4
    assert [
        line for recipe in found for line in accused(engine, recipe, dear=recipe.model in ("lightgbm", "nbsvm"))
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", probe_world.KINDS)
def test_no_recipe_of_the_warm_start_is_accused(kind: str, tmp_path: Path) -> None:
    engine = engine_at(probe_world.competition(tmp_path, kind, n=240))
    assert [line for recipe in recipes(engine, everything=True) for line in accused(engine, recipe, dear=True)] == []
