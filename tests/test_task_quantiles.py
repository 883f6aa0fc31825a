"""Quantiles as answers of rows of a table, and of points of series in columns and in rows; the recipes that give them."""

from __future__ import annotations

import dataclasses
import pickle
import random

import numpy as np
import polars as pl
import pytest

from podium import tasks
from podium.competition.quantile_answers import joined_rows, levels_of_columns, levels_of_ids, loss_of, parted_rows
from podium.errors import IntakeError, InvalidPredictions
from podium.metrics import get
from podium.protocol import Column, Context, Rows
from podium.recipes import catalog as every
from podium.recipes import quantiles
from podium.recipes.source import solution
from podium.records import Competition, DataFacts, Hardware
from podium.testing.task_conformance import conform

LOSS = "pinball@0.1,0.5,0.9"
ROWS = Competition(
    "c", "", "regression", LOSS, "lower", ("load",), "id", ("id", "q0.1", "q0.5", "q0.9"), "distribution"
)
POINTS = dataclasses.replace(
    ROWS, task_type="forecasting", submission_kind="series", inputs=("series",), cv_strategy="forward", time_column="t",
)  # fmt: skip
IN_ROWS = dataclasses.replace(
    POINTS, metric="wspl@0.1,0.5,0.9", submission_columns=("id", "F1", "F2"), time_column=None
)


@pytest.mark.parametrize("competition", [ROWS, POINTS], ids=["rows", "points"])
def test_they_conform(competition: Competition) -> None:
    rng = np.random.default_rng(0)
    truth = rng.lognormal(3.0, 1.0, 300)
    raw = truth[:, None] * np.exp(rng.normal(0, 0.1, (300, 1)) + np.array([-0.2, 0.0, 0.2]))
    conform(
        tasks.for_competition(competition),
        pl.DataFrame({"load": truth}),
        raw,
        pl.Series("id", [f"s_{k}" for k in range(300)]),
    )


def test_quantiles_never_cross_and_stand_under_their_names() -> None:
    turned = dataclasses.replace(ROWS, metric="pinball@0.9,0.1,0.5")
    task = tasks.for_competition(turned)
    decided = task.decide(np.array([[1.0, 3.0, 2.0]]), {})
    assert decided.tolist() == [[3.0, 1.0, 2.0]]
    assert task.write(decided, pl.Series("id", ["a"])).rows() == [("a", 1.0, 2.0, 3.0)]


def test_intervals_that_are_too_narrow_are_stretched_and_good_ones_left() -> None:
    rng = np.random.default_rng(0)
    task, truth = tasks.for_competition(ROWS), rng.normal(size=2000)
    right = np.tile([-1.28, 0.0, 1.28], (2000, 1))
    assert "stretch" not in task.fit_decision(truth, right)
    decision = task.fit_decision(truth, 0.7 * right)
    assert decision["stretch"] > 1.1
    assert task.score(truth, task.decide(0.7 * right, decision)) < task.score(truth, task.decide(0.7 * right, {}))
    assert task.pointed(right)[:, 0].tolist() == right[:, 1].tolist()


def test_a_point_of_a_series_has_a_row_a_quantile() -> None:
    task = tasks.for_competition(IN_ROWS)
    sheet = pl.Series("id", [f"{s}_{q}_evaluation" for q in ("0.100", "0.500", "0.900") for s in ("a", "b")])
    stems, levels = levels_of_ids(sheet)
    assert levels == (0.1, 0.5, 0.9) and stems.unique().sort().to_list() == ["a_evaluation", "b_evaluation"]
    keys = joined_rows(sheet, stems)["rows"]
    ids = pl.Series("id", [f"{key}\t{step}" for key in keys.to_list() for step in ("F1", "F2")])
    found = task.write(np.arange(12.0).reshape(4, 3), ids)
    assert found["id"].to_list() == sheet.to_list(), "in the order of the sample submission"
    assert found.rows()[0] == ("a_0.100_evaluation", 0.0, 3.0) and found.rows()[5] == ("b_0.900_evaluation", 8.0, 11.0)
    task.check_submission(found, ids)
    with pytest.raises(InvalidPredictions):
        task.check_submission(found.reverse(), ids)


def test_levels_are_read_from_names_and_ids() -> None:
    assert levels_of_columns(["p10", "p50", "p90"]) == (0.1, 0.5, 0.9) == levels_of_columns(["q0.1", "q0.5", "q0.9"])
    assert levels_of_columns(["1", "2", "3"]) == () == levels_of_columns(["F1", "F2"])
    ids = pl.Series("id", ["a_0.1", "a_0.9", "b_0.1"])
    assert levels_of_ids(ids)[1] == (), "b lacks one"
    assert parted_rows(joined_rows(ids, pl.Series(["a", "a", "b"]))["rows"])[0].to_list() == ids.to_list()
    assert loss_of("scored by the Weighted Scaled Pinball Loss (WSPL)", (0.5, 0.9)) == "wspl@0.5,0.9"
    assert loss_of("mean pinball loss", (0.1, 0.25)) == "pinball@0.1,0.25" and loss_of("the RMSE", (0.1,)) == ""
    for wrong in ("pinball@0.5,0.5", "wspl@0,1", "spl@"):
        with pytest.raises(IntakeError):
            get(wrong)


# ---------------------------------------------------------------- recipes for rows of a table

FACTS = DataFacts(2000, 0, 500, 5, (Column("x", "numeric", 2000), Column("g", "categorical", 3)), 1, 2000)
SMALL = {"QuantileBoost": {"rounds": 60, "learning_rate": 0.15, "num_leaves": 15}, "QuantileForest": {"trees": 40}}


@pytest.mark.parametrize("name", SMALL)
def test_a_recipe_sees_where_the_noise_is_wide(name: str) -> None:
    rng, n = np.random.default_rng(0), 1800
    x = rng.uniform(0, 3, n)
    y = 3 * np.sin(x) + (0.2 + x) * rng.standard_normal(n)
    frame = pl.DataFrame({"x": x, "g": rng.choice(list("abc"), n)})
    ctx = Context(seed=0, cores=1, task_type="regression", metric=LOSS, n_outputs=3, schema=FACTS.columns)
    train, asked, truth = Rows(frame, np.arange(1200), y=y[:1200]), Rows(frame, np.arange(1200, n)), y[1200:]
    model = getattr(quantiles, name)(features={}, **SMALL[name]).fit(train, ctx)
    values = model.predict(asked, ctx).values
    assert get(LOSS)(truth, values) < 0.9 * get(LOSS)(truth, np.tile(np.quantile(y[:1200], [0.1, 0.5, 0.9]), (600, 1)))
    width = values[:, 2] - values[:, 0]
    assert width[x[1200:] > 2].mean() > 1.5 * width[x[1200:] < 1].mean()
    order = rng.permutation(600)
    assert np.allclose(pickle.loads(pickle.dumps(model)).predict(asked.take(order), ctx).values, values[order])


def test_such_competitions_have_recipes_of_their_own() -> None:
    listed = every.portfolio(FACTS, ROWS, Hardware(2, 8000))
    assert {recipe.kind for recipe in listed} == {"quantiles"}
    for recipe in listed:
        compile(solution(recipe, "t", "h"), "solution.py", "exec")
        assert every.cost_s(recipe, FACTS, 2000) > 0 and every.memory_mb(recipe, FACTS) > 100
        assert every.neighbours(recipe, random.Random(0), FACTS, ROWS) != recipe
