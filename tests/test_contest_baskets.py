"""A whole campaign at a recommendation where customers buy again, and some are new."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from contest_world import planted_by, played

from podium.campaign.explain.explain import of_folder
from podium.testing.contests import Planted, baskets

planted = planted_by(baskets.make)


def by_region(planted: Planted, again: bool, path: Path) -> Path:
    """What is bought most in each customer's region, with or without what they bought before."""
    bought = pl.read_csv(planted.public / "train.csv", infer_schema=False)
    where = pl.read_csv(planted.public / "customers.csv", infer_schema=False)
    counts = (
        bought.join(where, on="customer_id")
        .group_by("region", "product_id")
        .len()
        .sort("len", "product_id", descending=True)
    )
    asked = pl.read_csv(planted.public / "sample_submission.csv", infer_schema=False).select("customer_id")
    listed = (
        asked.join(where, on="customer_id").join(counts, on="region").sort("len", descending=True, maintain_order=True)
    )
    if not again:
        listed = listed.join(bought, on=["customer_id", "product_id"], how="anti", maintain_order="left")
    lists = listed.group_by("customer_id", maintain_order=True).agg(pl.col("product_id").head(baskets.K))
    lists.select("customer_id", pl.col("product_id").list.join(" ").alias("products")).write_csv(path)
    return path


def test_what_is_popular_does_not_reach(planted: Planted, tmp_path: Path) -> None:
    assert not planted.met(planted.public / "sample_submission.csv")
    for again in (False, True):
        path = by_region(planted, again, tmp_path / f"{again}.csv")
        assert planted.score(path) <= planted.naive
        assert not planted.met(path)


def test_a_campaign_sees_repeats_and_newcomers(planted: Planted, tmp_path: Path) -> None:
    campaign = played(planted, tmp_path, 2, probed=True)
    told = of_folder(campaign)
    assert told is not None and not told.whole and told.segments, "how each kind of customer is served"
    of = {one.name: one.score for one in told.segments}
    assert of["new"] < of["heavy"], "least is known of the new ones"
