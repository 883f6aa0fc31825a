"""A whole campaign at a language whose sentences agree over more than ten characters."""

from __future__ import annotations

from pathlib import Path

from contest_world import planted_by, played

from podium.testing.contests import Planted, letters

planted = planted_by(letters.make)


def test_what_ignores_the_difficulty_does_not_reach(planted: Planted) -> None:
    assert planted.reach < planted.naive
    even = planted.public / "sample_submission.csv"
    assert not planted.met(even)
    assert planted.score(even) > planted.naive


def test_a_campaign_finds_the_agreement(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 2)
