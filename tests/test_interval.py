"""The expected private score: does its interval cover, is it no wider than it must be, what moves it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from podium import metrics, tasks
from podium.campaign.estimates.expectation import private_share
from podium.records import Competition, from_json, to_json
from podium.referee.averaging import averaging_gain
from podium.referee.interval import Basis, Expected, Shift, basis_of, between_folds, expect
from podium.tasks.task import Task


def task_of(metric: str, task_type: str, classes: tuple[str, ...] = ()) -> Task:
    direction = metrics.get(metric).direction
    asked = Competition("x", "", task_type, metric, direction, ("y",), "id", ("id", "y"), "value", classes)
    return tasks.for_competition(asked)


def rows_of(metric: str, n: int, rng: np.random.Generator, heavy: bool) -> tuple[Any, Any]:
    """Truth and decisions of one fixed model on n fresh rows."""
    signal = rng.normal(size=n)
    if metric in ("auc", "log_loss", "accuracy"):
        truth = (rng.random(n) < 1 / (1 + np.exp(-2 * signal))).astype(np.int64)
        p = 1 / (1 + np.exp(-signal - 0.5 * rng.normal(size=n)))
        return truth, (p > 0.5).astype(np.int64) if metric == "accuracy" else p[:, None]
    noise = rng.standard_t(5, n) if heavy else rng.normal(size=n)
    return signal, signal + 0.6 * noise


@pytest.mark.parametrize(
    ("metric", "heavy"),
    [("rmse", False), ("rmse", True), ("mae", False), ("auc", False), ("log_loss", False), ("accuracy", False),
     ("spearman", False), ("r2", False)],
)  # fmt: skip
def test_it_covers_and_is_hardly_wider_than_the_tests_size_implies(metric: str, heavy: bool) -> None:
    asked, inside, ratios = metrics.get(metric), 0, []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        ours, theirs = rows_of(metric, 600, rng, heavy), rows_of(metric, 150, rng, heavy)
        found = expect(asked, basis_of(asked, *ours), 150)
        inside += found.low <= asked.function(*theirs) <= found.high
        ratios.append(found.ratio)
    assert inside >= 39  # 90 % of 50 is 45; fewer than 39 by chance once in 200
    assert np.mean(ratios) < 1.3  # sqrt(1 + 150/600) is 1.12


def test_an_interval_for_the_models_own_score_would_not_cover() -> None:
    """What the test rows' draw adds is most of it."""
    rng = np.random.default_rng(0)
    asked = metrics.get("rmse")
    found = expect(asked, basis_of(asked, *rows_of("rmse", 5000, rng, False)), 100)
    assert found.test_stderr > 5 * found.stderr


def test_groups_are_the_units() -> None:
    asked, rng = metrics.get("rmse"), np.random.default_rng(1)
    truth, shift = np.zeros(4000), np.repeat(rng.normal(size=100), 40)
    groups = np.arange(4000) // 40
    rows, whole = basis_of(asked, truth, shift), basis_of(asked, truth, shift, groups)
    assert whole.units == 100 and rows.units == 4000
    by_rows, by_groups = expect(asked, rows, 1000), expect(asked, whole, 25)
    assert by_groups.high - by_groups.low > 3 * (by_rows.high - by_rows.low)


def basis(value: float = 0.8, stderr: float = 0.01) -> Basis:
    return Basis(value, stderr, math.inf, 1000)


def test_a_vault_that_agrees_sharpens_and_one_that_contradicts_takes_over() -> None:
    asked = metrics.get("auc")
    plain = expect(asked, basis(), 500)
    agreeing = expect(asked, basis(), 500, vault=(0.8, 0.02))
    assert agreeing.stderr < plain.stderr and agreeing.score == pytest.approx(0.8)
    assert agreeing.weight == pytest.approx(0.2)
    against = expect(asked, basis(), 500, vault=(0.6, 0.02))
    assert against.weight > 0.95 and against.score == pytest.approx(0.6, abs=0.01)
    assert against.high < 0.8


def test_shifts_move_it_and_widen_it() -> None:
    asked = metrics.get("auc")
    plain, moved = expect(asked, basis(), 500), expect(asked, basis(), 500, shifts=[Shift("x", 0.01, 0.01)])
    assert moved.score == pytest.approx(plain.score + 0.01)
    assert moved.high - moved.low > plain.high - plain.low and moved.test_width == plain.test_width


def test_it_stays_within_the_metrics_bounds() -> None:
    found = expect(metrics.get("auc"), basis(0.999, 0.002), 100)
    assert found.high == 1.0 and found.low < 0.999 <= found.high


def test_an_unknown_error_gives_no_false_certainty() -> None:
    found = expect(metrics.get("rmse"), Basis(1.0, math.inf, 1.0, 1), 100)
    assert found.low <= 0.0 and not math.isfinite(found.high)


