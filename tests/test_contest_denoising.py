"""A whole campaign at pages whose stains are as dark as their ink."""

from __future__ import annotations

from pathlib import Path

import pytest
from contest_world import planted_by, played

from podium.testing.contests import Planted, denoising

pytest.importorskip("PIL", reason="images need pillow")


planted = planted_by(denoising.make)


def test_one_threshold_does_not_reach(planted: Planted) -> None:
    assert planted.reach < planted.naive
    assert not planted.met(planted.public / "sample_submission.csv")


def test_a_campaign_tells_ink_from_stains(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 2)
