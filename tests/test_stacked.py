"""Stacking: what an average cannot mend is mended, and only where other folds say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from test_ensemble import folds, made, task_of

from podium import ensemble
from podium.ensemble import stacked
from podium.records import from_json, to_json

TASKS = (
    ("log_loss", "binary_classification"), ("log_loss", "multiclass_classification"), ("rmse", "regression"),
    ("rmsle", "regression"), ("r2", "regression"),
)  # fmt: skip
MANY = ("log_loss", "multilabel_classification")


def distorted(metric: str, task_type: str, values: Any) -> Any:
    """What all members get wrong alike: timid probabilities, values drawn towards a wrong middle."""
    if task_type == "regression":
        return values**0.6 * 1.5
    timid = values**0.3
    return timid / (timid.sum(axis=1, keepdims=True) if values.shape[1] > 1 else timid + (1 - values) ** 0.3)


@pytest.mark.parametrize(("metric", "task_type"), TASKS)
def test_a_bias_that_all_members_share_is_mended_on_fresh_rows(metric: str, task_type: str) -> None:
    task = task_of(metric, task_type)
    truth, oofs = made(task, 3000, [0.6, 0.7, 0.8])
    oofs = {name: distorted(metric, task_type, values) for name, values in oofs.items()}
    old, new = slice(0, 1500), slice(1500, None)
    found = ensemble.blend(task, truth[old], {m: v[old] for m, v in oofs.items()}, folds(1500), seed=0)
    assert found.kind == "stacked" and found.bias and sum(found.weights.values()) == pytest.approx(1.0)
    assert min(found.weights.values()) > 0
    fresh = {m: v[new] for m, v in oofs.items()}
    mended = task.score_raw(truth[new], ensemble.combine(found, fresh), folds(1500))
    mean = task.score_raw(truth[new], np.mean(list(fresh.values()), axis=0), folds(1500))
    assert task.gain(mended, mean) > 0
    again = from_json(ensemble.Blend, to_json(found))
    alone = ensemble.combine(again, {m: v[:1] for m, v in fresh.items()})
    assert np.allclose(alone, ensemble.combine(found, fresh)[:1])


@pytest.mark.parametrize(("metric", "task_type"), [*TASKS, MANY])
def test_what_needs_no_mending_is_not_made_worse(metric: str, task_type: str) -> None:
    task, lost = task_of(metric, task_type), []
    for seed in range(4):
        truth, oofs = made(task, 1200, [0.3, 0.4], seed)
        old, new = slice(0, 400), slice(400, None)
        found = ensemble.blend(task, truth[old], {m: v[old] for m, v in oofs.items()}, folds(400), seed=0)
        fresh = {m: v[new] for m, v in oofs.items()}
        mean = task.score_raw(truth[new], np.mean(list(fresh.values()), axis=0), folds(800))
        score = task.score_raw(truth[new], ensemble.combine(found, fresh), folds(800))
        lost.append(-task.gain(score, mean) / abs(mean))
    assert np.mean(lost) < 0.02


@pytest.mark.parametrize("space", ["logit", "geometric", "value"])
def test_gradients_are_right(space: str) -> None:
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(5, 3))
    wanted = np.eye(3)[rng.integers(3, size=5)] if space == "geometric" else (rng.random((5, 3)) > 0.5) * 1.0
    _, gradient = stacked._loss(mixed, wanted, space, 2.0)
    numeric = approx_fprime(mixed.ravel(), lambda x: stacked._loss(x.reshape(5, 3), wanted, space, 2.0)[0], 1e-7)
    assert np.allclose(gradient.ravel(), numeric, atol=1e-6)


def test_metrics_that_are_not_minimised_here_are_left_alone() -> None:
    for metric, task_type in (
        ("auc", "binary_classification"),
        ("mae", "regression"),
        ("accuracy", "multiclass_classification"),
    ):
        assert not stacked.fits(task_of(metric, task_type), "value")
    assert not stacked.fits(task_of("log_loss", "binary_classification"), "rank")


def test_members_without_worth_end_as_the_start() -> None:
    """Where no weight above zero helps, the start is kept: nothing is divided by zero."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    against = -truth[None, :, None].repeat(2, axis=0) * 100
    found = stacked.fit(truth, against, "value", np.array([0.5, 0.5]))
    assert np.isfinite(found.weights).all() and found.weights.sum() == pytest.approx(1.0)
