"""A whole campaign at detection, where tiny things lie beside large ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from contest_world import planted_by, played

from podium.campaign.explain.errors_told import lines
from podium.campaign.explain.explain import of_folder
from podium.cli.explain import told
from podium.referee import box_errors
from podium.testing.contests import Planted, boxes

pytest.importorskip("PIL")


planted = planted_by(boxes.make)


def test_large_things_alone_do_not_reach(planted: Planted, tmp_path: Path) -> None:
    """Even every grain found to the pixel: mites are half of the score."""
    answers = pl.read_csv(planted.public.parent / "answers.csv").filter(pl.col("label") == "grain")
    answers.insert_column(2, pl.Series("confidence", np.ones(answers.height))).write_csv(tmp_path / "grains.csv")
    assert planted.score(tmp_path / "grains.csv") == pytest.approx(0.5)
    assert not planted.met(tmp_path / "grains.csv")


def test_a_campaign_finds_the_tiny_ones(planted: Planted, tmp_path: Path) -> None:
    campaign = played(planted, tmp_path, 1, rows=False)
    found = of_folder(campaign)
    assert found is not None and found.boxes is not None
    assert {one.name for one in found.boxes.errors} == {*box_errors.NAMES[1:], box_errors.MISSED}
    assert {one.name for one in found.boxes.classes} == set(boxes.CLASSES) and len(found.boxes.sizes) == 3
    assert "Errors by type" in told(campaign, found) and any(line.kind == "boxes" for line in lines(found))
