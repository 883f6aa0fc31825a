"""A target that is a sum of label-side columns is learned part by part, and only where it is one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes.tabular import LightGBM
from podium.recipes.tabular.parts import parts_of

CONTEXT = Context(
    seed=0,
    cores=1,
    task_type="regression",
    metric="rmsle",
    n_outputs=1,
    schema=(Column("x", "numeric"), Column("z", "numeric")),
)


def rows(n: int = 600, off: float = 0.0) -> Rows:
    rng = np.random.default_rng(0)
    x, z = rng.uniform(0, 3, n), rng.uniform(0, 3, n)
    a, b = np.exp(x), np.exp(3 - z)
    side = pl.DataFrame({"a": a, "b": b, "name": ["w"] * n})
    return Rows(pl.DataFrame({"x": x, "z": z}), np.arange(n), y=a + b + off, labels=side)


def test_parts_are_the_columns_that_sum() -> None:
    found = parts_of(rows(), CONTEXT)
    assert found is not None and found.shape == (600, 2)
    assert parts_of(rows(off=1.0), CONTEXT) is None
    assert (
        parts_of(Rows(pl.DataFrame({"x": [1.0]}), np.arange(1), y=np.ones(1), labels=pl.DataFrame()), CONTEXT) is None
    )


@pytest.mark.parametrize("off", [0.0, 1.0])
def test_predictions_are_of_the_whole(off: float) -> None:
    train = rows(off=off)
    model = LightGBM(features={"parts": True}, rounds=150, learning_rate=0.1).fit(train, CONTEXT)
    values = model.predict(train, CONTEXT).values
    assert train.y is not None and values.shape == (600, 1) and model.summed == (off == 0.0)
    assert np.mean(np.abs(np.log(values[:, 0] / train.y))) < 0.1
