"""A kind of answers: which table of a host's holds them, what of it is kept, and how a submission is matched to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import tasks
from podium.arena.contest import SPLIT
from podium.errors import InvalidPredictions
from podium.records import Competition
from podium.tasks import sheet

UNIT = "podium_unit"  # beside the answers: whose row it is (image, user, query, series), where a unit has several

Mask = NDArray[np.bool_]


class Sheet(ABC):
    """Kept answers are a table of the submission's columns, perhaps with more, and `SPLIT`."""

    spelled: ClassVar[bool] = False  # cells are read as they are spelled, not as numbers
    once: ClassVar[bool] = True  # each unit has one row, or each row an id of its own

    def __init__(self, competition: Competition) -> None:
        self.competition, self.task = competition, tasks.for_competition(competition)

    @cached_property
    def answers(self) -> list[str]:
        return sheet.answer_columns(self.competition, len(self.competition.target_columns))

    @cached_property
    def keys(self) -> list[str]:
        return sheet.id_columns(self.competition, self.answers)

    # ------------------------------------------------------------ what is kept

    def hidden(self, frame: pl.DataFrame, public: Path) -> pl.DataFrame | None:
        """The answers as they are kept, from a host's table; None where it holds none. `public`: the contestants' files."""
        wanted = list(self.competition.submission_columns)
        return frame.select(wanted) if set(wanted) <= set(frame.columns) else None

    def together(self, kept: pl.DataFrame) -> pl.Series:
        """Of each row, whose it is: all rows of one unit are on one side of the split."""
        name = UNIT if UNIT in kept.columns else self.keys[0]
        return kept[name]

    def strata(self, kept: pl.DataFrame) -> list[Any] | None:
        """One label a row, whose shares the split keeps."""
        return None

    def read(self, path: Path) -> pl.DataFrame:
        """The kept answers. Columns of spelled cells are read as texts."""
        if self.spelled:
            return pl.read_csv(path, infer_schema=False)
        return pl.read_csv(path, infer_schema_length=None)

    # ------------------------------------------------------------ what is scored

    @abstractmethod
    def truth(self, kept: pl.DataFrame) -> Any:
        """As the metric takes it. Raises IntakeError: answers that do not fit."""

    @abstractmethod
    def given(self, frame: pl.DataFrame) -> Any:
        """A submission's answers, rows matched to the kept ones, as the metric takes them. Raises InvalidPredictions."""

    def public(self, kept: pl.DataFrame) -> Mask:
        """Of each unit of the truth, whether it is public."""
        return (kept[SPLIT] == "public").to_numpy()

    def submitted(self, path: Path) -> pl.DataFrame:
        """Raises InvalidPredictions: no CSV, another header."""
        try:
            frame = self.read(path)
        except (pl.exceptions.PolarsError, UnicodeError) as problem:
            raise InvalidPredictions("expected a CSV file in UTF-8") from problem
        header = list(self.competition.submission_columns)
        if frame.columns != header:
            raise InvalidPredictions(f"expected the header {','.join(header)[:300]}")
        return frame

    def matched(self, frame: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
        """Rows in the order of the kept answers: ids are equal as numbers, maybe not as types."""
        ids = kept.select(self.keys)
        wrong = InvalidPredictions(f"expected each of the {ids.height} test ids once")
        if frame.height != ids.height:
            raise wrong
        try:
            frame = frame.with_columns(pl.col(name).cast(ids.schema[name]) for name in self.keys)
        except pl.exceptions.PolarsError as problem:
            raise wrong from problem
        found = frame.select(self.keys)
        if found.null_count().row(0) != (0,) * len(self.keys) or found.n_unique() != found.height:
            raise wrong
        if ids.join(found, on=self.keys, how="semi").height != ids.height:
            raise wrong
        return ids.join(frame, on=self.keys, how="left", maintain_order="left")

    def decided(self, path: Path, kept: pl.DataFrame) -> Any:
        """A submission file's answers in the order of the truth."""
        return self.given(self.matched(self.submitted(path), kept))


__all__ = ["SPLIT", "UNIT", "Mask", "Sheet"]
