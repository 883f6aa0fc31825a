"""A whole campaign at ranking the documents of queries."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from podium.cli import compose, making
from podium.testing.contests import Planted, queries


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return queries.make(tmp_path_factory.mktemp("queries"))


@pytest.mark.parametrize("feature", ["match", "fresh", "length", "popularity"])
def test_no_feature_alone_reaches(planted: Planted, tmp_path: Path, feature: str) -> None:
    test = pl.read_csv(planted.public / "test.csv")
    test.select("id", pl.col(feature).alias("relevance")).write_csv(tmp_path / "one.csv")
    assert planted.score(tmp_path / "one.csv") <= planted.naive
    assert not planted.met(tmp_path / "one.csv")


def test_a_campaign_learns_the_order_within_queries(planted: Planted, tmp_path: Path) -> None:
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=2, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    assert pl.read_csv(submission).columns == ["id", "relevance"]
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach}"
