"""Images on one canvas: as large as the recipe asks for, all of one size, scaled by one factor and laid top left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.errors import SolutionError
from podium.protocol import Column, Rows
from podium.recipes.vision.pictures import FITS, files_of, open_image

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
GREY = 127  # of what lies beside an image
STEP = 32  # sides are multiples of it
LOOKED = 64  # images whose shape decides the canvas'


def file_column(schema: Sequence[Column]) -> str:
    """The column of images. Raises SolutionError where there is none."""
    for column in schema:
        if column.kind == "file":
            return column.name
    raise SolutionError("boxes are looked for in images: expected a column of files, found none")


def canvas_of(sizes: Ints, longest: int) -> tuple[int, int]:
    """(height, width): the longest side as asked, the other as most images' shape `(n, 2)` needs it."""
    known = sizes[sizes[:, 0] > 0]
    height, width = np.median(known[:: max(1, len(known) // LOOKED)], axis=0) if len(known) else (1.0, 1.0)
    ratio = longest / max(height, width)
    return _stepped(float(height) * ratio), _stepped(float(width) * ratio)


def longest_for(truth: Sequence[NDArray[np.float64]], sizes: Ints, least: float, bounds: tuple[int, int]) -> int:
    """Pixels of the longer side at which boxes of the smallest class are `least` pixels large, within `bounds`.

    Its lower quartile counts: a mean over classes is lost where one of them is too small to be seen. `truth`: boxes
    `(m, 5)` an image, `sizes` `(n, 2)`, both in pixels of the files.
    """
    shares: dict[int, list[float]] = {}
    for of, size in zip(truth, sizes, strict=True):
        sides = np.sqrt(np.maximum((of[:, 3] - of[:, 1]) * (of[:, 4] - of[:, 2]), 0.0)) / max(1, size.max())
        for label, side in zip(of[:, 0].astype(int).tolist(), sides.tolist(), strict=True):
            shares.setdefault(label, []).append(side)
    smallest = min((float(np.quantile(of, 0.25)) for of in shares.values()), default=0.0)
    wanted = least / smallest if smallest > 0 else bounds[0]
    return int(np.clip(np.ceil(wanted / STEP) * STEP, *bounds))


def _stepped(length: float) -> int:
    return max(STEP, int(np.ceil(length / STEP - 0.25)) * STEP)


def sizes_of(paths: Sequence[Path | None]) -> Ints:
    """`(n, 2)`: height and width as each file's header says; 0 where there is no image: nothing is found in it."""
    known = [None if path is None else pixels.size_of(path) for path in paths]
    return np.array([size or (0, 0) for size in known], dtype=np.int64).reshape(-1, 2)


class Pictures:
    """Images of rows on a canvas (height, width): in memory where they fit, else read as they are asked for.

    `sizes` `(n, 2)`: height and width of the file's image, 0 where there is none; `scale` `(n,)`: canvas pixels a pixel
    of the file.
    """

    def __init__(
        self,
        rows: Rows,
        column: str,
        canvas: tuple[int, int] | None = None,
        longest: Callable[[Ints], int] | None = None,
    ) -> None:
        """`longest`: of the files' sizes, the pixels of the canvas' longer side, where no canvas is given yet."""
        self._paths = files_of(rows, column)
        self.sizes = sizes_of(self._paths)
        if canvas is None:
            canvas = canvas_of(self.sizes, longest(self.sizes) if longest else STEP)
        self.canvas = canvas
        known = np.maximum(self.sizes, 1)
        self.scale = np.minimum(self.canvas[0] / known[:, 0], self.canvas[1] / known[:, 1])
        fits = len(self._paths) * self.canvas[0] * self.canvas[1] * 3 <= FITS
        self._kept = self._read(np.arange(len(self._paths))) if fits else None

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, positions: Ints) -> Bytes:
        """`(m, height, width, 3)`; grey where there is no image."""
        return self._read(positions) if self._kept is None else self._kept[positions]

    def laid(self, boxes: NDArray[np.float64], row: int) -> NDArray[np.float64]:
        """Boxes `(m, 5)` of a row, in pixels of the canvas."""
        return np.concatenate([boxes[:, :1], boxes[:, 1:] * self.scale[row]], axis=1)

    def _read(self, positions: Ints) -> Bytes:
        from PIL import Image

        out = np.full((len(positions), *self.canvas, 3), GREY, dtype=np.uint8)
        for at, row in enumerate(positions):
            path = self._paths[row]
            if path is None or not self.sizes[row, 0]:
                continue
            height, width = np.maximum(np.round(self.sizes[row] * self.scale[row]), 1).astype(int)
            try:
                image = open_image(path, int(max(height, width))).convert("RGB")
            except SolutionError:  # its header was whole and its pixels are not: nothing is found there
                continue
            resized = image.resize((int(width), int(height)), Image.Resampling.BILINEAR, reducing_gap=3.0)
            out[at, :height, :width] = np.asarray(resized, dtype=np.uint8)
        return out
