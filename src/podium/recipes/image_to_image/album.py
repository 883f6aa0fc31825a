"""Pictures in their own sizes, and the frame that predictions of them are laid in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.protocol import Context, Rows

Floats32 = NDArray[np.float32]


def inputs(rows: Rows, ctx: Context, channels: int) -> list[Floats32]:
    """One `(channels, height, width)` a row, 0..1, of every file of the row below one another; grey where `channels` is 1."""
    columns = [column.name for column in ctx.schema if column.kind == "file"]
    if not columns:
        raise ValueError("no column of files: there are no images to read")
    out = []
    for paths in zip(*(rows.paths(column) for column in columns), strict=True):
        out.append(
            np.concatenate([_as(pixels.read(path), channels) for path in paths]).astype(np.float32) / np.float32(255.0)
        )
    return out


def truths(answers: NDArray[Any]) -> list[Floats32]:
    """Twins as dealt, one `(channels, height, width)` a row, 0..1."""
    return [pixels.decode(data).astype(np.float32) / np.float32(255.0) for data in answers]


def framed(images: list[Floats32], ctx: Context) -> NDArray[Any]:
    """`(n, k)` in the layout's type: each image at the top left of the frame."""
    out = np.zeros((len(images), *ctx.layout.shape), dtype=ctx.layout.dtype)
    for at, image in enumerate(images):
        out[at, :, : image.shape[1], : image.shape[2]] = np.clip(image, 0.0, 1.0)
    return out.reshape(len(out), -1)


def _as(planes: NDArray[np.uint8], channels: int) -> NDArray[Any]:
    if channels == 1 and len(planes) == 3:
        return np.tensordot(np.array([0.299, 0.587, 0.114]), planes, axes=1)[None]
    return np.broadcast_to(planes, (channels, *planes.shape[1:])) if len(planes) == 1 else planes
