"""A ranked list of items a unit: in a cell, or an item a row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from podium.arena.sheets.sheet import SPLIT, Mask, Sheet
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Ranking
from podium.tasks.recommendation import RecommendationTask


class ListCells(Sheet):
    """Items of a cell, best first, in the host's own spelling."""

    spelled: ClassVar[bool] = True
    task: RecommendationTask

    def truth(self, kept: pl.DataFrame) -> Any:
        return Ranking.from_lists(self._lists(kept))

    def given(self, frame: pl.DataFrame) -> Any:
        lists = self._lists(frame)
        check_lists(lists, self.task.k)
        return Ranking.from_lists(lists)

    def _lists(self, frame: pl.DataFrame) -> list[list[str]]:
        between = self.task.form.strip() or None  # blanks: any number of them
        cells = frame[self.answers[0]].fill_null("").to_list()
        return [[item for item in map(str.strip, cell.split(between)) if item] for cell in cells]


class ListRows(Sheet):
    """An item a row, best first; a unit may have any number of rows up to k."""

    spelled, once = True, False
    task: RecommendationTask

    def truth(self, kept: pl.DataFrame) -> Any:
        return Ranking.from_lists(self._grouped(kept, self.units(kept)))

    def units(self, kept: pl.DataFrame) -> list[str]:
        return kept[self.keys[0]].unique(maintain_order=True).to_list()

    def public(self, kept: pl.DataFrame) -> Mask:
        first = kept.unique(self.keys[0], keep="first", maintain_order=True)
        return (first[SPLIT] == "public").to_numpy()

    def decided(self, path: Any, kept: pl.DataFrame) -> Any:
        frame, units = self.submitted(path), self.units(kept)
        if set(frame[self.keys[0]].to_list()) != set(units):
            raise InvalidPredictions(f"expected each of the {len(units)} test ids, and no other")
        lists = self._grouped(frame, units)
        check_lists(lists, self.task.k)
        return Ranking.from_lists(lists)

    def given(self, frame: pl.DataFrame) -> Any:
        raise NotImplementedError("rows are matched by unit: see decided")

    def _grouped(self, frame: pl.DataFrame, units: list[str]) -> list[list[str]]:
        listed = dict(frame.group_by(self.keys[0], maintain_order=True).agg(self.answers[0]).rows())
        return [listed.get(unit, []) for unit in units]


def check_lists(lists: list[list[str]], k: int) -> None:
    """Raises InvalidPredictions: more than k items, or one twice."""
    sizes = np.array([len(one) for one in lists])
    if (sizes > k).any():
        raise InvalidPredictions(f"expected at most {k} items each; found {int(sizes.max())}")
    if any(len(set(one)) < len(one) for one in lists):
        raise InvalidPredictions("expected no item twice in a list")


__all__ = ["ListCells", "ListRows"]
