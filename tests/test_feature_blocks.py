"""Neighbours, clusters, groups, smoothed means, selection: what they find, what they must not see, what breaks them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.nearest import nearest
from podium.recipes.tabular.selection import helpful

NEW: tuple[dict[str, Any], ...] = (
    {"near": 8},
    {"clusters": 6},
    {"groups": 2},
    {"target": True, "smooth": [1, 10, 100]},
    {"target": True, "pairs": 3},
    {"near": 5, "clusters": 3, "groups": 2, "target": True, "smooth": [1, 30], "select": True},
)


def schema(frame: pl.DataFrame) -> tuple[Column, ...]:
    return tuple(
        Column(name, "numeric" if frame[name].dtype.is_numeric() else "categorical", frame[name].n_unique())
        for name in frame.columns
    )


def context(frame: pl.DataFrame, task_type: str = "regression", outputs: int = 1, seed: int = 0) -> Context:
    metric = "rmse" if task_type == "regression" else "log_loss"
    return Context(seed=seed, cores=1, task_type=task_type, metric=metric, n_outputs=outputs, schema=schema(frame))


def islands(n: int = 400, seed: int = 0) -> tuple[pl.DataFrame, Any]:
    """Rows on islands of a plane; the label is the island's, which no cut of one column tells; a city with its own level."""
    rng = np.random.default_rng(seed)
    centres, island = rng.normal(size=(20, 2)) * 3, rng.integers(20, size=n)
    places = centres[island] + rng.normal(size=(n, 2)) * 0.2
    city = rng.integers(12, size=n)
    income = rng.normal(size=n) + 5 * city
    frame = pl.DataFrame({"x": places[:, 0], "y": places[:, 1], "city": [f"c{k}" for k in city], "income": income})
    return frame, rng.normal(size=20)[island] * 2 + (income - 5 * city)


@pytest.mark.parametrize("options", NEW)
@pytest.mark.parametrize("view", ["tree", "forest", "dense"])
def test_columns_are_named_finite_where_asked_and_alike_for_one_row(view: Any, options: dict[str, Any]) -> None:
    frame, label = islands()
    ctx, train = context(frame), Rows(frame, np.arange(300), y=label[:300])
    encoder = Encoder(view=view, **options)
    fitted = encoder.fit_transform(train, ctx)
    assert fitted.values.shape == (300, len(fitted.names)) and len(set(fitted.names)) == len(fitted.names)
    again = pickle.loads(pickle.dumps(encoder))
    together, alone = again.transform(Rows(frame, np.arange(300, 400))), again.transform(Rows(frame, np.array([350])))
    np.testing.assert_allclose(together.values[50], alone.values[0], rtol=1e-5, atol=1e-6)
    assert view == "tree" or np.isfinite(together.values).all()
    twin = Encoder(view=view, **options).fit_transform(train, ctx)
    np.testing.assert_array_equal(twin.values, fitted.values)


@pytest.mark.parametrize("options", NEW)
def test_rows_to_be_predicted_shape_nothing(options: dict[str, Any]) -> None:
    frame, label = islands()
    later = pl.arange(0, 400) >= 300
    garbled = frame.with_columns(
        x=pl.when(later).then(1e9).otherwise(pl.col("x")),
        city=pl.when(later).then(pl.lit("?")).otherwise(pl.col("city")),
    )
    made = [
        Encoder(**options).fit_transform(Rows(one, np.arange(300), y=label[:300]), context(frame)).values
        for one in (frame, garbled)
    ]
    np.testing.assert_array_equal(*made)


def test_a_neighbourhood_tells_what_no_column_does() -> None:
    frame, label = islands()
    encoder = Encoder(near=8)
    fitted = encoder.fit_transform(Rows(frame, np.arange(300), y=label[:300]), context(frame))
    at = fitted.names.index("near.mean0")
    assert np.corrcoef(fitted.values[:, at], label[:300])[0, 1] > 0.45
    new = encoder.transform(Rows(frame, np.arange(300, 400)))
    assert np.corrcoef(new.values[:, at], label[300:])[0, 1] > 0.45


