"""A whole campaign at several labels of long documents, whose telling words stand at the end."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from podium.cli import compose, making
from podium.testing.contests import Planted, documents


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return documents.make(tmp_path_factory.mktemp("documents"))


def test_beginnings_alone_do_not_reach(planted: Planted) -> None:
    assert not planted.met(planted.public / "sample_submission.csv")
    train = pl.read_csv(planted.public / "train.csv")
    assert train["document"].str.len_chars().max() > 45_000  # type: ignore[operator]


def test_a_campaign_reads_the_ends(planted: Planted, tmp_path: Path) -> None:
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=2, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    assert pl.read_csv(submission).columns == pl.read_csv(planted.public / "sample_submission.csv").columns
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach}"
