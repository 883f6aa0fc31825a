"""Ranking: rows as the tables have them, each with the query it is ranked in beside its relevance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from podium.competition import features
from podium.competition.folder import TableFiles
from podium.competition.keys import keyed
from podium.competition.source import read_source
from podium.competition.units.unit import QUERY, Units
from podium.errors import IntakeError
from podium.records import Competition


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Raises IntakeError where no column tells the query."""
    source = read_source(data, TableFiles.of(competition), competition.id_columns or [competition.id_column or ""])
    source = features.in_sample_order(keyed(source, competition.id_columns), competition)
    query = competition.group_column
    if query is None or query not in source.train.columns or query not in source.test.columns:
        raise IntakeError(
            "no column tells which rows are ranked against each other", expected=", ".join(source.test.columns[:12]),
            remedy="set `group_column` in config.json",
        )  # fmt: skip
    codes = source.train[query].rank("dense").cast(pl.Float64).alias(QUERY)
    asked = source.test[query].cast(pl.String)
    return Units(replace(source, train=source.train.with_columns(codes)), names={"query": asked})
