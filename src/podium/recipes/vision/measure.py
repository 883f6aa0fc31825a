"""What images tell, a row of numbers each: by hand-made measures, or by a frozen backbone. Label-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.vision import descriptors, outline
from podium.recipes.vision.pictures import Album, files_of, image_columns, open_image, squared
from podium.recipes.vision.widths import PLAIN

Floats = NDArray[np.float32]
TOLD = "told"  # suffix of the column that `measure_files` makes of a column of images
BY_HAND = (*descriptors.BLOCKS, "outline")
CHUNK = 256  # images at a time
MEAN, DEVIATION = 127.0, 128.0  # what the backbones were trained with


def measure_files(rows: Rows, ctx: Context, features: Mapping[str, Any]) -> pl.DataFrame:
    """The table with every column of images replaced by what they tell, one array a row."""
    frame = rows.frame()
    for name in image_columns(ctx.schema):
        values = measured(rows, name, features, ctx)
        told = pl.Series(f"{name}.{TOLD}", values, dtype=pl.Array(pl.Float32, values.shape[1]))
        frame = frame.drop(name).with_columns(told)
    return frame


def measured(rows: Rows, column: str, features: Mapping[str, Any], ctx: Context) -> Floats:
    """`(n, d)`: as prepared, else measured now."""
    prepared = f"{column}.{TOLD}"
    if prepared in rows.columns:
        return np.asarray(rows.frame([prepared])[prepared].to_numpy(), dtype=np.float32)
    paths, blocks = files_of(rows, column), tuple(features.get("blocks", descriptors.BLOCKS))
    by_hand = tuple(block for block in blocks if block in BY_HAND)
    parts = [_by_hand(paths, by_hand, ctx)] if by_hand else []
    if "deep" in blocks:
        parts.append(_deep(paths, str(features["backbone"]), int(features.get("size", 128)), ctx))
    return np.concatenate(parts, axis=1)


def _by_hand(paths: Sequence[Path | None], blocks: tuple[str, ...], ctx: Context) -> Floats:
    def one(path: Path | None) -> tuple[NDArray[np.uint8], Floats]:
        return _look(path, "outline" in blocks)

    dense = tuple(block for block in blocks if block != "outline")
    parts: list[Floats] = []
    with ThreadPoolExecutor(max(1, ctx.cores)) as pool:
        for start in range(0, max(1, len(paths)), CHUNK):
            chosen = paths[start : start + CHUNK]
            looks = list(pool.map(one, chosen) if ctx.cores > 1 else map(one, chosen))
            plain = np.array([look[1] for look in looks], dtype=np.float32).reshape(len(looks), -1)
            pixels = np.array([look[0] for look in looks], dtype=np.uint8)
            pixels = pixels.reshape(-1, descriptors.SIZE, descriptors.SIZE, 3)
            parts.append(np.concatenate([descriptors.describe(pixels, dense), plain], axis=1) if dense else plain)
    return np.concatenate(parts)


def _look(path: Path | None, outlined: bool) -> tuple[NDArray[np.uint8], Floats]:
    """The image as a square in colour; its size, bytes and (where asked) outline."""
    size, extra = descriptors.SIZE, outline.WIDTH if outlined else 0
    if path is None:
        return np.zeros((size, size, 3), np.uint8), np.zeros(PLAIN + extra, np.float32)
    image = open_image(path)
    wide, high = image.size
    told = [np.log(wide), np.log(high), np.log(wide / high), np.log1p(path.stat().st_size)]
    if outlined:
        scale = outline.SIZE / max(wide, high)
        small = image.convert("L").resize((max(1, round(wide * scale)), max(1, round(high * scale))), reducing_gap=2.0)
        told.extend(outline.measure(np.asarray(small)).tolist())
    return squared(image, size, 3), np.array(told, dtype=np.float32)


def _deep(paths: Sequence[Path | None], name: str, size: int, ctx: Context) -> Floats:
    """The last features of a frozen backbone: mean over the image and its mirror image."""
    import torch

    from podium.recipes.neural import apply, begin
    from podium.recipes.vision.nets import features as features_of
    from podium.recipes.vision.nets import load_backbone

    begin(ctx)
    album = Album(paths, size, 3, ctx.cores)

    def batch(positions: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        return (torch.from_numpy(np.ascontiguousarray(album[positions].transpose(0, 3, 1, 2))),)

    def forward(net: Any, images: torch.Tensor) -> torch.Tensor:
        return features_of(net, (images.float() - MEAN) / DEVIATION)

    return apply(load_backbone(name, folder=ctx.weights.get(name)), len(album), batch, forward, ctx, 64)
