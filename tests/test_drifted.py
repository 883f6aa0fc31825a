"""The score as test's mix of rows would have it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from engine_world import engine_of
from intake_competitions import write

from podium.campaign.engine import Engine
from podium.campaign.estimates import drifted
from podium.cli import making


def made(folder: Path, campaign: Path, shift: float) -> Engine:
    """Rows with a large `x` are harder; test has more of them by `shift`."""
    rng = np.random.default_rng(0)
    n = 3000
    train = pl.DataFrame({"id": np.arange(n), "x": rng.normal(size=n), "z": rng.random(n), "y": rng.random(n)})
    test = pl.DataFrame({"id": n + np.arange(n), "x": rng.normal(size=n) + shift, "z": rng.random(n)})
    found = write(folder, train, test, metric="RMSE")
    return engine_of(making.open_or_create(str(found), campaign=campaign, experiments=1))


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_harder_rows_in_test_worsen_what_is_expected(tmp_path: Path, shift: float) -> None:
    engine = made(tmp_path / "f", tmp_path / "c", shift)
    x = engine.dataset.frame()["x"].to_numpy()[engine.dataset.train[engine.store.scored]]
    noise = np.random.default_rng(1).normal(size=len(x)) * np.exp(0.5 * x)
    whole = np.ones(len(x), dtype=bool)
    found = drifted.shift(engine, engine.truth, engine.truth + noise, whole)
    if shift == 0.0:
        assert found is None
        return
    real = np.sqrt(np.mean(np.exp(x + shift))) - np.sqrt(np.mean(np.exp(x)))
    assert found is not None and 0.3 * real < found.value < 1.5 * real and found.stderr > 0.3 * found.value


def test_periods_are_not_weighted(tmp_path: Path) -> None:
    engine = made(tmp_path / "f", tmp_path / "c", 1.0)
    engine.competition = dataclasses.replace(engine.competition, cv_strategy="forward")
    assert drifted.shift(engine, engine.truth, engine.truth + 1.0, np.ones(len(engine.truth), dtype=bool)) is None
