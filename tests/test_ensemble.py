"""Blending: it helps where members differ, stays simple where they do not, and works on odd inputs."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from podium import ensemble, metrics, tasks
from podium.ensemble import greedy, space
from podium.ensemble.objective import objective_for
from podium.errors import UserError
from podium.metrics.uncertainty import difference
from podium.records import Competition, from_json, to_json
from podium.tasks.task import Floats, Task

KINDS = {
    "log_loss": "binary_classification",
    "auc": "binary_classification",
    "average_precision": "binary_classification",
    "f1": "binary_classification",
    "brier": "multiclass_classification",
    "accuracy": "multiclass_classification",
    "f1_macro": "multilabel_classification",
    "mcc": "multiclass_classification",
    "rmse": "regression",
    "rmsle": "regression",
    "rmse_log": "regression",
    "mae": "regression",
    "medae": "regression",
    "r2": "regression",
    "pearson": "regression",
    "spearman": "regression",
    "gini": "regression",
    "qwk": "ordinal_regression",
}


def task_of(metric: str, task_type: str) -> Task:
    several = task_type == "multilabel_classification"
    classes = {"binary_classification": ("0", "1"), "regression": ()}.get(task_type, ("0", "1", "2"))
    return tasks.for_competition(
        Competition(
            "x", "", task_type, metric, metrics.get(metric).direction, ("a", "b", "c") if several else ("y",), "id",
            ("id", "y"), "value", classes,
        )
    )  # fmt: skip


def folds(n: int, k: int = 5) -> np.ndarray[Any, np.dtype[np.int8]]:
    return (np.arange(n) % k).astype(np.int8)


def made(task: Task, n: int, noises: list[float], seed: int = 0) -> tuple[Any, dict[str, Floats]]:
    """Truth, and members whose errors are independent, of these sizes."""
    rng = np.random.default_rng(seed)
    kind, members = task.competition.task_type, [f"m{i}" for i in range(len(noises))]
    if kind in ("regression", "ordinal_regression"):
        signal = rng.normal(size=n)
        noisy = [(signal + noise * rng.normal(size=n))[:, None] for noise in noises]
        if kind == "regression":
            return np.exp(signal), {m: np.exp(v) for m, v in zip(members, noisy, strict=True)}
        return np.clip(np.round(signal + 1), 0, 2).astype(np.int64), {
            m: v + 1 for m, v in zip(members, noisy, strict=True)
        }
    width = 3 if kind != "binary_classification" else 1
    logits = 2 * rng.normal(size=(n, width))
    noisy = [logits + noise * rng.normal(size=(n, width)) for noise in noises]
    if kind == "multiclass_classification":
        soft = [np.exp(v) / np.exp(v).sum(axis=1, keepdims=True) for v in noisy]
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        truth = (rng.random((n, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    else:
        soft = [1 / (1 + np.exp(-v)) for v in noisy]
        truth = (rng.random((n, width)) < 1 / (1 + np.exp(-logits))).astype(np.int64)
        truth = truth[:, 0] if width == 1 else truth
    return truth, dict(zip(members, soft, strict=True))


@pytest.mark.parametrize(("metric", "task_type"), KINDS.items())
def test_different_members_are_blended_and_it_holds_on_fresh_rows(metric: str, task_type: str) -> None:
    task = task_of(metric, task_type)
    truth, oofs = made(task, 2500, [1.0, 1.0, 1.1, 2.5])
    train, fresh = slice(0, 1500), slice(1500, None)
    found = ensemble.blend(task, truth[train], {m: v[train] for m, v in oofs.items()}, folds(1500), seed=0)
    assert found.kind != "single"
    assert sum(found.weights.values()) == pytest.approx(1.0)
    new = ensemble.combine(found, {m: v[fresh] for m, v in oofs.items()})
    blended = task.score_raw(truth[fresh], new, folds(1000))
    alone = task.score_raw(truth[fresh], oofs["m0"][fresh], folds(1000))
    assert task.gain(blended, alone) > 0
    assert task.gain(found.nested_score, found.singles["m0"]) > 0


def test_copies_stay_single_and_a_lone_member_is_itself() -> None:
    task = task_of("brier", "binary_classification")
    truth, oofs = made(task, 500, [1.0])
    copies = {"a": oofs["m0"], "b": oofs["m0"].copy()}
    assert ensemble.blend(task, truth, copies, folds(500), seed=0).kind == "single"
    alone = ensemble.blend(task, truth, oofs, folds(500), seed=0)
    assert alone.weights == {"m0": 1.0}
    assert np.array_equal(ensemble.combine(alone, oofs), oofs["m0"])


def test_useless_members_do_not_enter_on_noise() -> None:
    """Many members that know nothing beside a good one: the nested score must not fall behind the single."""
    task = task_of("auc", "binary_classification")
    losses = []
    for seed in range(8):
        truth, oofs = made(task, 200, [0.5], seed)
        rng = np.random.default_rng(seed)
        oofs |= {f"noise{i}": rng.random((200, 1)) for i in range(15)}
        found = ensemble.blend(task, truth, oofs, folds(200), seed=0)
        losses.append(found.singles["m0"] - found.nested_score)
        assert found.weights.get("m0", 0.0) > 0.5
    assert np.mean(losses) < 0.004


def test_nested_score_is_not_optimistic_on_pure_noise() -> None:
    task = task_of("rmse", "regression")
    rng = np.random.default_rng(0)
    truth = rng.normal(size=60)
    oofs = {f"m{i}": rng.normal(size=(60, 1)) * 0.3 for i in range(20)}
    found = ensemble.blend(task, truth, oofs, folds(60), seed=0)
    assert found.nested_score > truth.std() - 0.02


@pytest.mark.parametrize(
    ("metric", "task_type"), [("log_loss", "multiclass_classification"), ("auc", "binary_classification")]
)
def test_ten_rows(metric: str, task_type: str) -> None:
    task = task_of(metric, task_type)
    truth, oofs = made(task, 10, [1.0, 1.0])
    found = ensemble.blend(task, truth, oofs, folds(10), seed=0)
    assert np.isfinite(found.score)
    assert np.isfinite(found.nested_score)


def test_one_class_truth() -> None:
    task = task_of("auc", "binary_classification")
    _, oofs = made(task, 20, [1.0, 1.0])
    assert np.isfinite(ensemble.blend(task, np.zeros(20, dtype=np.int64), oofs, folds(20), seed=0).score)


def test_partial_members_meet_on_common_rows() -> None:
    task = task_of("rmse", "regression")
    truth, oofs = made(task, 300, [1.0, 1.0, 1.0])
    oofs["m1"][:60] = np.nan
    oofs["m2"][60:] = np.nan  # one fold only: would leave too few common rows
    found = ensemble.blend(task, truth, oofs, folds(300), seed=0)
    assert found.n_rows == 240
    assert set(found.singles) == {"m0", "m1"}


def test_of_many_rows_some_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("podium.ensemble.blend")  # the package has a function of that name

    task = task_of("auc", "binary_classification")
    truth, oofs = made(task, 3000, [0.8, 0.9, 1.0])
    whole = ensemble.blend(task, truth, oofs, folds(3000), seed=0)
    monkeypatch.setattr(module, "MOST_ROWS", 1100)
    some = ensemble.blend(task, truth, oofs, folds(3000), seed=0)
    assert (whole.n_rows, some.n_rows) == (3000, 1000)
    assert some.nested_score == pytest.approx(whole.nested_score, abs=3 * some.stderr)
    assert some.stderr == pytest.approx(whole.stderr * 3**0.5, rel=0.2)
    assert ensemble.combine(some, oofs).shape == (3000, 1)


def test_rows_without_a_fold_are_not_used() -> None:
    task = task_of("rmse", "regression")
    truth, oofs = made(task, 100, [1.0, 1.0])
    fold_of = folds(100)
    fold_of[:50] = -1
    assert ensemble.blend(task, truth, oofs, fold_of, seed=0).n_rows == 50


def test_nothing_to_blend_is_said() -> None:
    task = task_of("rmse", "regression")
    with pytest.raises(UserError, match="nothing to blend"):
        ensemble.blend(task, np.zeros(3), {}, folds(3), seed=0)
    with pytest.raises(UserError, match="nothing to blend"):
        ensemble.blend(task, np.zeros(3), {"a": np.full((3, 1), np.nan)}, folds(3), seed=0)


def test_same_input_same_blend_and_it_survives_json() -> None:
    task = task_of("auc", "binary_classification")
    truth, oofs = made(task, 300, [1.0, 1.0, 1.0])
    first = ensemble.blend(task, truth, oofs, folds(300), seed=3)
    assert first == ensemble.blend(task, truth, oofs, folds(300), seed=3)
    again = from_json(ensemble.Blend, to_json(first))
    assert np.array_equal(ensemble.combine(again, oofs), ensemble.combine(first, oofs))


def test_combine_works_row_by_row_in_rank_space() -> None:
    task = task_of("auc", "binary_classification")
    truth, oofs = made(task, 400, [1.0, 1.0, 1.0])
    oofs = {member: 2 * values for member, values in oofs.items()}  # scores, no probabilities
    found = ensemble.blend(task, truth, oofs, folds(400), seed=0)
    assert found.space == "rank"
    whole = ensemble.combine(found, oofs)
    one = ensemble.combine(found, {m: v[7:8] for m, v in oofs.items()})
    assert one[0, 0] == pytest.approx(whole[7, 0])
    with pytest.raises(UserError, match="has no predictions"):
        ensemble.combine(found, {})


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_how_sure_a_member_is_counts_where_only_the_order_does(scale: float) -> None:
    """One member knows some rows for sure and nothing of the others: its ranks hide that. Scores above 1 are no probabilities."""
    task, rng = task_of("auc", "binary_classification"), np.random.default_rng(0)
    sure = np.where(rng.random(4000) < 0.2, 6.0 * rng.choice([-1, 1], 4000), rng.normal(size=4000) * 0.01)
    vague = rng.normal(size=4000)
    truth = (rng.random(4000) < 1 / (1 + np.exp(-sure - vague))).astype(np.int64)
    oofs = {name: scale / (1 + np.exp(-x))[:, None] for name, x in (("sure", sure), ("vague", vague))}
    found = ensemble.blend(task, truth, oofs, folds(4000), seed=0)
    assert ("greedy_logit" in found.candidates) == (scale == 1.0)
    if scale == 1.0:
        assert found.kind == "greedy_logit" and found.nested_score > found.candidates["greedy"] + 0.005
        one = ensemble.combine(found, {m: v[7:8] for m, v in oofs.items()})
        assert one[0, 0] == pytest.approx(ensemble.combine(found, oofs)[7, 0])


def test_a_runaway_member_is_held() -> None:
    """A linear model of logs may predict 1e9 for one odd test row; the blend must stay in the range of the target."""
    task = task_of("rmse_log", "regression")
    truth, oofs = made(task, 400, [1.0, 1.0])
    found = ensemble.blend(task, truth, oofs, folds(400), seed=0)
    assert len(found.weights) == 2
    held = ensemble.combine(found, {"m0": np.array([[1.0]]), "m1": np.array([[1e9]])})
    assert held[0, 0] <= np.sqrt(1.2 * truth.max()) * 1.5


def test_ranks_are_monotone_beyond_the_reference() -> None:
    values = np.random.default_rng(0).normal(size=(1000, 1))
    knots = space.knots_of(values)
    new = np.sort(np.random.default_rng(1).normal(size=(300, 1)) * 3, axis=0)
    ranked = space.to_space(new, "rank", knots)
    assert np.all(np.diff(ranked[:, 0]) > 0)
    assert ranked.min() >= 0
    assert ranked.max() <= 1


@pytest.mark.parametrize("name", ["logit", "geometric", "log", "log1p", "value", "probability"])
def test_spaces_lead_back(name: str) -> None:
    values = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    assert np.allclose(space.from_space(space.to_space(values, name), name), values)


@pytest.mark.parametrize(
    ("metric", "task_type"),
    [("log_loss", "multiclass_classification"), ("auc", "binary_classification"), ("rmse", "regression")],
)
def test_incremental_losses_are_the_metric(metric: str, task_type: str) -> None:
    """Running sums must give what the metric says of the mean of the picked members."""
    task = task_of(metric, task_type)
    truth, oofs = made(task, 300, [1.0, 1.0, 1.5])
    kind = space.space_of(task)
    members = np.stack([space.to_space(v, kind, space.knots_of(v) if kind == "rank" else None) for v in oofs.values()])
    objective = objective_for(task, truth, members)
    for pick in (0, 2):
        objective.add(pick)
    for candidate, loss in enumerate(objective.trial()):
        mean = members[[0, 2, candidate]].mean(axis=0)
        direct = metrics.get(metric).function(truth, mean if mean.shape[1] > 1 else mean[:, 0])
        assert loss == pytest.approx(1 - direct if metric == "auc" else direct, abs=1e-3)


def test_prune_keeps_the_heaviest() -> None:
    kept = greedy.prune(np.array([0.5, 0.3, 0.19, 0.01]), 2)
    assert kept.tolist() == pytest.approx([0.625, 0.375, 0.0, 0.0])


@pytest.mark.parametrize(("metric", "task_type"), KINDS.items())
def test_gain_bound_tells_help_from_harm(metric: str, task_type: str) -> None:
    task = task_of(metric, task_type)
    truth, oofs = made(task, 3000, [0.7, 0.7])
    rows = np.flatnonzero(folds(3000) == 0)
    gain, upper = ensemble.blend_gain_bound(task, truth, oofs, {"m0": 1.0}, oofs["m1"], rows)
    assert upper >= gain
    assert gain > 0
    same, same_upper = ensemble.blend_gain_bound(task, truth, oofs, {"m0": 1.0}, oofs["m0"], rows)
    assert abs(same) < 1e-9
    assert abs(same_upper) < 1e-9


def test_gain_bound_without_common_rows_stops_nothing() -> None:
    task = task_of("rmse", "regression")
    truth, oofs = made(task, 50, [0.3, 0.3])
    oofs["m0"][:10] = np.nan
    assert ensemble.blend_gain_bound(task, truth, oofs, {"m0": 1.0}, oofs["m1"], np.arange(10)) == (0.0, np.inf)
    assert np.isfinite(ensemble.blend_gain_bound(task, truth, oofs, {"m0": 1.0}, oofs["m1"], np.arange(20))).all()


def test_gain_bound_of_noise_is_at_most_zero() -> None:
    task = task_of("rmse", "regression")
    truth, oofs = made(task, 3000, [0.3, 0.3])
    harmful = np.random.default_rng(1).permutation(oofs["m1"]) + 5.0
    _, upper = ensemble.blend_gain_bound(
        task, truth, oofs, {"m0": 0.5, "m1": 0.5}, harmful, np.flatnonzero(folds(3000) == 0)
    )
    assert upper <= 0


@pytest.mark.parametrize("seed", range(6))
def test_gain_bound_holds_for_every_weight(seed: int) -> None:
    """A first fold of few rows leaves much open: at the weight that looks best there, the bound alone would be too low."""
    rng = np.random.default_rng(seed)
    truth = np.array([-20.0, 20.0, *rng.normal(size=38)])  # two rows far out: no prediction is clipped
    old, new = (truth[:, None] + np.pad(rng.normal(0, wide, size=(38, 1)), ((2, 0), (0, 0))) for wide in (0.5, 0.6))
    task = task_of("rmse", "regression")
    _, upper = ensemble.blend_gain_bound(task, truth, {"m0": old}, {"m0": 1.0}, new, np.arange(40))
    at_half = difference(task.metric, truth, ((old + new) / 2)[:, 0], old[:, 0]).upper(0.95)
    assert upper >= at_half - 1e-12 or upper <= 0
