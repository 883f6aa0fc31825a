"""A whole campaign at specks of a few pixels, on plates most of which have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from contest_world import planted_by, played

from podium.metrics.shapes import Masks
from podium.testing.contests import Planted, masks

pytest.importorskip("PIL", reason="images need pillow")


planted = planted_by(masks.make)


def test_what_ignores_the_difficulty_does_not_reach(planted: Planted, tmp_path: Path) -> None:
    from podium import pixels

    sample = pl.read_csv(planted.public / "sample_submission.csv")
    nothing = tmp_path / "nothing.csv"
    sample.with_columns(mask=pl.lit("")).write_csv(nothing)
    assert planted.score(nothing) == pytest.approx(planted.naive) and not planted.met(nothing)
    images = [pixels.read(planted.public / "test" / "images" / f"{name}.png")[0] for name in sample["image"]]
    bright = tmp_path / "bright.csv"
    sample.with_columns(mask=pl.Series(Masks.from_array(np.stack(images) > 160).to_rle())).write_csv(bright)
    assert not planted.met(bright)


def test_a_campaign_finds_the_specks(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 1, kernel=True)
