"""Image files as channels of one size, 0..255: several files of a row (bands) and several planes of a file (frames) are
channels one below the other; differences of bands, scaled, make a false-colour image (as for contrails: Ng et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.protocol import Context, Rows
from podium.recipes.segmentation.frames import marked
from podium.tasks.resize import resized

Bytes = NDArray[np.uint8]
Floats32 = NDArray[np.float32]
LEARNED_FROM = 48  # images whose range of values is taken
ENDS = (0.5, 99.5)  # percentiles that become 0 and 255, where values are no bytes
COLOURS = 3


@dataclass(frozen=True)
class Reader:
    """`columns`: of files, in order. `kept`: which of their channels are taken. `differences`: pairs of channels as read
    whose difference is taken instead of them. `low`, `high` `(c,)`: what becomes 0 and 255. `depth`: planes of each file,
    which are frames one after another; 0 where files differ in it."""

    columns: tuple[str, ...]
    size: tuple[int, int]
    kept: tuple[int, ...] = ()
    differences: tuple[tuple[int, int], ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    depth: int = 0

    @classmethod
    def learn(cls, rows: Rows, ctx: Context, size: tuple[int, int], features: Mapping[str, Any]) -> Reader:
        """The scale of each channel from some labelled images; `features`: `differences`, and `frames`: which channels are
        taken, or "marked": of every file the one frame that the masks were drawn on.

        Raises ValueError where rows have no files.
        """
        columns = tuple(column.name for column in ctx.schema if column.kind == "file")
        if not columns:
            raise ValueError("no column of files: there are no images to read")
        some = rows.take(np.arange(0, len(rows), max(1, len(rows) // LEARNED_FROM)))
        paths = _paths(some, columns)
        parts = [[resized(_planes(path), *size) for path in of] for of in paths]
        seen, depths = [np.concatenate(of) for of in parts], {len(part) for of in parts for part in of}
        arrays = any(path.suffix == ".npy" for of in paths for path in of)
        depth = depths.pop() if arrays and len(depths) == 1 else 0
        differences = tuple((int(a), int(b)) for a, b in features.get("differences", ()))
        plain = cls(columns, size, _kept(features.get("frames", ()), seen, some, size, depth), differences, depth=depth)
        values = np.stack([plain._taken(channels) for channels in seen])
        low, high = np.zeros(values.shape[1]), np.full(values.shape[1], 255.0)
        if differences or arrays:
            low, high = np.percentile(
                values[:, :, ::2, ::2].transpose(1, 0, 2, 3).reshape(values.shape[1], -1), ENDS, axis=1
            )
        return replace(plain, low=tuple(low.tolist()), high=tuple(high.tolist()))

    def shifted(self, by: int) -> Reader | None:
        """What reads so many frames later, on the same scale; None where a channel's file has no such frame."""
        pairs = self.differences or tuple((at, at) for at in self.kept)
        if any(not 0 <= at % max(1, self.depth) + by < self.depth for pair in pairs for at in pair):
            return None
        moved = tuple((a + by, b + by) for a, b in self.differences)
        return replace(self, kept=tuple(at + by for at in self.kept), differences=moved)

    @property
    def channels(self) -> int:
        return len(self.low)

    def read(self, rows: Rows) -> Bytes:
        """`(n, channels, height, width)` uint8."""
        out = np.empty((len(rows), self.channels, *self.size), dtype=np.uint8)
        low = np.array(self.low, dtype=np.float32)[:, None, None]
        span = np.maximum(np.array(self.high, dtype=np.float32)[:, None, None] - low, 1e-6)
        for at, paths in enumerate(_paths(rows, self.columns)):
            scaled = (self._taken(_channels(paths, self.size)) - low) / span
            out[at] = np.clip(255.0 * scaled + 0.5, 0.0, 255.0).astype(np.uint8)
        return out

    def _taken(self, channels: Floats32) -> Floats32:
        if self.differences:
            return np.stack([channels[a] - channels[b] for a, b in self.differences])
        return channels[[at for at in self.kept if at < len(channels)]]


def _paths(rows: Rows, columns: Sequence[str]) -> list[tuple[Path, ...]]:
    return list(zip(*(rows.paths(column) for column in columns), strict=True))


def _channels(paths: Sequence[Path], size: tuple[int, int]) -> Floats32:
    """Every channel of a row's files in the working size; a picture is three, whether it is grey or not."""
    return np.concatenate([resized(_planes(path), *size) for path in paths])


def _planes(path: Path) -> NDArray[Any]:
    if path.suffix == ".npy":
        array = np.load(path)
        return array[None] if array.ndim == 2 else np.moveaxis(array.reshape(*array.shape[:2], -1), -1, 0)
    planes = pixels.read(path)
    return np.repeat(planes, COLOURS, axis=0) if len(planes) == 1 else planes


def _kept(asked: Any, seen: Sequence[Floats32], some: Rows, size: tuple[int, int], depth: int) -> tuple[int, ...]:
    if asked != "marked":
        return tuple(int(frame) for frame in asked) or _distinct(seen)
    if depth < 2 or some.y is None:
        return _distinct(seen)
    frame = marked(np.stack(seen), truths(some.y, size), depth)
    return tuple(range(frame, len(seen[0]), depth))


def _distinct(seen: Sequence[Floats32]) -> tuple[int, ...]:
    """Channels that are no copies of the one before: a grey picture has one."""
    first = seen[0]
    return tuple(
        at for at in range(len(first))
        if at % COLOURS == 0 or len(first) % COLOURS or not all(np.array_equal(s[at], s[at - 1]) for s in seen)
    )  # fmt: skip


def truths(answers: NDArray[Any], size: tuple[int, int]) -> Bytes:
    """Masks as dealt, `(n, classes, height, width)` uint8: 255 where all annotators see the object."""
    return np.stack([np.round(resized(pixels.decode(data), *size)).astype(np.uint8) for data in answers])
