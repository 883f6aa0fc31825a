"""Tabular recipes: every family learns, on every task; nothing of a predicted row reaches a fit."""

from __future__ import annotations

import importlib
import pickle
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes import tabular
from podium.recipes.tabular import catalog, geometry
from podium.recipes.tabular.derive import Deriver
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.installed import loads
from podium.recipes.tabular.mlp import Network, activate, forward
from podium.recipes.tabular.target import Target

SCHEMA = (
    Column("x", "numeric"),
    Column("skewed", "numeric"),
    Column("level", "categorical", 4),
    Column("when", "date"),
    Column("cabin", "code", 300),
    Column("name", "text", 300, mean_length=12.0),
    Column("flag", "boolean"),
)
QUICK: dict[str, dict[str, Any]] = {
    "lightgbm": {"rounds": 60, "patience": 10, "min_data_in_leaf": 5},
    "hist": {"rounds": 40, "patience": 5},
    "xgboost": {"rounds": 40, "patience": 10},
    "catboost": {"rounds": 40, "patience": 10, "learning_rate": 0.2},
    "extra_trees": {"trees": 25},
    "random_forest": {"trees": 25},
    "linear": {},
    "kernel": {"rows": 200},
    "knn": {},
    "tabm": {"epochs": 40, "members": 4, "width": 32, "bins": 8, "embedding": 4, "batch": 32, "learning_rate": 0.01},
    "realmlp": {"epochs": 30, "width": 32, "layers": 2, "batch": 32},
    "dual_branch": {"epochs": 15, "nets": 2, "width": 16, "bins": 8, "batch": 32, "learning_rate": 0.01},
    "mlp": {"epochs": 12, "hidden": [32], "nets": 1, "batch": 32, "learning_rate": 0.01},
}


def table(n: int = 300, seed: int = 0) -> tuple[pl.DataFrame, Any]:
    """A mixed table and a signal `(n,)` that half its columns carry."""
    rng = np.random.default_rng(seed)
    x, level = rng.normal(size=n), rng.integers(4, size=n)
    frame = pl.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, x),
            "skewed": np.exp(rng.normal(size=n) * 2),
            "level": [None if rng.random() < 0.05 else "abcd"[k] for k in level],
            "when": pl.Series(rng.integers(10**9, 2 * 10**9, n)).cast(pl.Datetime("ms")),
            "cabin": [f"{'FG'[k % 2]}/{rng.integers(900)}/S" for k in level],
            "name": [
                f"{a} {b}" for a, b in zip(rng.choice(["Ann", "Bo"], n), rng.choice(["Lee", "Ray"], n), strict=True)
            ],
            "flag": rng.random(n) < 0.5,
        }
    ).with_columns(pl.col("x").fill_nan(None))
    return frame, x + 1.5 * (level == 2) - level


def context(task_type: str, metric: str, outputs: int, seed: int = 1, **more: Any) -> Context:
    return Context(seed=seed, cores=1, task_type=task_type, metric=metric, n_outputs=outputs, schema=SCHEMA, **more)


def labels(signal: Any, task_type: str) -> tuple[Any, int, str]:
    if task_type == "binary_classification":
        return (signal > -1).astype(np.int64), 1, "auc"
    if task_type == "multiclass_classification":
        return np.digitize(signal, [-2.0, 0.0]).astype(np.int64), 3, "log_loss"
    if task_type == "multilabel_classification":
        return np.column_stack([signal > -1, signal > 0]).astype(np.float64), 2, "auc"
    if task_type == "targets":
        return np.column_stack([np.exp(signal), signal + 10]), 2, "rmsle"
    return np.exp(signal), 1, "rmse_log"


def model_of(family: str, **more: Any) -> Any:
    optional = ("lightgbm", "xgboost", "catboost", "tabm", "realmlp", "dual_branch")
    if family in optional and not all(map(loads, catalog.FAMILIES[family].requires)):
        pytest.skip(f"{family} is not installed")
    return getattr(tabular, catalog.FAMILIES[family].class_name)(**{**QUICK[family], **more})


TASKS = ["binary_classification", "multiclass_classification", "multilabel_classification", "regression", "targets"]


