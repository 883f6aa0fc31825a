"""Units of answers that are text: the rows of train's table, the answer as it is spelled there, white space and all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import features, splits
from podium.competition.folder import TableFiles
from podium.competition.keys import keyed
from podium.competition.source import Source, read_source
from podium.competition.units.unit import TRUTH, Units
from podium.errors import IntakeError
from podium.records import Competition


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Train's rows that have an answer, with it as `TRUTH`. Raises IntakeError where none has."""
    names = competition.id_columns or [competition.id_column or ""]
    source = read_source(data, TableFiles.of(competition), names)
    source = features.in_sample_order(keyed(source, competition.id_columns), competition)
    name = competition.target_columns[0]
    known = source.train.filter(pl.col(name).is_not_null())
    if not known.height:
        raise IntakeError(
            f"no row of train has an answer in {name!r}", expected="texts", remedy="set `target_column` in config.json"
        )
    source = replace(source, train=known.with_columns(pl.col(name).cast(pl.String).alias(TRUTH)))
    return Units(source, groups=_groups(source, competition))


def _groups(source: Source, competition: Competition) -> NDArray[np.int64] | None:
    """Numbers of the texts that rows are parts of; test counts its texts anew, and they are others than train's."""
    name = competition.group_column
    if name is None or competition.cv_strategy not in splits.IN_BLOCKS or name not in source.train.columns:
        return None
    codes, first = [], 0
    for frame in (source.train, source.test):
        held = (
            frame[name].cast(pl.String) if name in frame.columns else pl.Series(np.arange(frame.height)).cast(pl.String)
        )
        codes.append(first + held.fill_null("").rank("dense").cast(pl.Int64).to_numpy())
        first += frame.height + 1
    return np.concatenate(codes)
