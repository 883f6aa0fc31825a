"""Cumulative distributions as answers: conformance, the CRPS by its definition, what CDFs keep to."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import tasks
from podium.errors import InvalidPredictions
from podium.metrics.distributions import CDF_LEVELS
from podium.records import Competition
from podium.tasks.distribution import DistributionTask
from podium.testing.task_conformance import conform

STEPS = tuple(range(-9, 21))
N = 240


def task(steps: tuple[int, ...] = STEPS) -> DistributionTask:
    made = tasks.for_competition(
        Competition(
            competition="made-up", data_dir="", task_type="regression", metric="crps", metric_direction="lower",
            target_columns=("y",), id_column="id", submission_columns=("id", *(f"y{step}" for step in steps)),
            submission_kind="distribution",
        )
    )  # fmt: skip
    assert isinstance(made, DistributionTask)
    return made


def rows(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Whole values round a known mean, and the quantiles of what they are drawn from."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    mean = rng.normal(4, 3, n)
    truth = np.round(np.clip(mean + 2 * rng.normal(size=n), STEPS[0], STEPS[-1]))
    return truth, mean[:, None] + 2 * norm.ppf(np.array(CDF_LEVELS))


def test_conforms() -> None:
    truth, raw = rows(0)
    conform(task(), pl.DataFrame({"y": truth}), raw, pl.Series("id", [f"r{k}" for k in range(N)]))


@given(st.integers(0, 10**6), st.sampled_from(tasks.distribution.SHIFTS), st.sampled_from([0.7, 1.0, 1.4]))
@settings(max_examples=30, deadline=None)
def test_a_cdf_rises_to_one_and_is_scored_as_defined(seed: int, shift: float, stretch: float) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.normal(5, 40, (6, len(CDF_LEVELS)))
    decided = task().decide(raw, {"shift": shift, "stretch": stretch})
    assert (np.diff(decided, axis=1) >= 0).all() and (decided[:, -1] == 1).all() and decided.min() >= 0
    truth = rng.integers(STEPS[0], STEPS[-1] + 1, 6).astype(np.float64)
    steps = (np.array(STEPS) >= truth[:, None]).astype(np.float64)
    assert task().score(truth, decided) == pytest.approx(float(((decided - steps) ** 2).mean()))


def test_right_quantiles_beat_one_distribution_for_all() -> None:
    truth, raw = rows(1, 1000)
    folds = (np.arange(1000) % 5).astype(np.int8)
    made = task()
    told, plain = made.score_raw(truth, raw, folds), made.score_raw(truth, made.baseline(truth, 1000), folds)
    assert told < 0.75 * plain
    assert made.score_raw(truth, raw[:, ::-1], folds) == pytest.approx(told)  # quantiles that cross are put in order


def test_intervals_too_narrow_are_widened() -> None:
    truth, raw = rows(2, 2000)
    middle = raw[:, [len(CDF_LEVELS) // 2]]
    assert task().fit_decision(truth, middle + 0.7 * (raw - middle))["stretch"] > 1.0
    assert task().fit_decision(truth, raw)["stretch"] == 1.0


def test_a_distribution_that_falls_is_refused() -> None:
    made = task(tuple(range(3)))
    frame = pl.DataFrame({"id": ["a"], "y0": [0.5], "y1": [0.2], "y2": [1.0]})
    with pytest.raises(InvalidPredictions, match="'y1'"):
        made.check_submission(frame, pl.Series("id", ["a"]))
