"""A whole campaign at series whose level shifts shortly before the end, with promotions known beforehand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from contest_world import planted_by, played

from podium.testing.contests import Planted, series

planted = planted_by(series.make)


def test_what_ignores_the_difficulty_does_not_reach(planted: Planted, tmp_path: Path) -> None:
    train, test = (pl.read_csv(planted.public / f"{name}.csv") for name in ("train", "test"))
    week = pl.col("day") % 7
    test = test.with_columns(day=pl.col("horizon") + series.DAYS)
    blind = {
        "shift": train.group_by("shop", "promo", week.alias("week")).agg(pl.col("sales").mean()),
        "promotions": train.filter(pl.col("day") > series.DAYS - 14)
        .group_by("shop", week.alias("week"))
        .agg(pl.col("sales").mean()),
    }
    for name, means in blind.items():
        by = [c for c in means.columns if c != "sales"]
        told = test.with_columns(week.alias("week")).join(means, on=by, how="left", maintain_order="left")
        path = tmp_path / f"{name}.csv"
        told.select("id", pl.col("sales").fill_null(pl.col("sales").mean())).write_csv(path)
        assert not planted.met(path), f"{name}: {planted.score(path):.2f}"
    assert planted.reach < planted.naive


def test_a_campaign_sees_both(planted: Planted, tmp_path: Path) -> None:
    played(planted, tmp_path, 2, kernel=True)
