"""Stacking: what an average cannot mend is mended, and only where other folds say so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from test_ensemble import folds, made, task_of

from podium import ensemble, metrics
from podium.ensemble import stacked
from podium.protocol import Layout
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
    _, gradient = stacked._loss(mixed, wanted, space)
    numeric = approx_fprime(mixed.ravel(), lambda x: stacked._loss(x.reshape(5, 3), wanted, space)[0], 1e-7)
    assert np.allclose(gradient.ravel(), numeric, atol=1e-6)


def test_metrics_that_are_not_minimised_here_are_left_alone() -> None:
    for metric, task_type in (
        ("auc", "binary_classification"),
        ("mae", "regression"),
        ("accuracy", "multiclass_classification"),
    ):
        assert not stacked.fits(task_of(metric, task_type), "value")
    assert not stacked.fits(task_of("log_loss", "binary_classification"), "rank")
    pictures = SimpleNamespace(layout=lambda: Layout("images", (4, 4)), metric=metrics.get("rmse"))
    assert not stacked.fits(pictures, "value"), "a bias for every pixel"


def test_members_without_worth_end_as_the_start() -> None:
    """Where no weight above zero helps, the start is kept: nothing is divided by zero."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    against = -truth[None, :, None].repeat(2, axis=0) * 100
    found = stacked.fit(truth, against, "value", np.array([0.5, 0.5]))
    assert np.isfinite(found.weights).all() and found.weights.sum() == pytest.approx(1.0)


def test_the_unit_of_the_target_makes_no_difference() -> None:
    """Values far from zero: what is fitted moves with them."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=600)
    members = np.stack([0.5 * signal + 0.2 * rng.normal(size=600) for _ in range(3)])[:, :, None]
    plain = stacked.fit(signal, members, "value", np.full(3, 1 / 3))
    far = stacked.fit(2e5 + 1e3 * signal, 2e5 + 1e3 * members, "value", np.full(3, 1 / 3))
    assert np.allclose(far.weights, plain.weights, atol=1e-4) and far.slope == pytest.approx(plain.slope, rel=1e-4)
    mixed = far.slope * np.einsum("m,mnk->nk", far.weights, 2e5 + 1e3 * members)[:, 0] + far.bias[0]
    assert np.sqrt(np.mean((mixed - 2e5 - 1e3 * signal) ** 2)) < 0.35 * 1e3


def test_many_classes_and_few_rows_do_not_overfit() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1500, 40))
    truth = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    shaken = logits + 0.1 * rng.normal(size=logits.shape)
    members = np.stack([v - np.log(np.exp(v).sum(axis=1, keepdims=True)) for v in (logits, shaken)])
    found = stacked.fit(truth[:500], members[:, :500], "geometric", np.array([0.5, 0.5]))
    after = found.slope * np.einsum("m,mnk->nk", found.weights, members[:, 500:]) + np.array(found.bias)
    after -= np.log(np.exp(after).sum(axis=1, keepdims=True))
    plain = members[:, 500:].mean(axis=0)
    rows = np.arange(1000)
    assert -after[rows, truth[500:]].mean() < -plain[rows, truth[500:]].mean() + 0.02


def test_what_is_too_light_is_dropped_before_the_rest_is_fitted() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=2000)
    members = np.stack([truth + 0.1 * rng.normal(size=2000), rng.normal(size=2000)])[:, :, None]
    found = stacked.fit(truth, members, "value", np.array([0.99, 0.01]))
    assert found.weights[1] == 0 and found.weights[0] == 1
