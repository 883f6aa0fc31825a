"""Boxes of images: a row a box, or a cell an image."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.arena.sheets.sheet import SPLIT, Mask, Sheet
from podium.competition.box_format import ANSWER_KEY, CONFIDENCE, LABEL, BoxFormat, recorded, split_boxes, to_corners
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Boxes
from podium.tasks import sheet

ABSENT = "podium_no_box"  # of a kept row that only says that an image is asked


class _Boxed(Sheet):
    """Hidden boxes may do without a confidence, and images without a box are those that the sample asks beside."""

    spelled, once = True, False

    @cached_property
    def format(self) -> BoxFormat:
        return recorded(self.competition, ANSWER_KEY)

    @cached_property
    def answers(self) -> list[str]:
        return sheet.answer_columns(self.competition, len(self.format.fields))

    def units(self, kept: pl.DataFrame) -> list[str]:
        return kept[self.keys[0]].unique(maintain_order=True).to_list()

    def public(self, kept: pl.DataFrame) -> Mask:
        first = kept.unique(self.keys[0], keep="first", maintain_order=True)
        return (first[SPLIT] == "public").to_numpy()

    def truth(self, kept: pl.DataFrame) -> Any:
        return self.boxes(kept, self.units(kept))

    def decided(self, path: Path, kept: pl.DataFrame) -> Any:
        """An image that is not named has no boxes; one that was not asked is refused."""
        frame, units = self.submitted(path), self.units(kept)
        if not set(frame[self.keys[0]].to_list()) <= set(units):
            raise InvalidPredictions("expected boxes of the test images alone")
        return self.boxes(frame, units)

    def given(self, frame: pl.DataFrame) -> Any:
        raise NotImplementedError("boxes are matched by image: see decided")

    @abstractmethod
    def boxes(self, frame: pl.DataFrame, units: list[str]) -> Boxes:
        """Raises InvalidPredictions: no numbers, boxes inside out, classes that are not known."""

    def made(self, image: Any, listed: dict[str, list[str]], n: int) -> Boxes:
        """From the spelled fields of all boxes, and the place of each one's image."""
        try:
            four = np.array([listed[name] for name in self.format.geometry], dtype=np.float64).T.reshape(-1, 4)
            sure = np.array(listed[CONFIDENCE], dtype=np.float64) if CONFIDENCE in listed else np.ones(len(four))
        except ValueError as problem:
            raise InvalidPredictions("expected numbers for corners and confidence") from problem
        corners = to_corners(four, self.format.geometry)
        if (corners[:, 2:] < corners[:, :2]).any():
            raise InvalidPredictions("expected boxes with an area; found some inside out")
        code = {name: at for at, name in enumerate(self.competition.classes or ("1",))}
        labels = listed.get(LABEL, [next(iter(code))] * len(four))
        if not set(labels) <= set(code):
            raise InvalidPredictions("expected classes as spelled in train")
        return Boxes.of(image, [code[name] for name in labels], corners, n, sure)


class BoxRows(_Boxed):
    """A row a box."""

    def hidden(self, frame: pl.DataFrame, public: Path) -> pl.DataFrame | None:
        frame = frame.cast(pl.String)
        optional = [c for c, f in zip(self.answers, self.format.fields, strict=True) if f == CONFIDENCE]
        if not set(self.competition.submission_columns) - set(optional) <= set(frame.columns):
            return None
        kept = frame.with_columns(pl.lit("1").alias(name) for name in optional if name not in frame.columns)
        kept = kept.select(self.competition.submission_columns).with_columns(pl.lit("").alias(ABSENT))
        return pl.concat([kept, self._without(kept, public)], how="diagonal")

    def _without(self, kept: pl.DataFrame, public: Path) -> pl.DataFrame:
        """A row for each image that is asked and has no box."""
        key, path = self.keys[0], public / "sample_submission.csv"
        asked = pl.read_csv(path, infer_schema=False) if path.is_file() else kept.head(0)
        names = asked[key].unique(maintain_order=True) if key in asked.columns else kept[key].head(0)
        return pl.DataFrame({key: names.filter(~names.is_in(kept[key].to_list()))}).with_columns(
            pl.lit("1").alias(ABSENT)
        )

    def boxes(self, frame: pl.DataFrame, units: list[str]) -> Boxes:
        if ABSENT in frame.columns:
            frame = frame.filter(pl.col(ABSENT) != "1")
        place = {name: at for at, name in enumerate(units)}
        fields = zip(self.answers, self.format.fields, strict=True)
        image = [place[name] for name in frame[self.keys[0]].to_list()]
        return self.made(image, {field: frame[name].to_list() for name, field in fields}, len(units))


class BoxCells(_Boxed):
    """A cell an image, its boxes one after another."""

    def boxes(self, frame: pl.DataFrame, units: list[str]) -> Boxes:
        cells = dict(zip(frame[self.keys[0]].to_list(), frame[self.answers[0]].fill_null("").to_list(), strict=True))
        if len(cells) != frame.height:
            raise InvalidPredictions("expected one row an image")
        nothing = getattr(self.task, "nothing", "")
        image: list[int] = []
        listed: dict[str, list[str]] = {field: [] for field in self.format.fields}
        for at, name in enumerate(units):
            cell = cells.get(name, "")
            for box in [] if cell == nothing else split_boxes(cell, len(self.format.fields)):
                image.append(at)
                for field, token in zip(self.format.fields, box, strict=True):
                    listed[field].append(token)
        return self.made(image, listed, len(units))


__all__ = ["BoxCells", "BoxRows"]
