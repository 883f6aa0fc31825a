"""Image to image with stains: coffee darker than the ink is in the light. Who whitens what is brighter than one threshold, the
same everywhere, leaves stains or loses strokes; the paper behind a stroke must be told from its surroundings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import pixels
from podium.testing.contests import Planted

TRAIN, TEST = 16, 5
SIDES = ((40, 56), (48, 64))
STROKES = 9
INK, STAIN, NOISE = 0.35, 0.55, 0.03

Image = NDArray[np.float64]
ABOUT = """# Clean the pages

Remove stains and noise from scanned pages: give every pixel of the clean page.

## Evaluation

Submissions are evaluated on the root mean squared error between the cleaned pixel intensities and the actual ones.

## Submission File

One row a pixel: the id is image_row_column, counted from 1, the value an intensity from 0 (black) to 1 (white). The header
is `id,value`.

## Data

- train: scanned pages, train_cleaned: the same pages, clean
- test: the pages to be cleaned
"""


def make(folder: Path, seed: int = 0) -> Planted:
    rng = np.random.default_rng(seed)
    public = folder / "public"
    for name in ("train", "train_cleaned", "test"):
        (public / name).mkdir(parents=True)
    pairs = [_pair(rng, SIDES[at % len(SIDES)]) for at in range(TRAIN + TEST)]
    for at, (dirty, clean) in enumerate(pairs[:TRAIN]):
        _save(public / "train" / f"{100 + at}.png", dirty)
        _save(public / "train_cleaned" / f"{100 + at}.png", clean)
    ids: list[str] = []
    hidden: dict[str, Image] = {}
    for at, (dirty, clean) in enumerate(pairs[TRAIN:]):
        name = str(at + 1)
        _save(public / "test" / f"{name}.png", dirty)
        hidden[name] = np.round(clean * 255) / 255
        ids += [f"{name}_{r + 1}_{c + 1}" for c in range(clean.shape[1]) for r in range(clean.shape[0])]
    (folder / "private").mkdir()
    told = np.concatenate([image.T.reshape(-1) for image in hidden.values()])
    pl.DataFrame({"id": ids, "value": told}).write_csv(folder / "private" / "answers.csv")
    (public / "description.md").write_text(ABOUT)
    pl.DataFrame({"id": ids, "value": [1] * len(ids)}).write_csv(public / "sample_submission.csv")

    def score(path: Path) -> float:
        given = pl.read_csv(path)
        assert given["id"].to_list() == ids, "the submission's rows are the sample's"
        truth = np.concatenate([image.T.reshape(-1) for image in hidden.values()])
        return float(np.sqrt(np.mean((given["value"].to_numpy() - truth) ** 2)))

    naive = _best_threshold(pairs)
    return Planted(public, score, False, naive, 0.7 * naive, "stains as dark as ink: no one threshold fits a page")


def _pair(rng: np.random.Generator, sides: tuple[int, int]) -> tuple[Image, Image]:
    height, width = sides
    clean = np.ones(sides)
    for _ in range(STROKES):
        row, column = rng.integers(3, height - 12), rng.integers(3, width - 12)
        length, thick = rng.integers(5, 10), rng.integers(1, 3)
        if rng.random() < 0.5:
            clean[row : row + thick, column : column + length] = 0.0
        else:
            clean[row : row + length, column : column + thick] = 0.0
    y, x = np.mgrid[0:height, 0:width]
    paper = np.full(sides, 0.95)
    for _ in range(2):
        down, along, radius = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(10, 18)
        inside = np.hypot(y - down, x - along) < radius
        paper[inside] *= STAIN
    dirty = paper * np.where(clean < 0.5, 1.0 - INK, 1.0) + rng.normal(0, NOISE, sides)
    return np.clip(dirty, 0.0, 1.0), clean


def _best_threshold(pairs: list[tuple[Image, Image]]) -> float:
    """The least error of whitening all that is brighter than one value."""
    dirty, clean = (np.concatenate([pair[of].reshape(-1) for pair in pairs]) for of in (0, 1))
    return min(float(np.sqrt(np.mean(((dirty > cut) - clean) ** 2))) for cut in np.arange(0.2, 0.95, 0.05))


def _save(path: Path, image: Image) -> None:
    path.write_bytes(pixels.encode(np.round(image * 255).astype(np.uint8)[None]))