def test_a_rows_own_label_is_not_among_its_neighbours() -> None:
    """Labels that are noise: in-fold neighbours would copy the row itself, which lies at distance 0."""
    rng = np.random.default_rng(0)
    frame, label = pl.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)}), rng.normal(size=500)
    encoder = Encoder(near=3)
    fitted = encoder.fit_transform(Rows(frame, np.arange(500), y=label), context(frame))
    at = fitted.names.index("near.mean0")
    assert abs(np.corrcoef(fitted.values[:, at], label)[0, 1]) < 0.15
    inside = encoder.transform(Rows(frame, np.arange(500))).values[:, at]
    assert np.corrcoef(inside, label)[0, 1] > 0.8


def test_clusters_find_the_islands() -> None:
    frame, _ = islands()
    encoder = Encoder(clusters=20)
    made = encoder.fit_transform(
        Rows(frame.select("x", "y"), np.arange(400), y=np.zeros(400)), context(frame.select("x", "y"))
    )
    distances = made.values[:, [k for k, name in enumerate(made.names) if name.startswith("cluster")]]
    nearest = distances.argmin(axis=1)
    spread = [frame["x"].to_numpy()[nearest == k].std() for k in np.unique(nearest)]
    assert distances.shape[1] == 20 and np.median(spread) < 0.5 * frame["x"].std()


def test_a_rows_place_in_its_group_is_told() -> None:
    frame, label = islands()
    made = Encoder(groups=3).fit_transform(Rows(frame, np.arange(400), y=label), context(frame))
    score = made.values[:, made.names.index("income in city.score")]
    city = frame["city"].str.slice(1).cast(pl.Float64).to_numpy()
    assert np.corrcoef(score, frame["income"].to_numpy() - 5 * city)[0, 1] > 0.95
    assert abs(np.corrcoef(score, frame["income"].to_numpy())[0, 1]) < 0.3


def test_each_smoothing_is_a_column_and_the_stronger_is_nearer_to_the_mean() -> None:
    frame, label = islands()
    label = label + (frame["city"] == "c3").to_numpy() * 10
    made = Encoder(target=True, smooth=[1, 100]).fit_transform(Rows(frame, np.arange(400), y=label), context(frame))
    here = (frame["city"] == "c3").to_numpy()
    weak, strong = (made.values[here, made.names.index(f"city.mean0~{rows}")].mean() for rows in (1, 100))
    assert label[here].mean() * 0.8 < weak and label.mean() < strong < 0.6 * weak


@pytest.mark.parametrize(
    ("task_type", "outputs"), [("regression", 1), ("binary_classification", 1), ("multiclass_classification", 3)]
)
def test_what_helps_is_kept_and_noise_goes(task_type: str, outputs: int) -> None:
    pytest.importorskip("lightgbm")
    rng = np.random.default_rng(1)
    noise = {f"n{k}": rng.normal(size=1500) for k in range(12)}
    a, b = rng.normal(size=1500), rng.normal(size=1500)
    frame = pl.DataFrame({"a": a, "b": b, **noise})
    label = 2 * a + b * a + 0.2 * rng.normal(size=1500)
    if task_type != "regression":
        label = np.digitize(label, [0.0] if outputs == 1 else [-1.0, 1.0]).astype(np.int64)
    encoder = Encoder(select=True)
    made = encoder.fit_transform(Rows(frame, np.arange(1500), y=label), context(frame, task_type, outputs))
    assert {"a", "b"} <= set(made.names) and len(made.names) <= 9
    assert encoder.transform(Rows(frame, np.arange(10))).names == made.names


def test_few_rows_are_not_chosen_from() -> None:
    frame, label = islands(100)
    matrix = Encoder().fit_transform(Rows(frame, np.arange(100), y=label), context(frame))
    assert helpful(matrix, Rows(frame, np.arange(100), y=label), context(frame)) is None


@pytest.mark.parametrize("options", NEW)
def test_tables_of_one_value_one_row_or_one_column_do_not_break(options: dict[str, Any]) -> None:
    for frame in (
        pl.DataFrame({"x": [1.0] * 30}),
        pl.DataFrame({"x": [None] * 30, "c": ["a"] * 30}, schema={"x": pl.Float64, "c": pl.String}),
        pl.DataFrame({"c": [f"{k}" for k in range(30)]}),
        pl.DataFrame({"x": [3.0], "c": ["a"]}),
    ):
        label = np.arange(len(frame), dtype=np.float64)
        encoder = Encoder(view="dense", **options)
        made = encoder.fit_transform(Rows(frame, np.arange(len(frame)), y=label), context(frame))
        assert np.isfinite(made.values).all()
        assert encoder.transform(Rows(frame, np.arange(0))).values.shape == (0, len(made.names))


