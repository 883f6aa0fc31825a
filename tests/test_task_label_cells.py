"""Cells of several labels, and of classes in order: conformance, rules that turn probabilities into labels, writing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import metrics, tasks
from podium.competition.label_cells import FORM, CellForm, bits_of, columns_of, labels_of
from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.labels import sample_f
from podium.metrics.ranked_classes import of_classes
from podium.metrics.rankings import average_precisions
from podium.metrics.shapes import Ranking
from podium.records import Competition
from podium.tasks import label_rules
from podium.tasks.label_sets import LabelSetsTask
from podium.tasks.labels import labels_dealt
from podium.tasks.ranked_classes import ManyClassesTask, RankedClassesTask
from podium.testing.task_conformance import conform

N = 120
IDS = pl.Series("id", [f"r{i}" for i in range(N)])
LABELS = ("scab", "rust", "spot", "mildew")


def competition(metric: str, **changes: Any) -> Competition:
    fields: dict[str, Any] = {
        "competition": "made-up",
        "data_dir": "",
        "task_type": "multilabel_classification",
        "metric": metric,
        "metric_direction": metrics.get(metric).direction,
        "target_columns": LABELS,
        "target_name": "labels",
        "id_column": "id",
        "submission_columns": ("id", "labels"),
        "submission_kind": "labels",
        "evidence": {FORM: CellForm().evidence("scab rust")},
    }
    return Competition(**(fields | changes))


def sets(seed: int = 0, least: int = 0, n: int = N) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """0/1 truth `(n, 4)` and calibrated, telling probabilities."""
    rng = np.random.default_rng(seed)
    raw = np.clip(rng.beta(0.6, [0.8, 1.5, 3.0, 9.0], (n, 4)), 0.001, 0.999)
    truth = (rng.random((n, 4)) < raw).astype(np.int64)
    if least:
        truth[np.arange(n), raw.argmax(axis=1)] = 1
    return truth, raw


@pytest.mark.parametrize(
    "metric",
    [
        "f1_samples",
        "f1_micro",
        "f1_macro",
        "fbeta_samples@2",
        "fbeta@2",
        "f1_weighted",
        "mcc",
        "accuracy",
        "log_loss",
        "auc",
    ],
)
def test_sets_conform(metric: str) -> None:
    task = tasks.for_competition(competition(metric))
    assert isinstance(task, LabelSetsTask)
    truth, raw = sets()
    conform(task, pl.DataFrame(truth, schema=list(LABELS)), raw, IDS)


@pytest.mark.parametrize("metric", ["map@3", "precision@1", "hit_rate@3", "ndcg@5", "mrr", "recall@2"])
def test_orders_of_classes_conform(metric: str) -> None:
    made = competition(metric, task_type="multiclass_classification", classes=tuple("abcde"), submission_kind="ranking",
                       target_columns=("labels",), target_name="", evidence={})  # fmt: skip
    task = tasks.for_competition(made)
    assert isinstance(task, RankedClassesTask)
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 5, N)
    conform(
        task,
        pl.DataFrame({"labels": ["abcde"[c] for c in codes]}),
        rng.dirichlet(np.ones(5), N) / 2 + np.eye(5)[codes] / 2,
        IDS,
    )


def test_orders_of_labels_conform() -> None:
    task = tasks.for_competition(competition("map@3", submission_kind="ranking"))
    truth, raw = sets()
    conform(task, pl.DataFrame(truth, schema=list(LABELS)), raw, IDS)
    perfect = task.decide(truth + 0.0, {})
    assert task.score(truth[truth.sum(axis=1) > 0], perfect[truth.sum(axis=1) > 0]) == pytest.approx(1.0)


def test_thousands_of_classes_are_lists() -> None:
    names = tuple(f"w_{code}" for code in range(3000))
    made = competition("map@5", task_type="multiclass_classification", classes=names, submission_kind="ranking",
                       target_columns=("labels",), target_name="", evidence={})  # fmt: skip
    task = tasks.for_competition(made)
    assert isinstance(task, ManyClassesTask) and task.n_outputs() <= 200
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 3000, N)
    raw = task.baseline(task.encode(pl.DataFrame({"labels": [names[c] for c in codes]})), N)
    raw = raw.reshape(N, -1, 2)
    raw[::2, 0, 0] = codes[::2]
    raw[:, 0, 1] = 1e6
    keep = np.array([len(set(row[row >= 0])) == (row >= 0).sum() for row in raw[:, :, 0]])
    raw[~keep, 0, 0] = 2999
    labels = pl.DataFrame({"labels": [names[c] for c in codes]})
    conform(task, labels, raw.reshape(N, -1), IDS)
    assert labels_dealt(task, labels)["y0"].to_list() == codes.tolist()


# ---------------------------------------------------------------- metrics against their definitions


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_map_of_one_class_is_the_mean_reciprocal_rank(seed: int, classes: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    k = min(k, classes)
    truth, raw = rng.integers(0, classes, 9), rng.random((9, classes))
    given_ = np.argsort(-raw, axis=1)[:, :k]
    places = [list(row).index(t) + 1 if t in row else 0 for row, t in zip(given_, truth, strict=True)]
    wanted = np.mean([1 / place if place else 0.0 for place in places])
    assert of_classes(metrics.get(f"map@{k}"))(truth, given_) == pytest.approx(wanted)
    hits = np.mean([place > 0 for place in places])
    assert of_classes(metrics.get(f"hit_rate@{k}"))(truth, given_) == pytest.approx(hits)
    assert of_classes(metrics.get(f"precision@{k}"))(truth, given_) == pytest.approx(hits / k)


def test_map_of_several_labels_is_that_of_lists() -> None:
    truth, raw = sets(3)
    given_ = np.argsort(-raw, axis=1)[:, :3]
    lists = average_precisions(
        Ranking.from_lists([np.flatnonzero(row).tolist() for row in truth]), Ranking.from_lists(given_.tolist()), 3
    )
    assert of_classes(metrics.get("map@3")).per_row(truth, given_) == pytest.approx(lists)  # type: ignore[misc]


# ---------------------------------------------------------------- rules


@given(st.integers(0, 10**6), st.floats(0.5, 3.0))
@settings(max_examples=30, deadline=None)
def test_the_promising_set_is_the_best_of_all_sizes(seed: int, beta: float) -> None:
    raw = np.random.default_rng(seed).random((5, 6))
    bits = label_rules.bits_of(raw, {"rule": "expected", "beta": beta})
    for row, chosen in zip(raw, bits, strict=True):
        ordered = np.sort(row)[::-1]
        promise = [(1 + beta**2) * ordered[:k].sum() / (beta**2 * row.sum() + k) for k in range(1, 7)]
        assert chosen.sum() == int(np.argmax(promise)) + 1
        assert row[chosen].min() >= row[~chosen].max(initial=0.0)


@pytest.mark.parametrize("metric", ["f1_samples", "f1_micro", "f1_macro", "fbeta_samples@2"])
def test_rules_pay_where_labels_are_rare(metric: str) -> None:
    """Chosen on some rows, better on fresh ones than a threshold of one half."""
    task = tasks.for_competition(competition(metric))
    truth, raw = sets(4, n=1500)
    fresh, new = sets(5, n=3000)
    raw, new = raw**1.5, new**1.5  # too timid by half
    decision = task.fit_decision(truth, raw)
    assert decision != {}
    assert task.score(fresh, task.decide(new, decision)) > task.score(fresh, task.decide(new, {})) + 0.01


def test_rules_do_not_fit_noise() -> None:
    """Probabilities that are right and know nothing: what is fitted must not cost score on fresh rows."""
    task = tasks.for_competition(competition("accuracy"))
    losses = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth, fresh = (rng.random((size, 4)) < 0.5 for size in (200, 2000))
        raw, new = rng.uniform(0.3, 0.7, (200, 4)), rng.uniform(0.3, 0.7, (2000, 4))
        decision = task.fit_decision(truth.astype(np.int64), raw)
        losses.append(task.score(fresh * 1, task.decide(new, {})) - task.score(fresh * 1, task.decide(new, decision)))
    assert np.mean(losses) < 0.005


def test_own_thresholds_where_labels_differ() -> None:
    """Half of the labels are predicted at a third of what they are: one threshold for all cannot serve them."""
    rng = np.random.default_rng(6)
    honest = rng.beta(0.5, 1.5, (3000, 4))
    truth = (rng.random((3000, 4)) < honest).astype(np.int64)
    raw = honest * np.array([1.0, 0.3, 1.0, 0.3])
    decision = tasks.for_competition(competition("f1_macro")).fit_decision(truth, raw)
    thresholds = decision["at"]
    assert len(thresholds) == 4 and max(thresholds[1], thresholds[3]) < min(thresholds[0], thresholds[2])


def test_rows_get_what_rows_of_train_have() -> None:
    """No row without a label where train has none; what stands alone in train stands alone."""
    truth, raw = sets(7, least=1, n=600)
    truth[:, 3] = 0
    truth[truth.sum(axis=1) == 0] = [1, 0, 0, 0]
    truth[:60] = [0, 0, 0, 1]
    decision = label_rules.fit(truth, raw, metrics.get("f1_samples"))
    assert decision["fill"] is True and decision["alone"] == [3]
    rows = np.array([[0.01, 0.02, 0.0, 0.0], [0.6, 0.2, 0.1, 0.9], [0.9, 0.2, 0.1, 0.6]])
    bits = label_rules.bits_of(rows, {**decision, "rule": "above", "at": 0.5})
    assert bits.tolist() == [[False, True, False, False], [False, False, False, True], [True, False, False, False]]


def test_labels_that_are_rare_or_absent_break_nothing() -> None:
    truth, raw = sets(8)
    truth[:, 1], truth[:, 2] = 0, 1
    for metric in ("f1_samples", "f1_macro", "fbeta@2", "mcc", "balanced_accuracy", "f1_micro"):
        task = tasks.for_competition(competition(metric))
        folds = (np.arange(N) % 5).astype(np.int8)
        assert np.isfinite(task.score_raw(truth, raw, folds))
        assert np.isfinite(task.score_raw(np.zeros_like(truth), raw, folds))


def test_sample_f_is_what_a_row_scores() -> None:
    assert sample_f(np.array([[1, 1, 0]]), np.array([[1, 0, 1]])).tolist() == [[0.5]]


# ---------------------------------------------------------------- writing


@given(
    st.lists(st.lists(st.sampled_from(LABELS), unique=True), min_size=1, max_size=8),
    st.sampled_from([CellForm(), CellForm(", "), CellForm("|", none="none"), CellForm(", ", "[", "]", "'", "[]")]),
)
def test_a_cell_is_read_as_it_was_written(listed: list[list[str]], form: CellForm) -> None:
    assert [form.split(form.join(one)) for one in listed] == listed
    bits = bits_of([form.join(one) for one in listed], LABELS, form)
    assert [[LABELS[at] for at in np.flatnonzero(row)] for row in bits] == [
        sorted(one, key=LABELS.index) for one in listed
    ]


def test_columns_that_would_be_taken_are_named_apart() -> None:
    assert columns_of(("a", "b"), "tags", ("id", "x")) == ("a", "b")
    named = columns_of(("a", "b"), "tags", ("id", "a"))
    assert named == ("tags=a", "tags=b")
    assert labels_of(competition("f1_samples", target_columns=named, target_name="tags")) == ("a", "b")


def test_unknown_labels_are_refused() -> None:
    with pytest.raises(IntakeError, match="'mould'"):
        bits_of(["scab mould"], LABELS, CellForm())
    task = tasks.for_competition(competition("f1_samples"))
    for cell, told in (("scab mould", "mould"), ("scab scab", "twice")):
        frame = pl.DataFrame({"id": ["r0"], "labels": [cell]})
        with pytest.raises(InvalidPredictions, match=told):
            task.check_submission(frame, pl.Series("id", ["r0"]))