@pytest.mark.parametrize("task_type", TASKS)
@pytest.mark.parametrize("family", sorted(QUICK))
def test_every_family_learns_every_task_and_pickles(family: str, task_type: str) -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, task_type)
    kind = "regression" if task_type == "targets" else task_type
    ctx, train, new = context(kind, metric, outputs), np.arange(220), np.arange(220, 300)
    model = model_of(family).fit(Rows(frame, train, y=y[train]), ctx)
    values = model.predict(Rows(frame, new), ctx).values
    assert values.shape == (80, outputs) and values.dtype == np.float64 and np.isfinite(values).all()
    again = pickle.loads(pickle.dumps(model)).predict(Rows(frame, new), ctx).values
    np.testing.assert_array_equal(values, again)
    if task_type == "multiclass_classification":
        np.testing.assert_allclose(values.sum(axis=1), 1)
        loss = -np.mean(np.log(values[np.arange(80), y[new]]))
        shares = np.bincount(y[train], minlength=3) / len(train)
        assert loss < -np.mean(np.log(shares[y[new]]))
    else:
        truth = y[new].reshape(80, -1)
        assert all(np.corrcoef(values[:, k], truth[:, k])[0, 1] > 0.25 for k in range(outputs))


@pytest.mark.parametrize("family", ["lightgbm", "mlp", "tabm", "realmlp", "dual_branch", "extra_trees", "xgboost"])
def test_equal_seeds_give_equal_models(family: str) -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "binary_classification")
    rows, ctx = Rows(frame, np.arange(300), y=y), context("binary_classification", metric, outputs)
    first, second = (model_of(family).fit(rows, ctx).predict(rows, ctx).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("family", ["tabm", "realmlp", "dual_branch"])
def test_nets_learn_from_rows_without_labels(family: str) -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "binary_classification")
    ctx = context("binary_classification", metric, outputs, unlabelled=Rows(frame, np.arange(100, 200)))
    model = model_of(family, epochs=2, features={"pseudo": 0.5}).fit(Rows(frame, np.arange(100), y=y[:100]), ctx)
    assert 100 < model.notes["pseudo"] <= 200
    assert np.isfinite(model.predict(Rows(frame, np.arange(200, 300)), ctx).values).all()


def test_ridge_of_several_values_is_the_ridge_of_each() -> None:
    frame, signal = table()
    y, outputs, _ = labels(signal, "targets")
    rows = Rows(frame, np.arange(300), y=y)
    both = (
        tabular.Linear()
        .fit(rows, context("regression", "rmse", outputs))
        .predict(rows, context("regression", "rmse", 2))
    )
    for k in range(outputs):
        ctx = context("regression", "rmse", 1)
        alone = tabular.Linear().fit(Rows(frame, np.arange(300), y=y[:, k]), ctx).predict(rows, ctx)
        np.testing.assert_allclose(both.values[:, k], alone.values[:, 0], rtol=1e-6)


def test_a_rare_label_may_be_held_back_altogether() -> None:
    frame, signal = table()
    rare = np.zeros((300, 3))
    rare[:, 0] = signal > 0
    rare[7, 1] = rare[250, 2] = 1.0
    for seed in range(8):
        ctx = context("multilabel_classification", "auc", 3, seed)
        model = tabular.Linear().fit(Rows(frame, np.arange(300), y=rare), ctx)
        assert np.isfinite(model.predict(Rows(frame, np.arange(300)), ctx).values).all()


@pytest.mark.parametrize("task_type", ["multilabel_classification", "multiclass_classification", "targets"])
@pytest.mark.parametrize("family", ["lightgbm", "hist", "xgboost", "catboost"])
def test_a_label_that_all_training_rows_have_is_predicted(family: str, task_type: str) -> None:
    """Of a rare label the fold that holds its one positive back has none; libraries refuse to learn that."""
    frame, signal = table()
    y, outputs, metric = labels(signal, task_type)
    if task_type == "multiclass_classification":
        y = np.full(300, 2)
    else:
        y[:, 1] = 3.0 if task_type == "targets" else 0.0
    ctx = context("regression" if task_type == "targets" else task_type, metric, outputs)
    model = model_of(family).fit(Rows(frame, np.arange(200), y=y[:200]), ctx)
    values = pickle.loads(pickle.dumps(model)).predict(Rows(frame, np.arange(200, 300)), ctx).values
    wanted = {"multiclass_classification": [0, 0, 1], "targets": [3.0]}.get(task_type, [0.0])
    np.testing.assert_allclose(values[:, -len(wanted) :], [wanted] * 100, atol=1e-6)
    assert len(wanted) > 1 or np.corrcoef(values[:, 0], y[200:, 0])[0, 1] > 0.25


def test_what_a_category_lacks_is_no_level_of_it_for_a_forest() -> None:
    frame = pl.DataFrame({"pool": ["Gd", "Ex", *[None] * 98], "x": np.arange(100.0)})
    schema = (Column("pool", "categorical", 2), Column("x", "numeric"))
    ctx = Context(seed=0, cores=1, task_type="regression", metric="rmse", n_outputs=1, schema=schema)
    found = Encoder(view="forest").fit_transform(Rows(frame, np.arange(100), y=np.arange(100.0)), ctx)
    assert len(np.unique(found.values[:, 0])) == 3 and not np.isnan(found.values).any()


