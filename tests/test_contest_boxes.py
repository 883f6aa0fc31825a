"""A whole campaign at detection, where tiny things lie beside large ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium.cli import compose, making
from podium.testing.contests import Planted, boxes

pytest.importorskip("PIL")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return boxes.make(tmp_path_factory.mktemp("boxes"))


def test_large_things_alone_do_not_reach(planted: Planted, tmp_path: Path) -> None:
    """Even every grain found to the pixel: mites are half of the score."""
    answers = pl.read_csv(planted.public.parent / "answers.csv").filter(pl.col("label") == "grain")
    answers.insert_column(2, pl.Series("confidence", np.ones(answers.height))).write_csv(tmp_path / "grains.csv")
    assert planted.score(tmp_path / "grains.csv") == pytest.approx(0.5)
    assert not planted.met(tmp_path / "grains.csv")


def test_a_campaign_finds_the_tiny_ones(planted: Planted, tmp_path: Path) -> None:
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=1, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    assert pl.read_csv(submission).columns == pl.read_csv(planted.public / "sample_submission.csv").columns
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach}"
