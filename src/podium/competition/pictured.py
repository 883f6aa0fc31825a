"""How large images are, from their files' heads: what recipes size themselves by."""

from __future__ import annotations

import importlib.util
import statistics
from dataclasses import replace
from pathlib import Path

import polars as pl

from podium import pixels
from podium.errors import IntakeError
from podium.protocol import Column

SAMPLE = 64  # files whose heads are read
IMAGES = 0.9  # of them that are images, or it is no column of images


def measured(described: tuple[Column, ...], frame: pl.DataFrame, files: Path) -> tuple[Column, ...]:
    """File columns of images with their `pixels`; the others as they are. `files`: the folder of the dealt files."""
    if importlib.util.find_spec("PIL") is None:
        return described
    return tuple(
        replace(column, pixels=_pixels(frame[column.name], files)) if column.kind == "file" else column
        for column in described
    )


def size(path: Path, ref: str) -> tuple[int, int]:
    """(height, width) of an image that must be there, `ref` to the user. Raises IntakeError where it cannot be read."""
    found = pixels.size_of(path)
    if found is None:
        raise IntakeError(
            "an image cannot be read",
            expected="a file that pillow or numpy reads",
            found=ref,
            remedy="download it again",
        )
    return found


def _pixels(names: pl.Series, files: Path) -> int:
    """Median of the longer side over a sample; 0 where the files are no images."""
    known = names.drop_nulls().to_list()
    paths = [files / name for name in known[:: max(1, len(known) // SAMPLE)]]
    sides = [max(size) for path in paths if path.suffix != ".npy" and (size := pixels.size_of(path))]
    return round(statistics.median(sides)) if paths and len(sides) >= IMAGES * len(paths) else 0
