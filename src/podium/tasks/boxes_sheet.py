"""A submission of boxes: a row a box, or a cell an image; checked against what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from podium.competition.box_format import (
    ANSWER_KEY,
    CONFIDENCE,
    LABEL,
    NOTHING_KEY,
    BoxFormat,
    from_corners,
    recorded,
    split_boxes,
    to_corners,
)
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Boxes
from podium.records import Competition
from podium.tasks import sheet

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
DECIMALS = {False: 2, True: 6}  # of a coordinate: in pixels, in shares of a side
LEAST = 1e-6  # a confidence as good as none


class BoxSheet:
    """`sizes`: id → (height, width) of its image, where coordinates are shares of the image's sides."""

    def __init__(self, competition: Competition, sizes: Mapping[str, tuple[float, float]]) -> None:
        self.competition, self.sizes = competition, sizes
        self.format: BoxFormat = recorded(competition, ANSWER_KEY)
        self.answers = sheet.answer_columns(competition, len(self.format.fields))
        told = competition.evidence.get(NOTHING_KEY)
        self.nothing = told.value if told is not None else ""

    def write(self, found: Boxes, ids: pl.Series | None) -> pl.DataFrame:
        """Surest first within an image, images as asked. Where rows are boxes, an image without one gets a row of
        confidence 0, so that none is missing: a last resort that costs no precision."""
        import polars as pl

        names = pl.Series("id", np.arange(len(found))).cast(pl.String) if ids is None else ids.cast(pl.String)
        order = np.lexsort((-found.confidence, found.image))
        image, label, sure = found.image[order], found.label[order], found.confidence[order]
        numbers = from_corners(self._scaled(found.corners[order], image, names), self.format.geometry)
        numbers = np.round(numbers, DECIMALS[self.format.relative])
        spelled = {**dict(zip(self.format.geometry, numbers.T, strict=True)), CONFIDENCE: np.round(sure, 6)}
        classes = np.array(self.competition.classes or ("1",))
        columns = [classes[label] if f == LABEL else spelled[f] for f in self.format.fields]
        if self.format.holder == "columns":
            return self._rows(columns, image, names)
        texts = [" ".join(map(_plain, box)) for box in zip(*columns, strict=True)]
        ends = np.searchsorted(image, np.arange(len(names) + 1))
        cells = [" ".join(texts[a:b]) or self.nothing for a, b in pairwise(ends)]
        return sheet.fill(self.competition, {self.answers[0]: cells}, len(names), names)

    def _scaled(self, corners: Floats, image: NDArray[np.int64], names: pl.Series) -> Floats:
        if not self.format.relative:
            return corners
        sides = np.array([self.sizes.get(name, (1.0, 1.0)) for name in names.to_list()], dtype=np.float64).reshape(
            -1, 2
        )
        shares: Floats = np.clip(corners / sides[image][:, [1, 0, 1, 0]], 0.0, 1.0)
        return shares

    def _rows(self, columns: list[NDArray[np.generic]], image: NDArray[np.int64], names: pl.Series) -> pl.DataFrame:

        bare = np.setdiff1d(np.arange(len(names)), image)
        dummy = dict(
            zip(
                self.format.geometry,
                from_corners(np.array([[0.0, 0.0, 1.0, 1.0]]), self.format.geometry)[0],
                strict=True,
            )
        )
        first = (self.competition.classes or ("1",))[0]
        blank = [first if f == LABEL else dummy.get(f, 0.0) for f in self.format.fields]
        where = np.concatenate([image, bare])
        order = np.argsort(where, kind="stable")
        data = {
            name: np.concatenate([of, np.full(len(bare), value, dtype=of.dtype)])[order]
            for name, of, value in zip(self.answers, columns, blank, strict=True)
        }
        return sheet.fill(
            self.competition, data, len(where), names[where[order]].alias(names.name) if len(where) else names.head(0)
        )

    def check(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        """Raises InvalidPredictions: header, an image that was not asked, is missing or out of order, numbers that are none,
        boxes inside out, classes that are not known."""
        if self.format.holder == "columns":
            self._check_images(frame, ids)
            numbers = [c for c, f in zip(self.answers, self.format.fields, strict=True) if f != LABEL]
            sheet.numbers(frame, numbers, -np.inf, np.inf)
            four = [c for c, f in zip(self.answers, self.format.fields, strict=True) if f in self.format.geometry]
            self._check_boxes(frame.select(four).to_numpy().astype(np.float64))
            for c, f in zip(self.answers, self.format.fields, strict=True):
                if f == LABEL:
                    self._check_labels(frame[c].to_list(), c)
            return
        sheet.check_shape(self.competition, frame, self.answers, ids)
        self._check_cells(frame[self.answers[0]])

    def _check_images(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        import polars as pl

        sheet.check_shape(self.competition, frame, self.answers, None)
        if ids is None:
            return
        key = sheet.id_columns(self.competition, self.answers)[0]
        spoken = frame[key].cast(pl.String).unique(maintain_order=True).to_list()
        asked = ids.cast(pl.String).unique(maintain_order=True).to_list()
        if spoken != asked:
            at = next(
                (i for i, (a, b) in enumerate(zip(spoken, asked, strict=False)) if a != b), min(len(spoken), len(asked))
            )
            shown = [repr(of[at]) if at < len(of) else "nothing" for of in (asked, spoken)]
            raise InvalidPredictions(f"submission column {key!r}: expected image {shown[0]}; found {shown[1]}")

    def _check_boxes(self, four: Floats) -> None:
        corners = to_corners(four, self.format.geometry)
        bad = np.flatnonzero((corners[:, 2] < corners[:, 0]) | (corners[:, 3] < corners[:, 1]))
        if len(bad):
            raise InvalidPredictions(f"box {int(bad[0])}: expected an area; found {four[bad[0]].tolist()}")

    def _check_labels(self, labels: list[str | None], column: str) -> None:
        known = set(self.competition.classes) or {"1"}
        strange = next((label for label in labels if str(label) not in known), None)
        if strange is not None or None in labels:
            raise InvalidPredictions(f"submission column {column!r}: expected a class; found {strange!r}")

    def _check_cells(self, cells: pl.Series) -> None:
        size, first = len(self.format.fields), self.format.fields.index(self.format.geometry[0])
        if cells.null_count():
            raise InvalidPredictions(
                f"submission column {cells.name!r}: expected boxes or {self.nothing!r}; found nothing"
            )
        for row, cell in enumerate(cells.to_list()):
            if cell in ("", self.nothing):
                continue
            boxes = split_boxes(cell, size)
            try:
                four = np.array([box[first : first + 4] for box in boxes], dtype=np.float64).reshape(-1, 4)
            except ValueError as problem:
                raise InvalidPredictions(f"submission column {cells.name!r}, row {row}: {problem}") from problem
            if len(cell.split()) != len(boxes) * size or not np.isfinite(four).all():
                raise InvalidPredictions(
                    f"submission column {cells.name!r}, row {row}: expected groups of {' '.join(self.format.fields)};"
                    f" found {cell[:60]!r}"
                )
            self._check_boxes(four)
            if LABEL in self.format.fields:
                self._check_labels([box[self.format.fields.index(LABEL)] for box in boxes], cells.name)


def _plain(value: object) -> str:
    """A number without needless digits."""
    return str(value) if isinstance(value, str) else f"{float(value):.6f}".rstrip("0").rstrip(".")  # type: ignore[arg-type]
