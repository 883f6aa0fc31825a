"""What a detector learns at each cell of its grid: a heat map a class, distances to a box's sides, how much they count.

Gaussians as wide and as high as their box train its centre and its sides alike, so that few passes suffice (Liu et al.
2020, TTFNet, after Zhou et al. 2019, CenterNet).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SPREAD = 0.54  # of half a box's side: where its Gaussian ends (TTFNet's alpha)
LEAST_SPREAD = 0.4  # cells: a box smaller than a cell still has one


def draw(
    boxes: NDArray[np.float64], n_classes: int, grid: tuple[int, int], stride: int
) -> tuple[Floats, Floats, Floats]:
    """(heat `(classes, h, w)` 0..1, sides `(4, h, w)`: pixels from the cell's centre to left, top, right, bottom; weight
    `(h, w)`) of boxes `(m, 5)`: class code and corners in pixels of the input, `grid` cells of `stride` pixels."""
    heat = np.zeros((n_classes, *grid), dtype=np.float32)
    sides, weight = np.zeros((4, *grid), dtype=np.float32), np.zeros(grid, dtype=np.float32)
    area = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    for label, left, top, right, bottom in boxes[np.argsort(-area, kind="stable")]:  # small ones over large ones
        rows, columns, bump = _bump(left, top, right, bottom, grid, stride)
        place = np.ix_(rows, columns)
        of_class = heat[int(label)]
        of_class[place] = np.maximum(of_class[place], bump)
        x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
        shape = bump.shape
        for at, line in enumerate((x[None] - left, y[:, None] - top, right - x[None], bottom - y[:, None])):
            sides[at][place] = np.broadcast_to(line, shape)
        weight[place] = bump / bump.sum() * np.log1p((right - left) * (bottom - top) / stride)
    return heat, sides, weight


def _bump(
    left: float, top: float, right: float, bottom: float, grid: tuple[int, int], stride: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """(rows, columns, values) of a box's Gaussian, 1 at the cell of its centre."""
    lines = []
    for low, high, size in ((top, bottom, grid[0]), (left, right, grid[1])):
        centre = min(int((low + high) / 2 / stride), size - 1)
        reach = SPREAD * (high - low) / 2 / stride
        at = np.arange(max(0, centre - int(reach)), min(size, centre + int(reach) + 1))
        sigma = max((2 * int(reach) + 1) / 6, LEAST_SPREAD)
        lines.append((at, np.exp(-0.5 * ((at - centre) / sigma) ** 2)))
    (rows, down), (columns, along) = lines
    return rows, columns, np.outer(down, along).astype(np.float32)
