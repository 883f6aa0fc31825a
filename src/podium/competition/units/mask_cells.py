"""Masks as cells of a table hold them: run lengths, or polygons in well-known text."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.shapes import Masks

_ROWS_FIRST = r"left[ -]to[ -]right,?\s*(?:and\s+)?then\s*(?:from\s+)?top[ -]to[ -]bottom|row[ -]major"
_RING = re.compile(r"\(([^()]+)\)")


def rows_first(description: str) -> bool:
    """Whether pixels are counted along the rows: the description says so. Down the columns is the custom."""
    return re.search(_ROWS_FIRST, description, re.I) is not None


def decoded(cell: str | None, height: int, width: int, along_rows: bool = False) -> NDArray[np.bool_]:
    """One cell as `(height, width)`; "", "-1" and None are empty. Raises IntakeError where it does not fit the image."""
    text = (cell or "").strip()
    if re.match(r"(MULTI)?POLYGON\b", text):
        return _polygon(text, height, width)
    try:
        if along_rows:
            return Masks.from_rle([text], np.array([width, height])).pixels.reshape(width, height).T
        return Masks.from_rle([text], np.array([height, width])).pixels.reshape(height, width)
    except InvalidPredictions as problem:
        raise IntakeError(
            f"a mask of train does not fit its image of {height} x {width} pixels", found=str(problem),
            remedy="check the images against the table of masks",
        ) from problem  # fmt: skip


def encoded(mask: NDArray[np.bool_], along_rows: bool = False) -> str:
    """`decoded`'s inverse for run lengths; "" where it is empty."""
    return Masks.from_array((mask.T if along_rows else mask)[None]).to_rle()[0]


def _polygon(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """Outer rings filled, the rings after the first of each polygon cut out. Corners in pixels."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    for polygon in re.split(r"\)\s*\)\s*,\s*\(\s*\(", text):
        for at, ring in enumerate(_RING.findall(polygon if "(" in polygon else f"({polygon})") or [polygon]):
            corners = [tuple(map(float, point.split()[:2])) for point in ring.strip("() ").split(",")]
            if any(not (-1 <= x <= width + 1 and -1 <= y <= height + 1) for x, y in corners):
                raise IntakeError(
                    "a polygon of train leaves its image", expected=f"pixels within {width} x {height}",
                    found=f"a corner at {max(corners)}", remedy="give masks in pixels of the image",
                )  # fmt: skip
            draw.polygon([(x, y) for x, y in corners], fill=0 if at else 255)
    return np.asarray(canvas) > 0
