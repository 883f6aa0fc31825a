"""A whole campaign at tokens that their neighbours explain, and numbers never seen."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from podium.cli import compose, making
from podium.testing.contests import Planted, normalise


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return normalise.make(tmp_path_factory.mktemp("normalise"))


def test_what_ignores_the_difficulty_does_not_reach(planted: Planted) -> None:
    assert planted.naive < planted.reach
    assert not planted.met(planted.public / "sample_submission.csv")


def test_a_campaign_finds_it(planted: Planted, tmp_path: Path) -> None:
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=1, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    asked = pl.read_csv(planted.public / "sample_submission.csv", infer_schema=False)
    given = pl.read_csv(submission, infer_schema=False)
    assert given.columns == ["id", "after"] and given["id"].to_list() == asked["id"].to_list()
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach:.3f}"
