"""A number a row, where rows belong together: points of a series, pixels of an image, candidates of a query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import metrics
from podium.arena.sheets.rows import numbers
from podium.arena.sheets.sheet import UNIT, Sheet
from podium.competition.folder import TableFiles
from podium.competition.kinds.pictures import PIXEL
from podium.competition.source import read_source
from podium.errors import UserError
from podium.metrics.graded import Graded


class NumberSheet(Sheet):
    """Several columns of answers (a step each) are scored as so many numbers a row."""

    def truth(self, kept: pl.DataFrame) -> Any:
        return _flat(numbers(kept, self.answers, -np.inf, np.inf))

    def given(self, frame: pl.DataFrame) -> Any:
        return _flat(numbers(frame, self.answers, -np.inf, np.inf))


class PixelSheet(NumberSheet):
    """A row a pixel: all pixels of an image are on one side, and the metric pools them."""

    def __init__(self, competition: Any) -> None:
        super().__init__(competition)
        self.task.metric = metrics.get(competition.metric)  # of values: the task's own is of whole images

    def together(self, kept: pl.DataFrame) -> pl.Series:
        images = kept[self.keys[0]].cast(pl.String).str.extract(PIXEL, 1)
        if images.null_count():
            raise UserError(f"column {self.keys[0]!r} does not name pixels", expected="image_row_column in each row")
        return images


class CandidateSheet(NumberSheet):
    """A score a candidate; whose candidate it is stands in the contestants' test table."""

    def hidden(self, frame: pl.DataFrame, public: Path) -> pl.DataFrame | None:
        kept, query = super().hidden(frame, public), self.competition.group_column or ""
        if kept is None or query in frame.columns:
            return kept if kept is None else kept.with_columns(frame[query].alias(UNIT))
        test = read_source(public, TableFiles.of(self.competition), self.keys).test
        asked = test.select(*(pl.col(name).cast(kept.schema[name]) for name in self.keys), pl.col(query).alias(UNIT))
        return kept.join(asked, on=self.keys, how="left", maintain_order="left")

    def truth(self, kept: pl.DataFrame) -> Any:
        _, codes = np.unique(kept[UNIT].cast(pl.String).to_numpy(), return_inverse=True)
        values = numbers(kept, self.answers, 0.0, np.inf).to_numpy()[:, 0]
        return Graded(values, codes.astype(np.int64))


def _flat(values: pl.DataFrame) -> NDArray[np.float64]:
    array = values.to_numpy()
    return array[:, 0] if array.shape[1] == 1 else array


__all__ = ["CandidateSheet", "NumberSheet", "PixelSheet"]
