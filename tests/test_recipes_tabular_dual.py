"""A net of two branches: which columns each of them sees, what it finds, where it is offered."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes.tabular import catalog
from podium.recipes.tabular.encoder import Encoder
from podium.records import Competition, DataFacts, Hardware
from podium.testing.contests import hidden_sums

N = 400
NUMBERS = tuple(Column(f"x{k}", "numeric", 500) for k in range(4))
SPELLED = Column("code", "categorical", 900, mean_length=5.0)
HARDWARE = Hardware(cores=2, memory_mb=4096)


def context(schema: tuple[Column, ...]) -> Context:
    return Context(seed=3, cores=1, task_type="binary_classification", metric="auc", n_outputs=1, schema=schema)


def mixed(rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "x0": rng.normal(size=N),
            "level": rng.choice(["a", "b", "c"], N),
            "code": ["".join(letters) for letters in rng.choice(list("ABCD"), (N, 5))],
            "cabin": [f"F/{number}/S" for number in rng.integers(900, size=N)],
        }
    )


SCHEMA = (NUMBERS[0], Column("level", "categorical", 3), SPELLED, Column("cabin", "code", 300))


@pytest.mark.parametrize("view", ["tree", "forest", "dense"])
def test_symbols_are_levels_and_what_codes_were_taken_apart_into(view: Any) -> None:
    frame = mixed(np.random.default_rng(0))
    rows = Rows(frame, np.arange(N), y=np.arange(N) % 2)
    encoder = Encoder(view=view, target=True)
    matrix = encoder.fit_transform(rows, context(SCHEMA))
    symbols = {matrix.names[column].split("=")[0] for column in matrix.symbolic}
    letters = {f"code.at{place}" for place in range(5)}
    assert symbols == letters | {"code.letters", "level", "cabin.0", "cabin.1", "cabin.2"}
    assert encoder.transform(rows).symbolic == matrix.symbolic
    few = matrix.only(np.array([matrix.names.index("x0"), matrix.names.index("code.at3")]))
    assert few.symbolic == [1] and few.names == ["x0", "code.at3"]


@pytest.mark.parametrize("columns", [["x0"], ["level"], []])
def test_one_branch_or_none_where_the_table_has_no_more(columns: list[str]) -> None:
    pytest.importorskip("torch")
    from podium.recipes.tabular import DualBranch

    rng = np.random.default_rng(1)
    frame = mixed(rng).with_columns(same=pl.lit(1.0)).select("same", *columns)
    y = (rng.random(N) < 0.5).astype(np.int64)
    if columns:
        y = (frame[columns[0]].to_numpy() > ("a" if columns[0] == "level" else 0)).astype(np.int64)
    ctx = context((Column("same", "constant"), *(column for column in SCHEMA if column.name in columns)))
    model = DualBranch(nets=2, width=8, batch=32, learning_rate=0.02, epochs=5)
    values = model.fit(Rows(frame, np.arange(N), y=y), ctx).predict(Rows(frame, np.arange(N)), ctx).values[:, 0]
    assert np.isfinite(values).all()
    assert values[y == 1].mean() > values[y == 0].mean() + 0.5 if columns else np.ptp(values) < 1e-6


def test_letters_help_and_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from podium.recipes.tabular import DualBranch

    planted = hidden_sums.make(tmp_path, 0, 4000, 2000)
    train, test = (pl.read_csv(planted.public / f"{name}.csv") for name in ("train", "test"))
    numbers = tuple(Column(f"f_{k:02d}", "numeric", 4000) for k in range(hidden_sums.NUMBERS))
    ctx = context((*numbers, Column("f_code", "categorical", 4000, mean_length=10.0)))
    rows, asked = Rows(train.drop("id", "target"), np.arange(4000), y=train["target"].to_numpy()), test.drop("id")
    scores = []
    for codes in (True, False):
        model = DualBranch(features={"codes": codes}, nets=1, width=32, bins=8, epochs=5).fit(rows, ctx)
        found = model.predict(Rows(asked, np.arange(2000)), ctx).values[:, 0]
        file = tmp_path / "submission.csv"
        test.select("id", target=pl.Series(found)).write_csv(file)
        scores.append(planted.score(file))
        turned = np.random.default_rng(0).permutation(2000)[:777]
        again = model.predict(Rows(asked, turned), ctx).values[:, 0]
        np.testing.assert_allclose(again, found[turned], atol=1e-5)
    assert scores[0] > scores[1] + 0.04


def asked(task_type: str = "binary_classification") -> Competition:
    return Competition(
        "c", "", task_type, "rmse" if task_type == "regression" else "auc", "higher", ("y",), "id", ("id", "y"), "value"
    )


@pytest.mark.parametrize(
    ("columns", "known", "early"),
    [
        ((*NUMBERS, SPELLED), True, True),
        ((*NUMBERS, Column("cabin", "code", 300)), True, True),
        ((*NUMBERS, Column("level", "categorical", 5)), True, False),  # categories, but nothing to take apart
        ((*NUMBERS, Column("town", "categorical", 900, mean_length=7.3)), True, False),  # strings of several lengths
        (NUMBERS, False, False),
        ((SPELLED,), False, False),
    ],
)
@pytest.mark.parametrize("rows", [5000, 2_000_000])
def test_it_is_offered_where_there_is_something_for_either_branch(
    columns: tuple[Column, ...], known: bool, early: bool, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "loads", lambda package: package in ("lightgbm", "torch"))
    facts = DataFacts(rows, 0, rows // 4, 5, columns, 1, 2)
    assert ("dual_branch" in catalog.families(facts, asked())) == known
    models = [recipe.model for recipe in catalog.portfolio(facts, asked(), Hardware(cores=2, memory_mb=64000))]
    assert ("dual_branch" in models) == early
    assert "dual_branch" not in models[: len(models) // 2]
    monkeypatch.setattr(catalog, "loads", lambda package: package == "lightgbm")
    assert "dual_branch" not in catalog.families(facts, asked())


def test_small_tables_of_values_have_a_portfolio_of_their_own() -> None:
    small = DataFacts(1000, 0, 250, 5, (*NUMBERS, SPELLED), 1, 900)
    models = [recipe.model for recipe in catalog.portfolio(small, asked("regression"), HARDWARE)]
    assert "dual_branch" not in models
    if importlib.util.find_spec("torch"):
        assert "dual_branch" in catalog.families(small, asked("regression"))