def test_numbers_may_be_drawn_in_where_there_are_none() -> None:
    frame = pl.DataFrame({"level": ["a", "b"] * 50})
    ctx = Context(
        seed=0, cores=1, task_type="regression", metric="rmse", n_outputs=1, schema=(Column("level", "categorical", 2),)
    )
    rows_ = Rows(frame, np.arange(100), y=np.tile([0.0, 1.0], 50))
    assert Encoder(view="dense", numbers="soft").fit_transform(rows_, ctx).values.shape[0] == 100


def test_levels_of_one_length_that_come_back_are_categories_too() -> None:
    """Airports are no codes to be taken apart alone."""
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(list("ABCDEFGHIJ"), 3)) for _ in range(400)]
    schema = (Column("airport", "categorical", 300),)
    for times, both in ((20, True), (1, False)):
        derived = Deriver(schema)(Rows(pl.DataFrame({"airport": names * times}), np.arange(400 * times)))
        assert ("airport" in derived.categories) == both and "airport" in derived.keys
        assert "airport.at0" in derived.numbers


@pytest.mark.parametrize("family", ["kernel", "knn"])
def test_many_new_rows_are_predicted_in_blocks(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "multiclass_classification")
    ctx = context("multiclass_classification", metric, outputs)
    model = model_of(family).fit(Rows(frame, np.arange(200), y=y[:200]), ctx)
    whole = model.predict(Rows(frame, np.arange(300)), ctx).values
    monkeypatch.setattr(importlib.import_module(f"podium.recipes.tabular.{family}"), "BLOCK", 4_000)
    np.testing.assert_allclose(model.predict(Rows(frame, np.arange(300)), ctx).values, whole, rtol=1e-9)


def test_a_file_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("2\ncomment\nH 0 0 0\nO 0 0 1\n")
    found = geometry.read_geometries([tmp_path / "a.xyz", tmp_path / "None"])
    assert found["atoms"][0] == 2 and all(np.isnan(values[1]) for values in found.values())


def test_prediction_of_a_row_does_not_depend_on_the_others() -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "regression")
    ctx = context("regression", metric, outputs)
    model = model_of("lightgbm", features={"target": True, "sums": True, "crosses": 2}).fit(
        Rows(frame, np.arange(200), y=y[:200]), ctx
    )
    together = model.predict(Rows(frame, np.arange(200, 300)), ctx).values
    alone = model.predict(Rows(frame, np.array([250])), ctx).values
    np.testing.assert_allclose(together[50], alone[0])


def test_target_means_of_training_rows_are_out_of_fold() -> None:
    """A key that every row has to itself carries no label: in-fold means would copy it."""
    n = 400
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"key": [f"k{k}" for k in range(n)]})
    y = rng.integers(2, size=n)
    ctx = Context(
        seed=0, cores=1, task_type="binary_classification", metric="auc", n_outputs=1, schema=(Column("key", "categorical", n),)
    )  # fmt: skip
    encoder = Encoder(target=True, counts=False)
    matrix = encoder.fit_transform(Rows(frame, np.arange(n), y=y), ctx)
    means = matrix.values[:, matrix.names.index("key.mean0")]
    assert np.ptp(means) < 1e-6  # nothing but the prior
    fitted = encoder.transform(Rows(frame, np.arange(n))).values[:, matrix.names.index("key.mean0")]
    assert np.corrcoef(fitted, y)[0, 1] > 0.99  # known keys, once training is over


def test_training_labels_alone_shape_the_encoder() -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "binary_classification")
    ctx = context("binary_classification", metric, outputs)
    garbled = frame.with_columns(x=pl.when(pl.arange(0, 300) < 200).then(pl.col("x")).otherwise(1e9))
    for view in ("tree", "forest", "dense"):
        one, two = (Encoder(view=view, target=True, numbers="rank") for _ in range(2))  # type: ignore[arg-type]
        a = one.fit_transform(Rows(frame, np.arange(200), y=y[:200]), ctx).values
        b = two.fit_transform(Rows(garbled, np.arange(200), y=y[:200]), ctx).values
        np.testing.assert_array_equal(a, b)


