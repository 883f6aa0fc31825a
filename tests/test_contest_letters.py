"""A whole campaign at a language whose sentences agree over more than ten characters."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from podium.cli import compose, making
from podium.testing.contests import Planted, letters


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return letters.make(tmp_path_factory.mktemp("letters"))


def test_what_ignores_the_difficulty_does_not_reach(planted: Planted) -> None:
    assert planted.reach < planted.naive
    even = planted.public / "sample_submission.csv"
    assert not planted.met(even)
    assert planted.score(even) > planted.naive


def test_a_campaign_finds_the_agreement(planted: Planted, tmp_path: Path) -> None:
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=2, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    assert pl.read_csv(submission).columns == pl.read_csv(planted.public / "sample_submission.csv").columns
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach:.3f}"
