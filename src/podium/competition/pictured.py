"""How large the images of a file column are: what recipes size themselves by."""

from __future__ import annotations

import importlib.util
import statistics
import warnings
from dataclasses import replace
from pathlib import Path

import polars as pl

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


def _pixels(names: pl.Series, files: Path) -> int:
    """Median of the longer side over a sample; 0 where the files are no images."""
    known = names.drop_nulls().to_list()
    sample = known[:: max(1, len(known) // SAMPLE)]
    sides = [side for name in sample if (side := _side(files / name))]
    return round(statistics.median(sides)) if sample and len(sides) >= IMAGES * len(sample) else 0


def _side(path: Path) -> int:
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a huge image is told by its head alone
        try:
            with Image.open(path) as image:
                return max(image.size)
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
            return 0
