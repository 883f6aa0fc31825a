"""How boxes are written: in columns or in a cell, by corners, by a corner and a size, or by a centre and a size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError
from podium.records import Competition

Floats = NDArray[np.float64]
Holder = Literal["columns", "cell", "coco", "voc"]

CORNERS, SIZE, CENTRE = ("xmin", "ymin", "xmax", "ymax"), ("x", "y", "w", "h"), ("cx", "cy", "w", "h")
GEOMETRIES = (CORNERS, SIZE, CENTRE)
LABEL, CONFIDENCE = "label", "confidence"
TRUTH_KEY, ANSWER_KEY, NOTHING_KEY = "boxes_given", "boxes_asked", "no_box"  # of `Competition.evidence`


@dataclass(frozen=True)
class BoxFormat:
    """`fields`: label and confidence, where they are written, and the four numbers of a box, in the order of the columns
    (or of a box's tokens in a cell). `relative`: as shares of the image's sides, else pixels."""

    holder: Holder
    fields: tuple[str, ...]
    relative: bool = False

    @property
    def geometry(self) -> tuple[str, ...]:
        return tuple(f for f in self.fields if f not in (LABEL, CONFIDENCE))

    def spelled(self) -> str:
        """As intake records it: `cell: confidence x y w h, relative`."""
        return f"{self.holder}: {' '.join(self.fields)}{', relative' if self.relative else ''}"

    @classmethod
    def read(cls, spelled: str) -> BoxFormat:
        """`spelled`'s inverse. Raises IntakeError on anything else."""
        holder, _, rest = spelled.partition(": ")
        fields, _, relative = rest.partition(", ")
        made = cls(holder, tuple(fields.split()), relative == "relative")  # type: ignore[arg-type]
        if holder not in ("columns", "cell", "coco", "voc") or made.geometry not in GEOMETRIES:
            raise IntakeError(
                f"boxes written as {spelled!r}", expected="such as `columns: label confidence xmin ymin xmax ymax`"
            )
        return made


def recorded(competition: Competition, key: str) -> BoxFormat:
    """The format that intake recorded. Raises IntakeError where it could not tell."""
    if key not in competition.evidence:
        what = "the boxes of train" if key == TRUTH_KEY else "the boxes of the submission"
        raise IntakeError(
            f"it is not known how {what} are written", expected="boxes in columns, in a cell, in COCO JSON or VOC XML"
        )
    return BoxFormat.read(competition.evidence[key].value)


def split(cell: str) -> list[str]:
    """Tokens of a cell of boxes, without brackets and commas."""
    return re.sub(r"[\[\](){},;|\"']", " ", cell).split()


def split_boxes(cell: str, size: int) -> list[list[str]]:
    """The tokens of each box; what is left over at the end is dropped."""
    found = split(cell)
    return [found[at : at + size] for at in range(0, len(found) - size + 1, size)]


def to_corners(four: Floats, geometry: tuple[str, ...]) -> Floats:
    """Boxes `(m, 4)` as written, as xmin, ymin, xmax, ymax."""
    if geometry == SIZE:
        return np.concatenate([four[:, :2], four[:, :2] + four[:, 2:]], axis=1)
    if geometry == CENTRE:
        return np.concatenate([four[:, :2] - four[:, 2:] / 2, four[:, :2] + four[:, 2:] / 2], axis=1)
    return np.array(four, dtype=np.float64)


def from_corners(corners: Floats, geometry: tuple[str, ...]) -> Floats:
    """`to_corners`' inverse."""
    if geometry == SIZE:
        return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    if geometry == CENTRE:
        size = corners[:, 2:] - corners[:, :2]
        return np.concatenate([corners[:, :2] + size / 2, size], axis=1)
    return np.array(corners, dtype=np.float64)
