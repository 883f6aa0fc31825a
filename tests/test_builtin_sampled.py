"""Samples of many rows: drafts on some of them, all rows for what carries weight, and nothing of it on smaller tables."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from team_world import QUALITY, FakeCatalog, Simulation, brief, data, experiment, facts, recipe, spec

from podium.protocol import Column, Context, Rows
from podium.recipes.catalog import cost_s
from podium.recipes.tabular import LightGBM
from podium.recipes.tabular.model import split_positions
from podium.records import BlendFact, Budget, ExperimentFact, ExperimentSpec, Facts
from podium.team.builtin import batch, cost, history, novelty, sampled
from podium.team.builtin.candidates import candidates
from podium.team.builtin.carried import wears
from podium.team.builtin.effort import affordable, eased
from podium.team.builtin.planner import plan as planned

CATALOG = FakeCatalog()
MANY = 1_000_000
SAMPLE = 100_000


def many(left: float = 600.0, **changes: Any) -> Facts:
    return facts(data=data(n_train=MANY), budget=Budget(left, 600.0, None, 2, 1), **changes)


def draft(family: str = "lightgbm", **changes: Any) -> ExperimentSpec:
    made = recipe(family)
    return replace(
        spec(family), recipe=made, cost_s=cost.experiment_s(made, many(), CATALOG), **changes
    )  # fmt: skip


def test_a_draft_learns_from_as_many_rows_as_a_tenth_of_the_time_holds() -> None:
    known = many()
    found = affordable(draft(), known, CATALOG)
    assert found is not None and found.recipe is not None
    assert found.recipe.params == recipe("lightgbm").params, "rows go before rounds"
    rows = sampled.rows_of(found.recipe, known)
    assert sampled.LEAST <= rows < 800_000
    assert cost.share(found.cost_s, known) <= sampled.SHARE < cost.share(2 * found.cost_s, known)
    assert found.cost_s == pytest.approx(draft().cost_s * rows / 800_000)


@pytest.mark.parametrize(
    "known",
    [
        facts(data=data(n_train=300_000), budget=Budget(30.0, 600.0, None, 2, 1)),
        replace(many(), budget=Budget(None, None, 9, 2, 1)),
    ],
)
def test_neither_few_rows_are_cut_nor_a_campaign_of_counted_experiments(known: Facts) -> None:
    listed = [s.recipe for s in candidates(known, CATALOG, random.Random(0))]
    assert listed and not any(sampled.OPTION in one.features for one in listed if one is not None)


def test_what_is_no_draft_keeps_its_rows_where_they_fit() -> None:
    whole = replace(draft(), operator="improve", parents=("E001",))
    assert affordable(whole, many(), CATALOG) == eased(whole, many(), CATALOG)
    fitting = eased(whole, many(left=60.0), CATALOG)
    assert fitting is not None and fitting.recipe is not None and sampled.OPTION in fitting.recipe.features


def under_way(left: float, weight: float = 0.5) -> Facts:
    done = tuple(
        experiment(f"E{k:03d}", family, QUALITY[family], recipe=replace(recipe(family), features={"sample": SAMPLE}))
        for k, family in enumerate(QUALITY, start=1)
    )
    weights = {"E005": weight, "E006": 1 - weight}
    return many(left, round=4, experiments=done, champion="E007", blends=(BlendFact(3, 0.865, 0.003, weights),))


@pytest.mark.parametrize(("left", "more"), [(400.0, False), (350.0, True)])
def test_what_carries_weight_gets_more_rows_once_much_was_tried(left: float, more: bool) -> None:
    known = under_way(left)
    found = [s for s in candidates(known, CATALOG, random.Random(0)) if "more rows" in s.name]
    assert {s.parents for s in found} == ({("E005",), ("E006",)} if more else set())
    for one in found:
        assert one.recipe is not None and one.operator == "improve" and batch.longer(one, known)
        assert sampled.rows_of(one.recipe, known) > SAMPLE
        assert cost.is_fair(one.cost_s, known) and cost.fits([one], known)
    lead = batch.rank([draft("mlp"), *found], known)[0]
    assert (lead in found) == more


def test_a_light_member_gets_none() -> None:
    found = candidates(under_way(300.0, weight=0.05), CATALOG, random.Random(0))
    assert {s.parents for s in found if "more rows" in s.name} == {("E006",)}


def test_a_sample_is_no_other_view_and_no_other_recipe_of_the_portfolio() -> None:
    part = replace(recipe("lightgbm"), features={"target": True, "sample": SAMPLE})
    assert wears(part, recipe("lightgbm"))
    assert novelty.view(part) == novelty.view(replace(recipe("lightgbm"), features={"target": True}))
    a, b = experiment("E001", recipe=part), experiment("E002", recipe=sampled.whole(part))
    assert not history.same_body(a, b), "what more rows gain is not what columns gain"
    assert sampled.grown(sampled.whole(part), part, many()) and not sampled.grown(part, sampled.whole(part), many())


class LearnsMore(Simulation):
    """A model gains a hundredth with each doubling of its rows."""

    def run(self, planned: ExperimentSpec, number: int) -> None:
        super().run(planned, number)
        e: ExperimentFact = self.done[-1]
        assert planned.recipe is not None and e.score is not None
        share = sampled.rows_of(planned.recipe, self.facts(number)) / (0.8 * self.n_train)
        self.done[-1] = replace(e, score=e.score + 0.01 * math.log2(share))


def test_a_whole_campaign_on_many_rows_looks_at_all_families_and_ends_on_more_rows() -> None:
    played = LearnsMore(time_s=600.0, n_train=MANY)
    played.play(30)
    assert {e.family for e in played.done} == set(QUALITY), "one large fit does not take the time of six families"
    early = {e.id for e in played.done if e.recipe and sampled.OPTION in e.recipe.features}
    assert early, "samples come first"
    heaviest = max(played.blends[-1].weights.items(), key=lambda item: item[1])[0]
    best = next(e for e in played.done if e.id == heaviest)
    assert best.recipe is not None and sampled.rows_of(best.recipe, played.facts(9)) > 2 * sampled.LEAST


def test_a_plan_says_how_many_rows() -> None:
    names = [s.name for s in planned(brief("plan", under_way(300.0)), CATALOG).experiments]
    assert any("more rows" in name for name in names)


# ---------------------------------------------------------------- the models


def rows(n: int, **more: Any) -> tuple[Rows, Context]:
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.2).astype(np.int64)
    frame = pl.DataFrame({"x": rng.normal(size=n) + y})
    ctx = Context(0, 1, "binary_classification", "auc", 1, (Column("x", "numeric"),))
    return Rows(frame, np.arange(n), y=y, **more), ctx


def learned(train: Rows, ctx: Context, sample: int) -> LightGBM:
    return LightGBM(features={"sample": sample, "texts": 0}, rounds=5, patience=0).fit(train, ctx)


def test_a_model_learns_from_so_many_rows_of_each_class_alike() -> None:
    train, ctx = rows(4000)
    model = learned(train, ctx, 1000)
    assert model.notes["rows"] == pytest.approx(1000, abs=2)
    assert learned(train, ctx, 4000).notes["rows"] == 4000
    seen: list[Rows] = []

    class Spied(LightGBM):
        def _fit(self, matrix: Any, train: Rows, ctx: Context) -> None:
            seen.append(train)
            super()._fit(matrix, train, ctx)

    Spied(features={"sample": 1000}, rounds=5, patience=0).fit(train, ctx)
    assert seen[0].y is not None and train.y is not None
    assert seen[0].y.mean() == pytest.approx(train.y.mean(), abs=0.002)
    assert len(model.predict(Rows(train.frame(), np.arange(50)), ctx).values) == 50


def test_groups_stay_whole_times_are_the_latest_and_rows_from_elsewhere_stay() -> None:
    groups = np.repeat(np.arange(400), 10)
    train, ctx = rows(4000, groups=groups)
    kept = split_positions(train, ctx, 0.25)[1]
    assert set(np.bincount(groups[kept], minlength=400)) == {0, 10}
    train, ctx = rows(4000, times=np.arange(4000, dtype=np.float64))
    model = learned(train, ctx, 1000)
    assert model.notes["rows"] == 1000
    origin = np.where(np.arange(4000) < 500, "external", "")
    train, ctx = rows(4000, origin=origin)
    assert learned(train, ctx, 700).notes["rows"] == pytest.approx(1200, abs=40)


def test_a_sample_costs_less_but_not_its_predictions() -> None:
    known = data(n_train=MANY)
    params = {"rounds": 400, "learning_rate": 0.1, "num_leaves": 31}
    whole = replace(recipe("lightgbm"), params=params)
    part = replace(whole, features={"sample": 80_000})
    assert 0.1 < cost_s(part, known, 800_000) / cost_s(whole, known, 800_000) < 0.5
    assert cost_s(replace(whole, features={"sample": MANY}), known, 800_000) == cost_s(whole, known, 800_000)
