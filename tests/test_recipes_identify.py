"""Nearest classes: tables, texts and pictures; few examples of many classes; probabilities and lists."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.packing import unpack_rankings
from podium.protocol import Column, Context, Layout, Rows
from podium.recipes import catalog
from podium.recipes.identify import NearestRows, NearestTexts
from podium.recipes.identify import catalog as identify
from podium.recipes.identify.whitening import Whitening
from podium.records import Competition, DataFacts, Hardware
from podium.tasks.ranked_classes import MOST_DENSE, is_many

WORDS = ["tern", "gull", "skua", "knot", "ruff", "rook", "shag", "smew", "wren", "coot"]


def table(classes: int, each: int, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray[Any, Any]]:
    """Rows round a centre of their class; most columns vary much, and tell nothing."""
    rng = np.random.default_rng(seed)
    codes = np.tile(np.arange(classes), each)
    centres = np.random.default_rng(99).normal(size=(classes, 8))
    values = centres[codes] + rng.normal(size=(len(codes), 8)) * np.array([0.1] * 4 + [6.0] * 4)
    return pl.DataFrame(values, schema=[f"x{k}" for k in range(8)]), codes


def context(classes: int, layout: Layout, kind: str = "numeric") -> Context:
    names = ["text"] if kind == "text" else [f"x{k}" for k in range(8)]
    schema = tuple(Column(name, kind, 100, mean_length=60.0) for name in names)  # type: ignore[arg-type]
    return Context(
        seed=0, cores=1, task_type="multiclass_classification", metric="map@5", n_outputs=layout.width, schema=schema,
        classes=tuple(f"w{code}" for code in range(classes)), layout=layout,
    )  # fmt: skip


@pytest.mark.parametrize("layout", [Layout("dense", (60,)), Layout("ranking", (20, 2))])
def test_few_examples_of_many_classes_are_told(layout: Layout) -> None:
    train, codes = table(60, 3)
    test, wanted = table(60, 1, seed=1)
    ctx = context(60, layout)
    model = NearestRows({}, length=False).fit(Rows(train, np.arange(180), y=codes), ctx)
    rows = Rows(test, np.arange(60))
    values = pickle.loads(pickle.dumps(model)).predict(rows, ctx).values
    if layout.kind == "dense":
        assert values.shape == (60, 60) and np.allclose(values.sum(axis=1), 1.0)
        best = values.argmax(axis=1)
    else:
        items, scores = unpack_rankings(values)
        assert all(len(set(one.tolist())) == 20 for one in items) and all((np.diff(one) <= 0).all() for one in scores)
        best = np.array([one[0] for one in items])
    assert (best == wanted).mean() > 0.8
    alone = np.concatenate([model.predict(rows.take(np.array([row])), ctx).values for row in range(10)])
    np.testing.assert_allclose(alone, values[:10], rtol=1e-4, atol=1e-6)


def test_fewer_classes_than_places_and_none_twice() -> None:
    """Classes that the fold lacks, and classes of one row each."""
    layout = Layout("ranking", (20, 2))
    train, codes = table(7, 1)
    ctx = context(5000, layout)
    model = NearestRows({}).fit(Rows(train, np.arange(7), y=codes + 4000), ctx)
    items, _ = unpack_rankings(model.predict(Rows(train, np.arange(7)), ctx).values)
    assert [one[0] for one in items] == (codes + 4000).tolist() and all(len(one) == 7 for one in items)


def test_texts() -> None:
    rng = np.random.default_rng(3)
    codes = np.tile(np.arange(10), 6)
    texts = [f"{WORDS[code]} {' '.join(rng.choice(WORDS, 2))} {WORDS[code]}s" for code in codes]
    ctx = context(10, Layout("dense", (10,)), "text")
    rows = Rows(pl.DataFrame({"text": texts}), np.arange(60), y=codes)
    model = NearestTexts({"unit": "char", "longest": 3}).fit(rows.take(np.arange(40)), ctx)
    said = model.predict(Rows(pl.DataFrame({"text": texts}), np.arange(40, 60)), ctx).values.argmax(axis=1)
    assert (said == codes[40:]).mean() > 0.7


def test_whitening_shrinks_what_varies_within_classes() -> None:
    train, codes = table(20, 5)
    values = train.to_numpy().astype(np.float32)
    turned = Whitening(values, codes, 0.0, length=False)(values)
    means = np.array([turned[codes == code].mean(axis=0) for code in range(20)])
    assert means[codes].var() > 3 * (turned - means[codes]).var()


def competition(classes: int) -> Competition:
    return Competition(
        competition="made-up", data_dir="", task_type="multiclass_classification", metric="map@5", metric_direction="higher",
        target_columns=("y",), id_column="id", submission_columns=("id", "y"), submission_kind="ranking",
        classes=tuple(f"w{code}" for code in range(classes)),
    )  # fmt: skip


def test_thousands_of_classes_are_left_to_what_bears_them() -> None:
    columns = tuple(Column(f"x{k}", "numeric", 100) for k in range(30))
    for classes in (100, MOST_DENSE + 1, 5000):
        asked = competition(classes)
        facts = DataFacts(25_000, 1250, 8_000, 5, columns, classes, classes)
        listed = catalog.portfolio(facts, asked, Hardware(2, 16_000))
        assert is_many(asked) == (classes > MOST_DENSE)
        assert {recipe.kind for recipe in listed} == ({"identify"} if is_many(asked) else {"tabular", "identify"})
        for recipe in (one for one in listed if one.kind == "identify"):
            assert catalog.memory_mb(recipe, facts) < 1500 and 0 < catalog.cost_s(recipe, facts, 20_000) < 60
            changed = catalog.neighbours(recipe, random.Random(1), facts, asked)
            assert changed != recipe and changed.model in identify.FAMILIES
    labels = DataFacts(900, 0, 100, 5, columns, 3, 3)
    plain = Competition(**{**vars(competition(3)), "submission_kind": "label", "metric": "accuracy"})
    assert not identify.families(labels, plain)
