"""What detectors by peaks share: parameters, images on a canvas with their boxes, peaks as boxes of an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.detection.peaks import onto_image, suppress
from podium.recipes.detection.pictures import Pictures, file_column, longest_for

Floats = NDArray[np.float64]
SEEN = 2.5  # cells that a box of the smallest class takes, where the boxes decide the size


class PeakDetector:
    """`params`: over `defaults`; `size` (pixels of the longer side; 0: as the boxes need it, within `bounds`) is one of all."""

    defaults: ClassVar[Mapping[str, Any]]
    bounds: ClassVar[tuple[int, int]]
    overlap: ClassVar[float]  # IoU from which two boxes of a class are one thing

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        self.features = dict(features or {})
        self.params = {**self.defaults, **params}
        self.notes: dict[str, Any] = {}

    def learnt(self, train: Rows, ctx: Context, cell: int) -> tuple[Pictures, list[Floats]]:
        """Train's images, and their boxes `(m, 5)` in pixels of the canvas; `cell`: pixels of a cell of the grid.

        `train.y`: boxes `(m, 5)` a row, in pixels of the files. The canvas and the number of classes are kept.
        """
        assert train.y is not None, "fit needs labelled rows"
        given = [np.asarray(of, dtype=np.float64).reshape(-1, 5) for of in train.y]

        def longest(sizes: NDArray[np.int64]) -> int:
            return int(self.params["size"]) or longest_for(given, sizes, SEEN * cell, self.bounds)

        pictures = Pictures(train, file_column(ctx.schema), longest=longest)
        self.canvas, self.n_classes = pictures.canvas, max(1, len(ctx.classes))
        return pictures, [pictures.laid(of, row) for row, of in enumerate(given)]

    def asked(self, rows: Rows, ctx: Context) -> Pictures:
        """Images to be predicted, on the canvas of train's."""
        return Pictures(rows, file_column(ctx.schema), self.canvas)

    def kept(self, peaks: Floats, pictures: Pictures, row: int, most: int) -> Floats:
        """Peaks `(m, 6)` in pixels of the canvas as boxes of the row's image, overlapping ones left out; none without an
        image."""
        height, width = (int(side) for side in pictures.sizes[row])
        if not height or not len(peaks):
            return np.zeros((0, 6))
        return suppress(onto_image(peaks, float(pictures.scale[row]), (height, width)), self.overlap, most)