def latin(n: int = 1500, seed: int = 0) -> tuple[pl.DataFrame, Any]:
    """Two categories whose product alone tells the label (a Latin square), one that tells it by itself, one of noise."""
    rng = np.random.default_rng(seed)
    a, b, c, d = (rng.integers(6, size=n) for _ in range(4))
    frame = pl.DataFrame(
        {name: [f"{name}{k}" for k in codes] for name, codes in zip("abcd", (a, b, c, d), strict=True)}
    )
    return frame, ((a + b) % 6 < 2) * 2.0 + c * 0.5 + rng.normal(size=n) * 0.5


def test_the_pair_that_interacts_is_found_and_no_other() -> None:
    frame, label = latin()
    encoder = Encoder(target=True, pairs=5)
    made = encoder.fit_transform(Rows(frame, np.arange(1500), y=label), context(frame))
    assert encoder.pairs is not None and [set(pair) for pair in encoder.pairs.chosen] == [{"a", "b"}]
    means = [k for k, name in enumerate(made.names) if " & " in name and ".mean" in name]
    assert len(means) == 1
    alone = [np.corrcoef(made.values[:, made.names.index(f"{name}.mean0")], label)[0, 1] for name in "ab"]
    assert np.corrcoef(made.values[:, means[0]], label)[0, 1] > max(alone) + 0.3


def test_numbers_of_few_values_are_paired_too() -> None:
    frame, label = latin()
    numbers = frame.with_columns(pl.col("a", "b").str.slice(1).cast(pl.Float64))
    encoder = Encoder(target=True, pairs=5)
    encoder.fit_transform(Rows(numbers, np.arange(1500), y=label), context(numbers))
    assert encoder.pairs is not None and [set(pair) for pair in encoder.pairs.chosen] == [{"a", "b"}]


def test_a_pair_that_was_not_seen_gets_the_mean() -> None:
    frame, label = latin()
    encoder = Encoder(target=True, pairs=5)
    made = encoder.fit_transform(Rows(frame, np.arange(1500), y=label), context(frame))
    at = next(k for k, name in enumerate(made.names) if " & " in name and ".mean" in name)
    new = encoder.transform(
        Rows(pl.DataFrame({"a": ["a1", None], "b": ["never", None], "c": ["c1", "c2"], "d": ["d1", "?"]}), np.arange(2))
    )
    assert new.values[:, at] == pytest.approx(label.mean(), abs=1e-3)


def test_rows_of_a_group_do_not_tell_each_others_label() -> None:
    """Five near-identical rows a patient, labels by patient and by nothing else: within a group they would be copied."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(80), 5)
    frame = pl.DataFrame(
        {"x": rng.normal(size=80)[patient] + 1e-3 * rng.normal(size=400), "p": [f"p{k}" for k in patient]}
    )
    label = rng.normal(size=80)[patient]
    for options in ({"near": 4}, {"target": True}):
        made = Encoder(**options).fit_transform(Rows(frame, np.arange(400), y=label, groups=patient), context(frame))
        at = next(k for k, name in enumerate(made.names) if ".mean0" in name)
        told = made.values[:, at]
        assert told.std() < 1e-6 or abs(np.corrcoef(told, label)[0, 1]) < 0.3


def test_equally_near_rows_are_chosen_alike_whoever_is_asked_about_beside() -> None:
    rng = np.random.default_rng(0)
    places = (rng.random((300, 12)) > 0.5).astype(np.float32) * np.float32(0.7)
    together = nearest(places[:150], places[150:], 10)[1]
    alone = np.concatenate([nearest(places[k : k + 1], places[150:], 10)[1] for k in range(150)])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("options", NEW)
def test_columns_may_have_odd_names(options: dict[str, Any]) -> None:
    frame, label = islands()
    odd = frame.rename({"x": "n", "city": "level", "income": "value"})
    ctx = context(odd)
    made = Encoder(**options).fit_transform(Rows(odd, np.arange(300), y=label[:300]), ctx)
    assert len(made.names) == len(set(made.names))
