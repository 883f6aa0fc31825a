"""Images of rows as arrays: any size, grey or colour, 8 or 16 bits, brought to one square of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.errors import SolutionError
from podium.protocol import Column, Context, Rows

if TYPE_CHECKING:
    from PIL import Image

Bytes = NDArray[np.uint8]
FITS = 1_200_000_000  # bytes of pixels that are kept in memory; more are read again as they are asked for
SAMPLE = 24  # images that tell whether all are grey


def image_columns(schema: Sequence[Column]) -> list[str]:
    """File columns whose files are images, as intake measured them."""
    return [column.name for column in schema if column.kind == "file" and column.pixels]


def longest_side(schema: Sequence[Column]) -> int:
    """Median pixels of the longer side, of the column with the largest images."""
    return max((column.pixels for column in schema if column.kind == "file"), default=0)


def files_of(rows: Rows, column: str) -> list[Path | None]:
    """The file of each row; None where a row has none."""
    there = rows.frame([column])[column].is_not_null().to_list()
    return [path if known else None for path, known in zip(rows.paths(column), there, strict=True)]


def open_image(path: Path, at_least: int = 0) -> Image.Image:
    """`pixels.opened`: mode L or RGB. Raises SolutionError for a file that is no image, or is cut short."""
    try:
        return pixels.opened(path, at_least)
    except ValueError as problem:
        raise SolutionError(str(problem)) from problem


def squared(image: Image.Image, size: int, channels: int) -> Bytes:
    """`(size, size, channels)`, stretched to the square; smoothed where it is made smaller."""
    from PIL import Image

    image = image.convert("RGB" if channels == 3 else "L")
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8).reshape(size, size, channels)


class Album:
    """The images of one column, `(n, size, size, channels)`: in memory where they fit, else read as they are asked for."""

    def __init__(self, paths: Sequence[Path | None], size: int, channels: int, cores: int = 1) -> None:
        self.paths, self.size, self.channels, self.cores = paths, size, channels, cores
        self._kept: Bytes | None = None
        if len(paths) * size * size * channels <= FITS:
            self._kept = self._read(np.arange(len(paths)))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, positions: NDArray[np.int64]) -> Bytes:
        """`(len(positions), size, size, channels)`; zeros where a row has no file."""
        return self._read(positions) if self._kept is None else self._kept[positions]

    def _read(self, positions: NDArray[np.int64]) -> Bytes:
        out = np.zeros((len(positions), self.size, self.size, self.channels), np.uint8)

        def read(at: int) -> None:
            path = self.paths[positions[at]]
            if path is not None:
                out[at] = squared(open_image(path, 2 * self.size), self.size, self.channels)

        if self.cores == 1:
            for at in range(len(positions)):
                read(at)
        else:
            with ThreadPoolExecutor(self.cores) as pool:
                list(pool.map(read, range(len(positions)), chunksize=16))
        return out


def channels_of(paths: Sequence[Path | None]) -> int:
    """1 where a sample of the images is grey, else 3."""
    known = [path for path in paths if path is not None]
    for path in known[:: max(1, len(known) // SAMPLE)]:
        pixels = np.asarray(open_image(path, 64)).astype(np.int16)
        if pixels.ndim == 3 and np.ptp(pixels, axis=2).max() > 12:
            return 3
    return 1


def albums(rows: Rows, ctx: Context, size: int, channels: int) -> list[Album]:
    """One a column of images, in the schema's order."""
    return [Album(files_of(rows, name), size, channels, ctx.cores) for name in image_columns(ctx.schema)]
