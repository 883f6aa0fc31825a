"""Rows without labels: what a first fit says of them teaches a second, and no label of theirs is read."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes import tabular
from podium.recipes.source import solution
from podium.recipes.tabular import catalog, pseudo
from podium.recipes.tabular.installed import loads
from podium.recipes.tabular.model import split_positions
from podium.recipes.tabular.target import Target
from podium.records import Competition, DataFacts, Recipe

LABELLED, UNLABELLED, WIDTH = 60, 400, 8
QUICK: dict[str, dict[str, Any]] = {
    "lightgbm": {"rounds": 20, "patience": 5, "min_data_in_leaf": 5, "refit": True},
    "hist": {"rounds": 5, "patience": 5},
    "xgboost": {"rounds": 10, "patience": 5},
    "catboost": {"rounds": 10},
    "extra_trees": {"trees": 10},
    "mlp": {"epochs": 5, "hidden": [16], "nets": 1, "batch": 64},
}
METRICS = {"regression": "rmse", "multilabel_classification": "auc"}
OUTPUTS = {"multiclass_classification": 3, "multilabel_classification": 2}


def table(task_type: str, seed: int = 0, new: int = 400) -> tuple[pl.DataFrame, Any]:
    """Eight clusters, each of one label; a category beside that says nothing."""
    rng = np.random.default_rng(seed)
    n = LABELLED + UNLABELLED + new
    centres, cluster = rng.normal(size=(8, WIDTH)) * 2.2, rng.integers(8, size=n)
    x = centres[cluster] + rng.normal(size=(n, WIDTH))
    frame = pl.DataFrame({f"x{k}": x[:, k] for k in range(WIDTH)}).with_columns(
        level=pl.Series(rng.choice(list("abcdef"), n))
    )
    classes = OUTPUTS.get(task_type, 2)
    y: Any = np.where(rng.random(n) < 0.05, rng.integers(classes, size=n), (np.arange(8) % classes)[cluster])
    if task_type == "regression":
        y = 3.0 * np.arange(8)[cluster] + rng.normal(size=n)
    if task_type == "multilabel_classification":
        y = np.column_stack([y, cluster < 3]).astype(np.float64)
    return frame, y


def context(task_type: str, frame: pl.DataFrame | None, seed: int = 0, **more: Any) -> Context:
    schema = (*(Column(f"x{k}", "numeric") for k in range(WIDTH)), Column("level", "categorical", 6))
    there = {} if frame is None else {"unlabelled": Rows(frame, np.arange(LABELLED, frame.height))}
    return Context(
        seed=seed, cores=1, task_type=task_type, metric=METRICS.get(task_type, "log_loss"),
        n_outputs=OUTPUTS.get(task_type, 1), schema=schema, **{**there, **more},
    )  # fmt: skip


def installed(family: str) -> bool:
    return all(loads(package) for package in catalog.FAMILIES[family].requires if package != "scikit-learn")


def fitted(family: str, task_type: str, weight: float = 0.5, seed: int = 0, **more: Any) -> tuple[Any, Any]:
    """The model and its predictions of the rows that are new."""
    if not installed(family):
        pytest.skip(f"{family} is not installed")
    frame, y = table(task_type, more.pop("table_seed", 0))
    ctx = context(task_type, frame, seed, **more.pop("ctx", {}))
    features = {**({"pseudo": weight} if weight else {}), **more.pop("features", {})}
    model = getattr(tabular, catalog.FAMILIES[family].class_name)(features=features, **QUICK.get(family, {}))
    model.fit(Rows(frame, np.arange(LABELLED), y=y[:LABELLED], **more), ctx)
    return model, model.predict(Rows(frame, np.arange(LABELLED + UNLABELLED, frame.height)), ctx).values


@pytest.mark.parametrize("family", sorted(pseudo.FAMILIES - {"tabm", "realmlp", "dual_branch"}))
def test_every_family_that_is_offered_learns_from_them(family: str) -> None:
    for task_type in ("binary_classification", "multiclass_classification", "multilabel_classification", "regression"):
        model, values = fitted(family, task_type)
        assert values.shape == (400, OUTPUTS.get(task_type, 1)) and np.isfinite(values).all()
        taught = model.notes["pseudo"]
        assert taught == 2 * LABELLED if task_type == "regression" else 2 * LABELLED <= taught <= 6 * LABELLED
        assert not model.teaching
        assert pickle.loads(pickle.dumps(model)).notes["pseudo"] == taught


def test_families_are_those_that_weigh_rows() -> None:
    for name, family in catalog.FAMILIES.items():
        if installed(name):
            assert getattr(tabular, family.class_name).weighs == (name in pseudo.FAMILIES), name


def test_they_pay_where_few_of_many_rows_in_groups_are_labelled() -> None:
    """Two categories of many levels, rows of a level alike: with few labels, levels are too small to be told apart."""
    pytest.importorskip("lightgbm")
    ratios, n = [], 300
    for seed in range(3):
        rng = np.random.default_rng(seed)
        a, b, x = rng.integers(40, size=4 * n + 800), rng.integers(15, size=4 * n + 800), rng.normal(size=4 * n + 800)
        signal = 2 * rng.normal(size=40)[a] + rng.normal(size=15)[b] + x
        y = (rng.random(len(x)) < 1 / (1 + np.exp(-signal))).astype(np.int64)
        frame = pl.DataFrame({"a": [f"a{k}" for k in a], "b": [f"b{k}" for k in b], "x": x})
        schema = (Column("a", "categorical", 40), Column("b", "categorical", 15), Column("x", "numeric"))
        rows, others = Rows(frame, np.arange(n), y=y[:n]), Rows(frame, np.arange(n, frame.height))
        new, loss = np.arange(4 * n, frame.height), []
        ctx = replace(context("binary_classification", None, seed), schema=schema, unlabelled=others)
        for weight in (0.0, 0.5):
            model = tabular.LightGBM({"pseudo": weight}, rounds=150, patience=20, min_data_in_leaf=10).fit(rows, ctx)
            found = np.clip(model.predict(Rows(frame, new), ctx).values[:, 0], 1e-4, 1 - 1e-4)
            loss.append(-np.mean(np.where(y[new] == 1, np.log(found), np.log(1 - found))))
        ratios.append(loss[1] / loss[0])
    assert max(ratios) < 0.99 and np.mean(ratios) < 0.97, ratios


@pytest.mark.parametrize("family", ["lightgbm", "mlp"])
def test_without_the_option_or_the_rows_nothing_changes(family: str) -> None:
    plain = fitted(family, "binary_classification", 0.0, ctx={"unlabelled": None})[1]
    frame, _ = table("binary_classification")
    none = Rows(frame, np.arange(0))
    times = np.arange(LABELLED, dtype=np.float64)
    np.testing.assert_array_equal(plain, fitted(family, "binary_classification", 0.0)[1])
    np.testing.assert_array_equal(plain, fitted(family, "binary_classification", ctx={"unlabelled": None})[1])
    np.testing.assert_array_equal(plain, fitted(family, "binary_classification", ctx={"unlabelled": none})[1])
    ordered = [fitted(family, "binary_classification", weight, times=times) for weight in (0.0, 0.5)]
    np.testing.assert_array_equal(ordered[0][1], ordered[1][1])  # later rows are not there yet
    assert "pseudo" not in ordered[1][0].notes
    assert (fitted(family, "binary_classification")[1] != plain).any()


@pytest.mark.parametrize("family", ["linear", "knn", "kernel", "extra_trees", "catboost"])
def test_models_that_they_cannot_teach_leave_them_alone(family: str) -> None:
    np.testing.assert_array_equal(*(fitted(family, "binary_classification", weight)[1] for weight in (0.0, 0.5)))


@pytest.mark.parametrize("family", ["lightgbm", "mlp"])
def test_equal_seeds_give_equal_models_and_no_label_of_theirs_is_read(family: str) -> None:
    task_type = "multiclass_classification"
    frame, y = table(task_type)
    told = Rows(frame, np.arange(LABELLED, frame.height), y=(y[LABELLED:] + 1) % 3)
    once, again = fitted(family, task_type)[1], fitted(family, task_type, ctx={"unlabelled": told})[1]
    np.testing.assert_array_equal(once, again)
    assert (once != fitted(family, task_type, seed=1)[1]).any()


def test_encodings_of_labels_know_the_labelled_rows_alone() -> None:
    frame, _ = table("binary_classification")
    rows, options = Rows(frame, np.arange(200)), {"target": True, "near": 5, "groups": 2}
    plain, taught = (fitted("lightgbm", "binary_classification", weight, features=options)[0] for weight in (0.0, 0.5))
    np.testing.assert_array_equal(plain.encoder.transform(rows).values, taught.encoder.transform(rows).values)


def test_what_is_held_back_is_labelled_and_the_same_with_them_and_without() -> None:
    frame, y = table("regression")
    ctx, fives = context("regression", None), np.arange(LABELLED, dtype=np.int64) // 5
    for groups in (None, fives):
        train = Rows(frame, np.arange(LABELLED), y=y[:LABELLED], weight=np.full(LABELLED, 2.0), groups=groups)
        others = Rows(frame, np.arange(LABELLED, LABELLED + 50), groups=None if groups is None else groups[:50])
        encoder = tabular.Encoder()
        matrix, beside = encoder.fit_transform(train, ctx), encoder.transform(others)
        target = Target.of(train.y, ctx)  # type: ignore[arg-type]
        both, rows = pseudo.joined((matrix, train), (beside, others), np.full((50, 1), 1.5), target, 0.25)
        assert both.values.shape == (LABELLED + 50, matrix.values.shape[1]) and rows.y is not None
        assert (rows.weight[LABELLED:] == 0.5).all() and (rows.y[LABELLED:] == 1.5).all()
        (most, held), (before, kept) = split_positions(rows, ctx, 0.2), split_positions(train, ctx, 0.2)
        np.testing.assert_array_equal(held, kept)
        np.testing.assert_array_equal(most, [*before, *range(LABELLED, LABELLED + 50)])
        assert groups is None or not set(groups[held]) & set(groups[before])


def test_rows_from_elsewhere_are_not_held_back() -> None:
    frame, y = table("regression")
    origin = np.where(np.arange(LABELLED) % 2, "external", "real")
    rows = Rows(frame, np.arange(LABELLED), y=y[:LABELLED], origin=origin)
    most, held = split_positions(rows, context("regression", None), 0.3)
    assert (held % 2 == 0).all() and len(most) + len(held) == LABELLED


@pytest.mark.parametrize(
    "task_type", ["binary_classification", "multilabel_classification", "multiclass_classification"]
)
def test_copies_together_are_the_soft_label(task_type: str) -> None:
    rng = np.random.default_rng(0)
    outputs = {"binary_classification": 1, "multilabel_classification": 4, "multiclass_classification": 5}[task_type]
    found = rng.dirichlet(np.ones(outputs), 50) if task_type.startswith("multiclass") else rng.random((50, outputs))
    found = np.concatenate([found, np.eye(outputs)[:1]])
    target = Target.of(np.zeros(2), replace(context(task_type, None), n_outputs=outputs))
    row, labels, share = pseudo.copies(found, target)
    as_columns = np.eye(outputs)[labels] if task_type.startswith("multiclass") else labels
    mean = np.zeros_like(found)
    np.add.at(mean, row, share[:, None] * as_columns)
    np.testing.assert_allclose(np.bincount(row, share), 1.0)
    np.testing.assert_allclose(mean, found, atol=outputs * pseudo.TINY)
    assert (share >= pseudo.TINY).all() and (row == len(found) - 1).sum() == 1  # what is sure is one copy


def test_a_row_of_sixty_equal_classes_is_not_lost() -> None:
    target = Target.of(np.zeros(2), replace(context("multiclass_classification", None), n_outputs=60))
    row, _, share = pseudo.copies(np.full((2, 60), 1 / 60), target)
    np.testing.assert_allclose(np.bincount(row, share), 1.0)


def test_a_short_deadline_leaves_the_first_fit() -> None:
    import time

    model, values = fitted("mlp", "binary_classification", ctx={"deadline": time.monotonic() - 1.0})
    assert "pseudo" not in model.notes and np.isfinite(values).all()


def facts(n_test: int, n_train: int = 1000) -> DataFacts:
    return DataFacts(n_train, 0, n_test, 5, tuple(Column(f"x{k}", "numeric", 500) for k in range(4)), 1, 2)


def asked(cv: str = "stratified") -> Competition:
    return Competition(
        competition="c", data_dir="", task_type="binary_classification", metric="auc", metric_direction="higher",
        target_columns=("y",), id_column="id", submission_columns=("id", "y"), submission_kind="probability", cv_strategy=cv,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("known", "cv", "family", "offered"),
    [
        (facts(500), "stratified", "lightgbm", True),
        (facts(500), "stratified", "linear", False),
        (facts(200), "stratified", "lightgbm", False),
        (facts(200_000, 300_000), "stratified", "lightgbm", False),
        (facts(500), "forward", "lightgbm", False),
    ],
)
def test_search_offers_them_where_test_is_large_and_there(
    known: DataFacts, cv: str, family: str, offered: bool
) -> None:
    rng, recipe = random.Random(0), Recipe("tabular", family, {}, {})
    drawn = [catalog.neighbours(recipe, rng, known, asked(cv)).features for _ in range(200)]
    assert any("pseudo" in features for features in drawn) == offered
    assert all(features.get("pseudo", 1) for features in drawn)


def test_a_recipe_says_what_it_reads_and_costs() -> None:
    plain, taught = (Recipe("tabular", "lightgbm", features, {"rounds": 500}) for features in ({}, {"pseudo": 0.5}))
    assert "reads: unlabelled" in solution(taught, "t", "h") and "reads:" not in solution(plain, "t", "h")
    known = facts(50_000, 100_000)
    assert 2 < catalog.cost_s(taught, known, 80_000) / catalog.cost_s(plain, known, 80_000) < 4
    assert catalog.memory_mb(taught, facts(300_000, 300_000)) > catalog.memory_mb(plain, facts(300_000, 300_000))
    elsewhere = replace(taught, model="knn")
    assert catalog.cost_s(elsewhere, known, 800) == catalog.cost_s(replace(plain, model="knn"), known, 800)
