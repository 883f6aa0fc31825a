"""Faults in the files of a data folder: answers left there, and attached files that give the label away."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.testing.zoo.competitions import N_TEST, N_TRAIN, binary, write

Rng = np.random.Generator


def answers_beside(folder: Path, rng: Rng, planted: bool) -> Path:
    """The answers, left in the folder under a name of their own."""
    frame, y = binary(rng)
    left = pl.DataFrame({"id": frame["id"].tail(N_TEST), "y": y[N_TRAIN:]})
    return write(folder, frame, y, extra={"backup_of_solution.csv": left} if planted else None)


def file_names(folder: Path, rng: Rng, planted: bool) -> Path:
    """Attached files whose names begin by the label."""
    frame, y = binary(rng)
    names = [f"{'cat' if (v if planted else rng.integers(2)) else 'dog'}_{n:04d}.txt" for n, v in enumerate(y)]
    return with_files(folder, frame, y, names, lambda n: b"nothing")


def file_sizes(folder: Path, rng: Rng, planted: bool) -> Path:
    """Attached files that are longer for one class."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    return with_files(
        folder, frame, y, [f"{n:04d}.txt" for n in range(len(y))], lambda n: b"x" * (300 + 200 * int(told[n]))
    )


def file_times(folder: Path, rng: Rng, planted: bool) -> Path:
    """Attached files that were written class by class."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    names = [f"{n:04d}.txt" for n in range(len(y))]
    with_files(folder, frame, y, names, lambda n: b"nothing")
    for n, name in enumerate(names):
        at = 1_700_000_000 + 100_000 * int(told[n]) + n
        os.utime(folder / "files" / name, (at, at))
    return folder


def exif(folder: Path, rng: Rng, planted: bool) -> Path:
    """Photographs whose EXIF names a camera for each class."""
    from PIL import Image

    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    names = [f"{n:04d}.jpg" for n in range(len(y))]
    with_files(folder, frame, y, names, lambda n: b"")
    for n, name in enumerate(names):
        image = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8))
        head = Image.Exif()
        head[0x0110] = f"Camera {'AB'[int(told[n])]}"
        image.save(folder / "files" / name, exif=head)
    return folder


def with_files(folder: Path, frame: pl.DataFrame, y: Any, names: list[str], content: Any) -> Path:
    write(folder, frame.with_columns(pl.Series("path", [f"files/{name}" for name in names])), y)
    (folder / "files").mkdir(exist_ok=True)
    for n, name in enumerate(names):
        (folder / "files" / name).write_bytes(content(n))
    return folder
