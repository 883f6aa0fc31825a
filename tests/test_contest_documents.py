"""A whole campaign at several labels of long documents, whose telling words stand at the end."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from contest_world import planted_by, played

from podium.testing.contests import Planted, documents

planted = planted_by(documents.make)


def test_beginnings_alone_do_not_reach(planted: Planted) -> None:
    assert not planted.met(planted.public / "sample_submission.csv")
    train = pl.read_csv(planted.public / "train.csv")
    assert train["document"].str.len_chars().max() > 45_000  # type: ignore[operator]


def test_a_campaign_reads_the_ends(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 2)