def test_unseen_levels_and_odd_codes_do_not_break_prediction() -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "binary_classification")
    odd = frame.tail(3).with_columns(
        level=pl.Series(["zzz", None, "a"]), cabin=pl.Series(["G", None, "1/x/2/3"]), name=pl.Series([None, "", "?"])
    )
    ctx = context("binary_classification", metric, outputs)
    for family in ("lightgbm", "linear"):
        model = model_of(family).fit(Rows(frame, np.arange(300), y=y), ctx)
        assert np.isfinite(model.predict(Rows(odd, np.arange(3)), ctx).values).all()


def test_codes_fall_into_parts() -> None:
    frame = pl.DataFrame({"cabin": ["F/731/S", "G/2/P", None], "group": ["0013_01", "0013_02", "0014_01"]})
    schema = (Column("cabin", "code"), Column("group", "code"))
    out = Deriver(schema)(Rows(frame, np.arange(3)))
    assert out.categories["cabin.0"].to_list() == ["F", "G", None]
    np.testing.assert_array_equal(out.numbers["cabin.1"], [731, 2, np.nan])
    np.testing.assert_array_equal(out.numbers["group.1"], [1, 2, 1])
    assert out.keys["group.prefix1"].to_list() == ["0013", "0013", "0014"]


def test_a_text_that_comes_back_stands_for_itself_too() -> None:
    """`South Korea` says more than its words."""
    schema = [Column("land", "text", 4, mean_length=11.0), Column("remark", "text", 40, mean_length=11.0)]
    frame = pl.DataFrame(
        {
            "land": ["South Korea", "United States", "North Korea", None] * 10,
            "remark": [f"said number {k}" for k in range(40)],
        }
    )
    derive = Deriver(schema)
    first, few = derive(Rows(frame, np.arange(40))), derive(Rows(frame, np.array([0, 4])))
    assert {"land", "remark"} == set(first.texts)
    for derived in (first, few):  # settled on the training rows
        assert "land" in derived.keys and "remark" not in derived.keys
    assert few.keys["land"].to_list() == ["South Korea"] * 2


def test_catboost_tells_many_levels_apart() -> None:
    """Its statistics are made for them; other trees see the most frequent."""
    rng = np.random.default_rng(0)
    level = rng.integers(600, size=6000)
    worth, frame = rng.normal(size=600), pl.DataFrame({"level": [f"l{k}x" for k in level]})
    schema, y = (Column("level", "categorical", 600),), worth[level]
    ctx = Context(seed=0, cores=1, task_type="regression", metric="rmse", n_outputs=1, schema=schema)
    train = Rows(frame, np.arange(5000), y=y[:5000])
    known, others = (
        np.isfinite(Encoder(**more).fit_transform(train, ctx).values[:, 0]).mean() for more in ({"levels": 1000}, {})
    )
    assert known == 1.0 and others < 0.6
    new = np.arange(5000, 6000)

    def correlation(**features: int) -> float:
        model = model_of("catboost", rounds=200, features=features).fit(train, ctx)
        return float(np.corrcoef(model.predict(Rows(frame, new), ctx).values[:, 0], y[new])[0, 1])

    assert correlation() > correlation(levels=250) + 0.1


def test_target_follows_the_metric_and_turns_back() -> None:
    y = np.array([1.0, 10.0, 100.0])
    for metric, curve in (("rmsle", "log1p"), ("rmse_log", "log"), ("rmse", "identity"), ("mae", "identity")):
        target = Target.of(y, context("regression", metric, 1))
        assert target.curve == curve and target.loss == ("l1" if metric == "mae" else "l2")
        np.testing.assert_allclose(target.assemble([target.columns(y)[0]])[:, 0], y)
    wild = Target.of(y, context("regression", "rmse_log", 1)).assemble([np.array([-99.0, 99.0])])
    assert wild.min() > 0 and wild.max() < 200
    assert Target.of(np.array([0.0, 3.0]), context("regression", "rmse_log", 1)).curve == "log1p"
    assert Target.of(np.array([-5.0, 3.0]), context("regression", "rmsle", 1)).curve == "identity"


def test_boosting_stops_at_its_deadline() -> None:
    frame, signal = table()
    y, outputs, metric = labels(signal, "targets")
    ctx = context("regression", metric, outputs, deadline=time.monotonic() + 0.9)  # within the margin: stop at once
    for family in ("lightgbm", "xgboost", "catboost"):
        if not loads(family):
            continue
        model = model_of(family, rounds=5000, patience=0, refit=True).fit(Rows(frame, np.arange(300), y=y), ctx)
        assert max(model.notes["best_iteration"]) < 100


