"""A whole campaign at tokens that their neighbours explain, and numbers never seen."""

from __future__ import annotations

from pathlib import Path

from contest_world import planted_by, played

from podium.testing.contests import Planted, normalise

planted = planted_by(normalise.make)


def test_what_ignores_the_difficulty_does_not_reach(planted: Planted) -> None:
    assert planted.naive < planted.reach
    assert not planted.met(planted.public / "sample_submission.csv")


def test_a_campaign_finds_it(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 1)
