"""A whole campaign at images of which a quarter are labelled as what they look like."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("PIL")

from podium.cli import compose, making
from podium.testing.contests import Planted, images


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return images.make(tmp_path_factory.mktemp("images"))


def test_labels_are_wrong_among_look_alikes_alone(planted: Planted) -> None:
    assert planted.naive < planted.reach
    assert not planted.met(planted.public / "sample_submission.csv")


def test_a_campaign_sees_through_wrong_labels(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.recipes.vision.catalog._nets_learn", lambda facts: False)  # a net takes minutes
    monkeypatch.setattr("podium.recipes.vision.backbones.available", tuple)
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=3, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    assert pl.read_csv(submission).columns == pl.read_csv(planted.public / "sample_submission.csv").columns
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach}"