def test_boosting_that_is_cut_off_keeps_its_best_round() -> None:
    if not loads("lightgbm"):
        pytest.skip("lightgbm is not installed")
    from lightgbm.callback import EarlyStopException

    from podium.recipes.tabular.lightgbm_model import deadline

    def ended(losses: list[float], higher_is_better: bool = False) -> int:
        over = context("regression", "rmse", 1, deadline=time.monotonic() - 1)
        later = context("regression", "rmse", 1, deadline=time.monotonic() + 60)
        stop = deadline(later, 0.0)
        for k, loss in enumerate(losses):
            if k == len(losses) - 1:
                object.__setattr__(later, "deadline", over.deadline)
            results = [("held", "l2", loss, higher_is_better)] if loss else []
            stop(SimpleNamespace(iteration=k, evaluation_result_list=results))
        raise AssertionError("it went on")

    for losses, higher, best in (([3.0, 1.0, 2.0], False, 1), ([3.0, 1.0, 2.0], True, 0), ([0, 0, 0], False, 2)):
        with pytest.raises(EarlyStopException) as stopped:
            ended(losses, higher)
        assert stopped.value.best_iteration == best


@pytest.mark.parametrize("loss", ["multiclass", "binary", "l2"])
def test_network_gradient_matches_finite_differences(loss: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(6, 4)).astype(np.float32)
    targets = np.eye(3, dtype=np.float32)[rng.integers(3, size=6)]
    network = Network([4, 5, 3], loss, targets, rng)
    before = network.copy()
    network.step(values, targets, np.ones(6, np.float32), 1e-4, [0.0, 0.0], 0.0, rng)

    def total(weights: Any) -> float:
        out = activate(forward(weights, values), loss).astype(np.float64)
        if loss == "multiclass":
            return float(-np.log((out * targets).sum(axis=1)).mean())
        if loss == "binary":
            return float(-(targets * np.log(out) + (1 - targets) * np.log(1 - out)).sum(axis=1).mean())
        return float(((out - targets) ** 2).sum(axis=1).mean() / 2)

    for k in (0, 2):
        moved = [w.copy() for w in before]
        moved[k][1, 2] += 1e-2
        slope = (total(moved) - total(before)) / 1e-2
        found = network.first[k][1, 2] / 0.1  # Adam's first moment after one step is a tenth of the gradient
        assert found == pytest.approx(slope, abs=0.02)


CRYSTAL = """lattice_vector 4.0 0.0 0.0
lattice_vector 0.0 4.0 0.0
lattice_vector 0.0 0.0 4.0
atom 0.0 0.0 0.0 Na
atom 2.0 0.0 0.0 Cl
"""
PLAIN = '2\nLattice="4 0 0 0 4 0 0 0 4"\nNa 0 0 0\nCl 2.0 0 0\n'


@pytest.mark.parametrize("text", [CRYSTAL, PLAIN])
def test_geometry_of_a_crystal(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text(text)
    (tmp_path / "b.xyz").write_text("no atoms here\n")
    told = geometry.read_geometries([path, tmp_path / "b.xyz"])
    assert told["volume"][0] == pytest.approx(64)
    assert told["Na-Cl.min"][0] == pytest.approx(2.0)  # across the cell's border as near as within it
    assert told["Na-Na.min"][0] == pytest.approx(4.0)
    assert told["Na-Cl.shell"][0] == 2
    assert np.isnan(told["volume"][1])


def test_files_measured_in_prepare_equal_those_measured_in_fit(tmp_path: Path) -> None:
    for k in range(60):
        (tmp_path / f"{k}.xyz").write_text(CRYSTAL.replace("atom 2.0", f"atom {1 + k / 60:.4f}"))
    frame = pl.DataFrame({"file": [f"{k}.xyz" for k in range(60)]})
    schema = (Column("file", "file", 60),)
    ctx = Context(seed=0, cores=1, task_type="regression", metric="rmse", n_outputs=1, schema=schema)
    y, all_rows = np.arange(60.0), np.arange(60)
    prepared = tabular.measure_files(Rows(frame, all_rows, files=tmp_path), ctx)
    once = Encoder(files="prepare").fit_transform(Rows(prepared, all_rows, y=y), ctx)
    each = Encoder(files=True).fit_transform(Rows(frame, all_rows, y=y, files=tmp_path), ctx)
    assert sorted(once.names) == sorted(each.names) and "file.Na-Cl.min" in once.names
    order = [each.names.index(name) for name in once.names]
    np.testing.assert_array_equal(once.values, each.values[:, order])


def test_recipes_name_what_they_export() -> None:
    for family in catalog.FAMILIES.values():
        assert family.class_name in tabular.__all__
    module = importlib.import_module("podium.recipes.tabular")
    with pytest.raises(AttributeError, match="no attribute 'Oracle'"):
        _ = module.Oracle
