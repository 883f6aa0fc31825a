"""Small images of six shapes, two of a kind each, of which many are labelled as their look-alike: label noise.

Drawn by numpy: a shape of any place, size and turn on a rough ground. In train the second shape of each two is called by
the other's name with chance `MISTAKEN`, seldom the other way round, as crowds mistake leaf blight for leaf rust; the test
answers are true. Accuracy counts. A model of every label as it is told leans to the names that are given too often.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.testing.contests import Planted

Bytes = NDArray[np.uint8]
SHAPES = ("disc", "oval", "square", "slab", "star", "cross")  # each beside its look-alike
TRAIN, TEST = 420, 240
SIZE = 32
MISTAKEN = 0.42  # chance that the second of two look-alikes is called by the first's name
SLIPPED = 0.04  # and the other way round
NAIVE = 0.89  # a forest of every label as it is told; boosting 0.81. A forest that leaves out suspects: 0.967
REACH = 0.93

DESCRIPTION = """# Shapes

## Description

Volunteers have sorted pictures of six shapes; they mistook some for another that looks alike, so expect wrong labels in
train. Predict the shape of each test picture.

## Evaluation

Submissions are evaluated on classification accuracy. For each image in the test set predict the shape.
"""


def make(folder: Path, seed: int = 0) -> Planted:
    """`public/` with train.csv, images/ and sample_submission.csv; `private/answers.csv`."""
    rng = np.random.default_rng([seed, 11])
    public, private = folder / "public", folder / "private"
    (public / "images").mkdir(parents=True)
    private.mkdir(parents=True)
    truth = rng.permutation(np.arange(TRAIN + TEST) % len(SHAPES))
    names = [f"img_{number:04d}.png" for number in rng.permutation(TRAIN + TEST)]
    for name, kind in zip(names, truth, strict=True):
        _save(public / "images" / name, draw(int(kind), rng))
    wrong = rng.random(TRAIN) < np.where(truth[:TRAIN] % 2, MISTAKEN, SLIPPED)
    told = np.where(wrong, truth[:TRAIN] ^ 1, truth[:TRAIN])
    _write(
        public / "train.csv", ("image_id", "shape"), [(n, SHAPES[k]) for n, k in zip(names[:TRAIN], told, strict=True)]
    )
    _write(public / "sample_submission.csv", ("image_id", "shape"), [(n, SHAPES[0]) for n in names[TRAIN:]])
    answers = {n: SHAPES[k] for n, k in zip(names[TRAIN:], truth[TRAIN:], strict=True)}
    _write(private / "answers.csv", ("image_id", "shape"), list(answers.items()))
    (public / "description.md").write_text(DESCRIPTION, encoding="utf-8")

    def score(submission: Path) -> float:
        with submission.open(newline="", encoding="utf-8") as file:
            given = {row["image_id"]: row["shape"] for row in csv.DictReader(file)}
        right: int = sum(given.get(name) == shape for name, shape in answers.items())
        return right / len(answers)

    return Planted(public, score, True, NAIVE, REACH, f"{MISTAKEN:.0%} of three shapes are labelled as look-alikes")


def draw(kind: int, rng: np.random.Generator) -> Bytes:
    """`(SIZE, SIZE, 3)` of the shape with this number."""
    steps = (np.arange(SIZE) + 0.5) / SIZE - 0.5
    y, x = np.meshgrid(steps, steps, indexing="ij")
    turn, place = rng.uniform(0, 2 * math.pi), rng.uniform(-0.1, 0.1, 2)
    y, x = y - place[0], x - place[1]
    u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    inside = _inside(SHAPES[kind], u / rng.uniform(0.26, 0.34), v)
    ground, ink = rng.uniform(30, 110, 3), rng.uniform(150, 250, 3)
    pixels = np.where(inside[..., None], ink, ground) + rng.normal(0, 12, (SIZE, SIZE, 1))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _inside(shape: str, u: NDArray[np.float64], v: NDArray[np.float64]) -> Any:
    v = v / 0.3
    if shape == "disc":
        return np.hypot(u, v) < 1
    if shape == "oval":
        return np.hypot(u, v / 0.55) < 1
    if shape == "square":
        return np.maximum(abs(u), abs(v)) < 0.85
    if shape == "slab":
        return np.maximum(abs(u), abs(v) / 0.5) < 0.95
    if shape == "star":
        return np.hypot(u, v) < 0.65 + 0.4 * np.cos(5 * np.arctan2(v, u))
    return (np.minimum(abs(u), abs(v)) < 0.3) & (np.maximum(abs(u), abs(v)) < 1)


def _save(path: Path, pixels: Bytes) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


__all__ = ["make"]
