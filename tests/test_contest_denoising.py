"""A whole campaign at pages whose stains are as dark as their ink."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from podium.cli import compose, making
from podium.testing.contests import Planted, denoising

pytest.importorskip("PIL", reason="images need pillow")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return denoising.make(tmp_path_factory.mktemp("denoising"))


def test_one_threshold_does_not_reach(planted: Planted) -> None:
    assert planted.reach < planted.naive
    assert not planted.met(planted.public / "sample_submission.csv")


def test_a_campaign_tells_ink_from_stains(planted: Planted, tmp_path: Path) -> None:
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=2, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    sample = pl.read_csv(planted.public / "sample_submission.csv")
    assert pl.read_csv(submission)["id"].to_list() == sample["id"].to_list()
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach}"
