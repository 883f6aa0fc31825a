"""A whole campaign at ranking the documents of queries."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from contest_world import planted_by, played

from podium.testing.contests import Planted, queries

planted = planted_by(queries.make)


@pytest.mark.parametrize("feature", ["match", "fresh", "length", "popularity"])
def test_no_feature_alone_reaches(planted: Planted, tmp_path: Path, feature: str) -> None:
    test = pl.read_csv(planted.public / "test.csv")
    test.select("id", pl.col(feature).alias("relevance")).write_csv(tmp_path / "one.csv")
    assert planted.score(tmp_path / "one.csv") <= planted.naive
    assert not planted.met(tmp_path / "one.csv")


def test_a_campaign_learns_the_order_within_queries(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 2)
