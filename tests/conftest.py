from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from podium.arena import making

# CI judges a commit by the same examples each time; elsewhere every run looks at new ones
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
os.environ["PODIUM_HOME"] = ""  # no learnings from the user's home, nor back into it


def crash_records(n: int = 600, seed: int = 0) -> pl.DataFrame:
    """Mixed types, missing values, a signal that trees and lines can both find."""
    rng = np.random.default_rng(seed)
    speed, age = rng.gamma(4, 15, n), rng.integers(16, 90, n).astype(float)
    belt = rng.choice(["none", "belted"], n, p=[0.3, 0.7])
    risk = 0.03 * speed + 0.02 * age - 1.5 * (belt == "belted") - 2 + rng.logistic(size=n)
    age[rng.random(n) < 0.05] = np.nan
    return pl.DataFrame(
        {
            "speed": speed,
            "age": age,
            "belt": belt,
            "seat": [
                f"{row}/{side}" for row, side in zip(rng.integers(1, 4, n), rng.choice(["L", "R"], n), strict=True)
            ],
            "died": np.where(risk > 0, "yes", "no"),
        },
        strict=False,
    ).with_columns(pl.col("age").fill_nan(None))


@pytest.fixture(scope="session")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small binary contest of the local arena, answers hidden beside it."""
    folder = tmp_path_factory.mktemp("arena") / "crashes"
    making.create(
        folder, crash_records(), title="Crash survival", target="died", metric="auc", task_type="binary_classification"
    )
    return folder


@pytest.fixture(scope="session")
def made(contest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign at the contest that has not begun, with room for four experiments: copy it before use."""
    from podium.cli import making

    folder = tmp_path_factory.mktemp("made") / "campaign"
    return making.open_or_create(str(contest / "public"), campaign=folder, experiments=4, threads=2)


@pytest.fixture(scope="session")
def played(contest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign of three experiments at the contest: copy it before anything is changed."""
    from podium.cli import compose, making

    folder = tmp_path_factory.mktemp("played") / "campaign"
    campaign = making.open_or_create(str(contest / "public"), campaign=folder, experiments=3, threads=2)
    compose.run(campaign)
    return campaign