def test_it_is_the_same_each_time_and_survives_the_registry() -> None:
    asked, rng = metrics.get("rmse"), np.random.default_rng(0)
    base = basis_of(asked, *rows_of("rmse", 500, rng, True))
    found = expect(asked, base, 200, shifts=[Shift("x", 0.1, 0.2)], notes=["y"])
    assert found == expect(asked, base, 200, shifts=[Shift("x", 0.1, 0.2)], notes=["y"])
    assert from_json(Expected, to_json(found)) == found


def test_periods_that_differ_widen_and_noise_does_not() -> None:
    rng = np.random.default_rng(0)
    alike = [between_folds((0.8 + 0.01 * rng.normal(size=5)).tolist(), [0.01] * 5) for _ in range(50)]
    differing = [between_folds((0.8 + 0.05 * rng.normal(size=5)).tolist(), [0.01] * 5) for _ in range(50)]
    assert np.median(alike) < 0.005 and 0.03 < np.mean(differing) < 0.07
    assert between_folds([0.7, 0.9], [0.01, 0.01]) == 0.0


def test_the_average_of_fold_models_gains_their_ambiguity() -> None:
    """Krogh and Vedelsby: for squared error it is the models' variance, whatever the labels are."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=3000)
    models = [(truth + 0.3 * rng.normal(size=3000))[:, None] for _ in range(5)]
    mean = np.asarray(np.mean(models, axis=0))
    task = task_of("mse", "regression")
    decision = {"low": [-1e9], "high": [1e9]} if "low" in task.fit_decision(truth, models[0]) else {}
    gain, stderr = averaging_gain(task, mean, models, truth, models[0], decision)
    ambiguity = float(np.mean([((m - mean) ** 2).mean() for m in models]))
    assert gain == pytest.approx(-ambiguity, rel=0.1) and stderr >= 0.25 * abs(gain)


def test_averaging_gains_in_ranking_too() -> None:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=4000)
    truth = (rng.random(4000) < 1 / (1 + np.exp(-2 * signal))).astype(np.int64)
    models = [(1 / (1 + np.exp(-signal - rng.normal(size=4000))))[:, None] for _ in range(5)]
    mean = np.asarray(np.mean(models, axis=0))
    task = task_of("auc", "binary_classification", ("0", "1"))
    gain, _ = averaging_gain(task, mean, models, truth, models[0], {})
    real = task.score(truth, mean) - float(np.mean([task.score(truth, m) for m in models]))
    assert 0.4 * real < gain < 1.6 * real
    assert averaging_gain(task, mean, models[:1], truth, models[0], {}) == (0.0, 0.0)


def test_averaging_gains_over_many_classes() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 4))
    p = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(4, p=row) for row in p])

    def model() -> Any:
        noisy = np.exp(2 * logits + 0.7 * rng.normal(size=logits.shape))
        return noisy / noisy.sum(axis=1, keepdims=True)

    models = [model() for _ in range(5)]
    mean = np.asarray(np.mean(models, axis=0))
    task = task_of("log_loss", "multiclass_classification", ("a", "b", "c", "d"))
    gain, _ = averaging_gain(task, mean, models, truth, models[0], {})
    real = task.score(truth, mean) - float(np.mean([task.score(truth, m) for m in models]))
    assert 1.7 * real < gain < 0.4 * real < 0


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("This leaderboard is calculated with approximately 30% of the test data.", 0.7),
        ("The public leaderboard uses 25 % of the test set; the private one the rest.", 0.75),
        ("The test set holds 30% of the rows.", 1.0),
        ("", 1.0),
    ],
)
def test_the_private_share_as_a_description_says_it(text: str, share: float) -> None:
    assert private_share(text) == pytest.approx(share)


def test_a_metric_without_a_score_for_some_labels_is_no_crash() -> None:
    """AUC on a handful of rows of one class."""
    task = task_of("auc", "binary_classification", ("0", "1"))
    truth, oof = np.r_[np.zeros(200, dtype=np.int64), 1], np.linspace(0, 0.1, 201)[:, None]
    few = [np.array([[0.01], [0.02]]), np.array([[0.02], [0.03]])]
    gain, stderr = averaging_gain(task, np.asarray(np.mean(few, axis=0)), few, truth, oof, {})
    assert math.isfinite(gain) and math.isfinite(stderr)


def test_a_gap_within_its_noise_does_not_widen() -> None:
    """One honest vault in three is more than one standard error away."""
    asked = metrics.get("auc")
    plain = expect(asked, basis(), 500)
    for away in (0.0, 0.02, 0.04):
        found = expect(asked, basis(), 500, vault=(0.8 - away, 0.02))
        assert found.high - found.low < plain.high - plain.low
