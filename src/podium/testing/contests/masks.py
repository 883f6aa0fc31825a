"""Segmentation with tiny objects: less than a hundredth of the pixels, in fewer than half of the images, beside scratches that
are as bright. Who marks what is bright marks scratches; who marks nothing scores the share of empty images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import pixels
from podium.metrics.masks import dices
from podium.metrics.shapes import Masks
from podium.testing.contests import Planted

SIDE, TRAIN, TEST = 48, 90, 30
EMPTY = 0.6
RADIUS = (2.0, 3.0)
BRIGHT, NOISE = 80.0, 12.0

Truth = NDArray[np.bool_]
ABOUT = """# Specks on plates

Find the specks on photographs of plates. Scratches are no specks. Most plates are clean.

## Evaluation

Submissions are evaluated on the mean Dice coefficient of the predicted mask and the true one over images; where both are
empty it is 1.

## Submission File

Masks are run-length encoded: pairs of a start and a length, pixels numbered from 1, down the columns first. A clean plate
has an empty cell. The header is `image,mask`.

## Data

- train/images, train/masks: plates and their masks, by the same names
- test/images: the plates to be marked
"""


def make(folder: Path, seed: int = 0) -> Planted:
    rng = np.random.default_rng(seed)
    public = folder / "public"
    truths = {
        "train": _plates(public / "train", range(TRAIN), rng),
        "test": _plates(public / "test", range(TRAIN, TRAIN + TEST), rng),
    }
    names = [f"plate_{at:03d}" for at in range(TRAIN, TRAIN + TEST)]
    (public / "description.md").write_text(ABOUT)
    pl.DataFrame({"image": names, "mask": ["1 1"] * TEST}).write_csv(public / "sample_submission.csv")
    hidden = Masks.from_array(truths["test"])
    (folder / "private").mkdir()
    pl.DataFrame({"image": names, "mask": hidden.to_rle()}).write_csv(folder / "private" / "answers.csv")

    def score(path: Path) -> float:
        given = pl.read_csv(path, schema_overrides={"mask": pl.String})
        found = dict(zip(given["image"].to_list(), given["mask"].fill_null("").to_list(), strict=True))
        return float(dices(hidden, Masks.from_rle([found[name] for name in names], np.array([SIDE, SIDE]))).mean())

    nothing = float((~truths["test"].any(axis=(1, 2))).mean())
    return Planted(
        public, score, True, nothing, nothing + 0.25, "objects of a few pixels, in fewer than half of the images"
    )


def _plates(folder: Path, numbers: range, rng: np.random.Generator) -> Truth:
    masks = np.zeros((len(numbers), SIDE, SIDE), dtype=np.bool_)
    train = folder.name == "train"
    for name in ("images", *(["masks"] if train else [])):
        (folder / name).mkdir(parents=True)
    for at, number in enumerate(numbers):
        image, masks[at] = _plate(rng)
        (folder / "images" / f"plate_{number:03d}.png").write_bytes(pixels.encode(image[None]))
        if train:
            (folder / "masks" / f"plate_{number:03d}.png").write_bytes(pixels.encode(masks[at][None] * np.uint8(255)))
    return masks


def _plate(rng: np.random.Generator) -> tuple[NDArray[np.uint8], Truth]:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    image = 90.0 + 25.0 * np.sin(x / rng.uniform(9, 15) + rng.uniform(0, 6)) + rng.normal(0, NOISE, (SIDE, SIDE))
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    if rng.random() > EMPTY:
        row, column = rng.uniform(5, SIDE - 5, 2)
        mask = (y - row) ** 2 + (x - column) ** 2 <= rng.uniform(*RADIUS) ** 2
        image[mask] += BRIGHT
    for _ in range(rng.integers(1, 4)):  # as bright as a speck, and one pixel wide
        place, start = rng.integers(2, SIDE - 2), rng.integers(0, SIDE - 20)
        line = (slice(start, start + rng.integers(10, 20)), place)
        image[line if rng.random() < 0.5 else line[::-1]] += BRIGHT
    return np.clip(image, 0, 255).astype(np.uint8), mask
