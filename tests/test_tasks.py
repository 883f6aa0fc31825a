"""Tasks: the conformance suite on every kind, then decisions, writing and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from podium import metrics, tasks
from podium.errors import IntakeError, InvalidPredictions
from podium.records import Competition
from podium.tasks import ordinal
from podium.tasks.task import Floats, Task
from podium.testing.task_conformance import conform

N = 120
IDS = pl.Series("id", [f"r{i}" for i in range(N)])


def competition(task_type: str, metric: str, **changes: Any) -> Competition:
    kind = {"label": "label", "value": "value"}.get(metrics.get(metric).needs, "probability")
    fields: dict[str, Any] = {
        "competition": "made-up",
        "data_dir": "",
        "task_type": task_type,
        "metric": metric,
        "metric_direction": metrics.get(metric).direction,
        "target_columns": ("y",),
        "id_column": "id",
        "submission_columns": ("id", "y"),
        "submission_kind": "value" if "regression" in task_type and kind == "probability" else kind,
    }
    return Competition(**(fields | changes))


def task_of(task_type: str, metric: str, **changes: Any) -> Task:
    return tasks.for_competition(competition(task_type, metric, **changes))


def case(task_type: str, metric: str) -> tuple[Task, pl.DataFrame, Floats]:
    """A task with labels of `N` rows and plausible raw predictions."""
    rng = np.random.default_rng(5)
    if task_type == "binary_classification":
        task = task_of(task_type, metric, classes=("False", "True"))
        truth = rng.random(N) < 0.4
        return task, pl.DataFrame({"y": truth}), (0.5 * rng.random((N, 1)) + 0.4 * truth[:, None])
    if task_type == "multiclass_classification":
        classes = ("low", "mid", "top")
        kind = metrics.get(metric).needs
        header = ("id", "y") if kind == "label" else ("id", "Class_low", "Class_mid", "Class_top")
        task = task_of(task_type, metric, classes=classes, submission_columns=header)
        codes = rng.integers(0, 3, N)
        return (
            task,
            pl.DataFrame({"y": [classes[c] for c in codes]}),
            rng.dirichlet(np.ones(3), N) / 2 + np.eye(3)[codes] / 2,
        )
    if task_type == "multilabel_classification":
        task = task_of(
            task_type,
            metric,
            target_columns=("a", "b", "c"),
            submission_columns=("id", "c", "a", "b"),
            classes=("a", "b", "c"),
        )
        bits = rng.integers(0, 2, (N, 3))
        return task, pl.DataFrame(bits, schema=["a", "b", "c"]), np.clip(rng.random((N, 3)) * 0.6 + 0.4 * bits, 0, 1)
    if task_type == "ordinal_regression":
        task = task_of(task_type, metric, classes=("3", "4", "5", "6"))
        codes = rng.integers(0, 4, N)
        return task, pl.DataFrame({"y": codes + 3}), (codes + rng.normal(size=N) * 0.5)[:, None]
    targets = ("u", "v") if task_type == "two" else ("y",)
    task = task_of("regression", metric, target_columns=targets, submission_columns=("id", *targets))
    values = np.exp(rng.normal(size=(N, len(targets))))
    return task, pl.DataFrame(values, schema=list(targets)), values * np.exp(0.2 * rng.normal(size=values.shape))


CASES = [
    (task_type, name)
    for task_type in tasks.ROWS
    for name in metrics.names()
    if task_type in metrics.get(name).task_types
] + [("two", name) for name in ("rmse", "rmsle", "rmse_log", "mae", "spearman")]


@pytest.mark.parametrize(("task_type", "metric"), CASES)
def test_conforms(task_type: str, metric: str) -> None:
    task, labels, raw = case(task_type, metric)
    conform(task, labels, raw, IDS)


@pytest.mark.parametrize("metric", ["accuracy", "f1", "mcc", "balanced_accuracy"])
def test_decisions_do_not_fit_noise(metric: str) -> None:
    """Where predictions know nothing (or are calibrated), fitted decisions must not cost score on fresh rows."""
    task = task_of("binary_classification", metric, classes=("0", "1"))
    changed, losses = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth, fresh = rng.integers(0, 2, 300), rng.integers(0, 2, 3000)
        raw, new = rng.uniform(0.3, 0.7, (300, 1)), rng.uniform(0.3, 0.7, (3000, 1))
        decision = task.fit_decision(truth, raw)
        changed += decision["threshold"] != [0.5]
        losses.append(task.score(fresh, task.decide(new, {})) - task.score(fresh, task.decide(new, decision)))
    assert np.mean(losses) < 0.005
    if metric != "f1":  # on noise "all positive" is F1's true optimum, so there a change is right
        assert changed <= 9


def test_multiclass_weights_and_temperature_do_not_fit_noise() -> None:
    changed = {"f1_macro": 0, "accuracy": 0, "log_loss": 0}
    for name in changed:
        task = task_of("multiclass_classification", name, classes=("a", "b", "c", "d"))
        for seed in range(40):
            rng = np.random.default_rng(seed)
            raw = rng.dirichlet(np.ones(4), 300)
            truth = (rng.random((300, 1)) > raw.cumsum(axis=1)).sum(axis=1)  # calibrated
            changed[name] += task.fit_decision(truth, raw) != {}
    assert changed["accuracy"] <= 5
    assert changed["log_loss"] <= 5
    assert changed["f1_macro"] <= 8


def test_threshold_is_moved_where_it_pays() -> None:
    rng = np.random.default_rng(0)
    raw = rng.beta(1, 12, (4000, 1))
    truth = (rng.random(4000) < raw[:, 0]).astype(np.int64)
    folds = (np.arange(4000) % 5).astype(np.int8)
    task = task_of("binary_classification", "f1", classes=("0", "1"))
    plain = task.score(truth, task.decide(raw, {}))
    assert task.score_raw(truth, raw, folds) > plain + 0.1


def test_overconfident_probabilities_are_softened() -> None:
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(3), 3000)
    truth = (rng.random((3000, 1)) > honest.cumsum(axis=1)).sum(axis=1)
    sharp = honest**1.6 / (honest**1.6).sum(axis=1, keepdims=True)
    task = task_of("multiclass_classification", "log_loss", classes=("a", "b", "c"))
    assert 0.5 < task.fit_decision(truth, sharp)["power"] < 0.8


def test_ordinal_cuts_beat_rounding_of_shrunk_values() -> None:
    rng = np.random.default_rng(1)
    latent = rng.normal(size=2000) * 1.3 + 2.5
    truth = np.clip(np.round(latent + rng.normal(size=2000)), 0, 5).astype(np.int64)
    raw = (2.5 + 0.4 * (latent - 2.5))[:, None]
    folds = (np.arange(2000) % 5).astype(np.int8)
    task = task_of("ordinal_regression", "qwk", classes=tuple("345678"))
    assert task.score_raw(truth, raw, folds) > task.score(truth, task.decide(raw, {})) + 0.1


def test_ordinal_cuts_do_not_fit_noise() -> None:
    drops = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        truth, fresh = rng.integers(0, 4, 200), rng.integers(0, 4, 2000)
        cuts = ordinal.fit_cuts(truth, rng.uniform(0, 3, 200), 4, "qwk")
        drops.append(metrics.get("qwk").function(fresh, np.searchsorted(cuts, rng.uniform(0, 3, 2000))))
    assert abs(np.mean(drops)) < 0.02


def test_remembered_cuts_are_those_of_the_rows_asked_about() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 4, 300)
    raw = (1.5 + 0.4 * (truth - 1.5) + 0.2 * rng.normal(size=300))[:, None]
    task = task_of("ordinal_regression", "qwk", classes=tuple("0123"))
    first = task.fit_decision(truth, raw)
    assert task.fit_decision(truth, raw) == first == {"cuts": ordinal.fit_cuts(truth, raw[:, 0], 4, "qwk")}
    first["cuts"].clear()  # nobody's list but the caller's
    raw += 1.0
    moved = task.fit_decision(truth, raw)["cuts"]
    np.testing.assert_allclose(moved, np.array(task.fit_decision(truth, raw - 1.0)["cuts"]) + 1.0)


def test_cut_search_finds_the_exhaustive_optimum() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 60)
    values = np.round(truth + rng.normal(size=60), 1)
    found = ordinal.search_cuts(truth, values, np.array([0.5, 1.5]), 3, "qwk")
    score = metrics.get("qwk").function
    edges = np.unique(values)
    best = max(score(truth, np.searchsorted([a, b], values, side="right")) for a in edges for b in edges if b >= a)
    assert score(truth, np.searchsorted(found, values, side="right")) >= best - 0.02


def test_log_bias_is_undone() -> None:
    rng = np.random.default_rng(0)
    truth = np.exp(rng.normal(size=2000))
    raw = (truth * np.exp(0.3 * rng.normal(size=2000)) * 0.8)[:, None]
    task = task_of("regression", "rmse_log")
    decision = task.fit_decision(truth, raw)
    assert decision["shift"][0] == pytest.approx(np.log(1.25), abs=0.03)
    assert task.score(truth, task.decide(raw, decision)) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(("metric", "low"), [("rmsle", 0.0), ("rmse_log", 1e-9)])
def test_values_are_clipped_to_what_the_metric_allows(metric: str, low: float) -> None:
    task = task_of("regression", metric)
    truth = np.array([1.0, 2.0, 3.0, 10.0])
    decided = task.decide(np.array([[-5.0], [1e9]]), task.fit_decision(truth, truth[:, None]))
    assert decided[0] >= low
    assert decided[1] <= 11.0


def test_raw_probabilities() -> None:
    task = task_of("multiclass_classification", "log_loss", classes=("a", "b", "c"))
    assert task.check([[0.2, 0.3, 0.501]], 1).sum() == pytest.approx(1.0)
    with pytest.raises(InvalidPredictions, match="sum to 1"):
        task.check([[0.2, 0.3, 0.9]], 1)
    with pytest.raises(InvalidPredictions, match=r"\[0, 1\]"):
        task.check([[-0.2, 0.3, 0.9]], 1)
    with pytest.raises(InvalidPredictions, match="row 0"):
        task.check([[np.nan, 0.3, 0.7]], 1)
    two = task_of("binary_classification", "auc", classes=("no", "yes"))
    assert two.check([[0.25, 0.75]], 1).tolist() == [[0.75]]


def test_labels_in_other_spellings_and_foreign_ones() -> None:
    task = task_of("binary_classification", "accuracy", classes=("False", "True"))
    assert task.encode(pl.DataFrame({"y": [True, False]})).tolist() == [1, 0]
    numbers = task_of("binary_classification", "accuracy", classes=("0", "1"))
    assert numbers.encode(pl.DataFrame({"y": [1.0, 0.0]})).tolist() == [1, 0]
    for bad in (["True", "maybe"], ["True", None]):
        with pytest.raises(IntakeError, match="expected one of False, True"):
            task.encode(pl.DataFrame({"y": bad}))


def test_regression_targets_must_be_finite_numbers() -> None:
    task = task_of("regression", "rmse")
    for bad in ([1.0, None], [1.0, float("nan")], ["a", "b"]):
        with pytest.raises(IntakeError, match="target column 'y'"):
            task.encode(pl.DataFrame({"y": bad}, strict=False))


def test_submission_is_spelled_as_in_train() -> None:
    task, _, _ = case("binary_classification", "accuracy")
    frame = task.write(np.array([1, 0]), pl.Series("PassengerId", ["a_1", "a_2"]))
    assert frame.to_dict(as_series=False) == {"id": ["a_1", "a_2"], "y": ["True", "False"]}
    whole, _, _ = case("ordinal_regression", "qwk")
    assert whole.write(np.array([0, 3]), None)["y"].to_list() == [3, 6]
    several, _, _ = case("multilabel_classification", "auc")
    answers = several.write(np.array([[0.1, 0.2, 0.3]]), None)
    assert answers.row(0, named=True) == {"id": 0, "c": 0.3, "a": 0.1, "b": 0.2}


def test_submission_without_id_column_and_two_probability_columns() -> None:
    bare = task_of("regression", "rmse", id_column=None, submission_columns=("y",))
    frame = bare.write(np.array([1.5, 2.5]), None)
    assert frame.columns == ["y"]
    bare.check_submission(frame, None)
    both = task_of("binary_classification", "log_loss", classes=("n", "p"), submission_columns=("id", "n", "p"))
    row = both.write(np.array([[0.25]]), None).row(0, named=True)
    assert (row["n"], row["p"]) == (0.75, 0.25)


def test_label_submission_of_a_probability_metric() -> None:
    task = task_of("binary_classification", "log_loss", classes=("n", "p"), submission_kind="label")
    decided = task.decide(np.array([[0.2], [0.9]]), {})
    assert task.write(decided, None)["y"].to_list() == ["n", "p"]


def test_wrong_answers_are_refused() -> None:
    task, _, _ = case("binary_classification", "accuracy")
    with pytest.raises(InvalidPredictions, match="found 'Maybe'"):
        task.check_submission(pl.DataFrame({"id": ["a"], "y": ["Maybe"]}), None)
    logs, _, _ = case("regression", "rmsle")
    with pytest.raises(InvalidPredictions, match="row 1"):
        logs.check_submission(pl.DataFrame({"id": [1, 2], "y": [0.5, -0.5]}), None)


def test_unfit_pairs_are_refused() -> None:
    with pytest.raises(IntakeError, match="not playable yet"):
        task_of("object_detection", "auc")
    with pytest.raises(IntakeError, match="does not fit"):
        task_of("regression", "auc")
    with pytest.raises(IntakeError, match="numeric order"):
        task_of("ordinal_regression", "qwk", classes=("3", "2")).encode(pl.DataFrame({"y": [2]}))
