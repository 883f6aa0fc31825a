"""Interactions that are found, and the letters of codes: what is planted is seen, chance is not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from podium.recipes.tabular.combos import Combos
from podium.recipes.tabular.derive import Derived, Deriver
from podium.recipes.tabular.spelling import Spelling

N = 12000


def _table(rng: np.random.Generator, columns: int = 8, n: int = N) -> Derived:
    return Derived(n, {f"c{k}": rng.normal(size=n) * (1 + 1.5 * (k % 2)) for k in range(columns)})


def _step(z: np.ndarray) -> np.ndarray:
    return np.where(z > z.std(), 1.0, np.where(z < -z.std(), -1.0, 0.0))


@pytest.mark.parametrize("seed", range(2))
def test_planted_sums_and_products_are_found_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = _table(rng)
    c = table.numbers
    signal = 2.0 * _step(c["c0"] + c["c2"] - c["c6"]) + 1.5 * _step(c["c1"] + c["c7"]) + 0.7 * c["c3"] * c["c4"]
    labels = (rng.random(N) < 1 / (1 + np.exp(-signal))).astype(float)[:, None]
    block = Combos(8)
    block.fit(table, labels)
    assert {combo.columns for combo in block.combos} >= {(1, 7), (3, 4)}
    assert {0, 2, 6} in [set(combo.columns) for combo in block.combos]
    assert len(block.combos) <= 4


def test_chance_and_additive_effects_are_left_alone() -> None:
    found = 0
    for seed in range(5):
        rng = np.random.default_rng([seed, 1])
        table = _table(rng)
        additive = table.numbers["c0"] ** 2 + _step(table.numbers["c1"]) + np.exp(table.numbers["c2"])
        block = Combos(8)
        block.fit(table, (additive + rng.normal(size=N))[:, None])
        found += len(block.combos)
    assert found <= 1


def test_a_combination_is_the_sum_it_is_called_and_missing_where_a_part_is() -> None:
    rng = np.random.default_rng(0)
    table = _table(rng)
    a, b = table.numbers["c0"], table.numbers["c1"]
    block = Combos(1)
    block.fit(table, _step(a - b)[:, None])
    assert block.names == ["c0-c1"]
    new = Derived(3, {**{name: np.zeros(3) for name in table.numbers}, "c0": np.array([1.0, 2.0, np.nan])})
    values = block.transform(new)[:, 0]
    assert values[1] - values[0] == pytest.approx(1.0) and np.isnan(values[2])


@pytest.mark.parametrize("columns", [0, 1])
def test_nothing_to_combine(columns: int) -> None:
    rng = np.random.default_rng(0)
    block = Combos(4)
    table = _table(rng, columns)
    block.fit(table, rng.normal(size=(N, 1)))
    assert block.names == [] and block.transform(table).shape == (N, 0)


def test_constant_and_missing_columns_are_no_harm() -> None:
    rng = np.random.default_rng(0)
    table = _table(rng)
    table.numbers["same"], table.numbers["none"] = np.ones(N), np.full(N, np.nan)
    table.numbers["c0"][::2] = np.nan
    block = Combos(4)
    block.fit(table, rng.normal(size=(N, 1)))
    assert block.transform(table).shape == (N, len(block.names))


def _codes(rng: np.random.Generator, n: int = 2000, length: int = 10) -> pl.Series:
    return pl.Series("code", ["".join(row) for row in rng.choice(list("ABCDEF"), (n, length))])


def test_letters_of_a_code_are_columns() -> None:
    strings = _codes(np.random.default_rng(0))
    spelling = Spelling.of(strings)
    assert spelling is not None
    columns = spelling("code", pl.Series(["ABABABABAB", "FFFFFFFFFF", None, "AB", "ABCDEFABCDE"]))
    assert list(columns) == [*(f"code.at{k}" for k in range(10)), "code.letters"]
    assert columns["code.at1"][:2].tolist() == [ord("B"), ord("F")]
    assert columns["code.letters"][:2].tolist() == [2.0, 1.0]
    assert all(np.isnan(values[2:]).all() for values in columns.values())


@pytest.mark.parametrize(
    "strings",
    [
        pl.Series([None, None], dtype=pl.String),
        pl.Series([], dtype=pl.String),
        pl.Series(["red", "tan"] * 500),  # few levels: a category
        pl.Series([f"word{k}" for k in range(1000)]),  # of several lengths
        pl.Series([f"Ab{k:04d}ü"[:2] + "x" * 80 for k in range(1000)]),  # too long, and all alike
    ],
)
def test_what_is_no_code_is_left_as_it_is(strings: pl.Series) -> None:
    assert Spelling.of(strings) is None


def test_places_that_never_vary_are_no_columns() -> None:
    strings = pl.Series([f"X{value}" for value in _codes(np.random.default_rng(1), length=6)])
    spelling = Spelling.of(strings)
    assert spelling is not None and spelling.places == [1, 2, 3, 4, 5, 6]


def test_a_deriver_settles_on_training_rows() -> None:
    class Told:
        def __init__(self, values: list[str]) -> None:
            self.values = values

        def __len__(self) -> int:
            return len(self.values)

        def frame(self) -> pl.DataFrame:
            return pl.DataFrame({"code": self.values})

    from podium.protocol import Column

    derive = Deriver([Column("code", "categorical", 2000)])
    train = derive(Told(_codes(np.random.default_rng(0)).to_list()))  # type: ignore[arg-type]
    test = derive(Told(["ABCDEFABCD"]))  # type: ignore[arg-type]
    assert list(train.numbers) == list(test.numbers) and "code" in train.keys and not train.categories
