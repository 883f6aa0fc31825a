"""The forecasting task: conformance, scaled metrics, wide sheets, a factor where all forecasts lean one way."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from podium import tasks
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Series
from podium.records import Competition
from podium.tasks.forecasting import ForecastingTask
from podium.tasks.labels import labels_dealt
from podium.testing.task_conformance import conform

LONG = Competition(
    "c", "", "forecasting", "smape", "lower", ("value",), "id", ("id", "value"), "series", inputs=("series",),
    cv_strategy="forward", time_column="t",
)  # fmt: skip
WIDE = dataclasses.replace(LONG, metric="rmsse", submission_columns=("id", "F1", "F2", "F3"), time_column=None)


def task_of(competition: Competition) -> ForecastingTask:
    found = tasks.for_competition(competition)
    assert isinstance(found, ForecastingTask)
    return found


def test_it_conforms(rng: np.random.Generator | None = None) -> None:
    rng = np.random.default_rng(0)
    truth = rng.lognormal(3.0, 1.0, 300)
    raw = (truth * rng.lognormal(0.0, 0.1, 300))[:, None]
    conform(task_of(LONG), pl.DataFrame({"value": truth}), raw, pl.Series("id", [f"s_{k}" for k in range(300)]))


def test_truth_of_a_scaled_metric_has_its_scales() -> None:
    labels = pl.DataFrame({"value": [1.0, 2.0], "#series": [0.0, 1.0], "#scale": [4.0, 1.0], "#weight": [1.0, 3.0]})
    task = task_of(WIDE)
    truth: Any = task.encode(labels)
    assert type(truth) is Series and truth.scale.tolist() == [4.0, 1.0]
    assert task.score(cast(Any, truth), np.array([3.0, 2.0])) == pytest.approx(0.5)
    assert labels_dealt(task, labels)["y0"].to_list() == [1.0, 2.0], "solutions get the values alone"


def test_a_wide_sheet_has_a_row_a_series() -> None:
    task = task_of(WIDE)
    ids = pl.Series("id", [f"{name}\tF{h}" for name in ("a", "b") for h in (1, 2, 3)])
    sheet = task.write(np.arange(6.0), ids)
    assert sheet.rows() == [("a", 0.0, 1.0, 2.0), ("b", 3.0, 4.0, 5.0)]
    task.check_submission(sheet, ids)
    with pytest.raises(InvalidPredictions):
        task.check_submission(sheet.reverse(), ids)
    with pytest.raises(InvalidPredictions):
        task.check_submission(sheet.with_columns(F2=pl.lit(None, dtype=pl.Float64)), ids)


def test_forecasts_that_all_lean_are_scaled_and_others_left_alone() -> None:
    rng = np.random.default_rng(1)
    task, truth = task_of(LONG), rng.lognormal(3.0, 1.0, 2000)
    noisy = truth * rng.lognormal(0.0, 0.02, 2000)
    assert "factor" not in task.fit_decision(truth, noisy[:, None])
    low = (0.9 * noisy)[:, None]
    decision = task.fit_decision(truth, low)
    assert decision["factor"] > 1.03
    assert task.score(truth, task.decide(low, decision)) < task.score(truth, task.decide(low, {}))


def test_forecasts_stay_in_a_plausible_range() -> None:
    task, truth = task_of(LONG), np.array([0.0, 5.0, 10.0])
    decided = task.decide(np.array([[-3.0], [1e9], [7.0]]), task.fit_decision(truth, np.zeros((3, 1))))
    assert decided.tolist() == [0.0, 20.0, 7.0]


def test_perfect_is_the_truth() -> None:
    truth = Series.of([1.0, 2.0])
    assert task_of(WIDE).perfect(truth) is not None
    assert task_of(WIDE).perfect(truth).tolist() == [[1.0], [2.0]]  # type: ignore[union-attr]
