"""Small competitions of real image files, for tests of segmentation and image to image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import pixels
from podium.metrics.shapes import Masks

HEIGHT, WIDTH, TRAIN, TEST = 10, 14, 24, 6
DICE = "This competition is evaluated on the mean Dice coefficient of the run-length encoded masks. Segment things.\n"


def images(folder: Path, names: list[str], rng: np.random.Generator, sides: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
    for name in names:
        save(folder / name, rng.integers(0, 255, sides))


def save(path: Path, plane: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pixels.encode(np.asarray(plane, dtype=np.uint8)[None]))


def blobs(n: int, rng: np.random.Generator, sides: tuple[int, int] = (HEIGHT, WIDTH)) -> NDArray[np.bool_]:
    """`(n, h, w)`, every third one empty."""
    out = np.zeros((n, *sides), dtype=np.bool_)
    for at in range(n):
        if at % 3:
            y, x = rng.integers(0, sides[0] - 3), rng.integers(0, sides[1] - 4)
            out[at, y : y + 3, x : x + 4] = True
    return out


def cells(masks: NDArray[np.bool_]) -> list[str]:
    return Masks.from_array(masks).to_rle()


def says(folder: Path, text: str = DICE) -> None:
    (folder / "description.md").write_text(f"# Overview\n\n## Evaluation\n\n{text}")


def in_cells(folder: Path) -> NDArray[np.bool_]:
    """A row an image, depths beside; truth `(TRAIN, h, w)`."""
    rng = np.random.default_rng(0)
    train, test = [f"a{i:02d}" for i in range(TRAIN)], [f"b{i:02d}" for i in range(TEST)]
    images(folder / "train" / "images", [f"{n}.png" for n in train], rng)
    images(folder / "test" / "images", [f"{n}.png" for n in test], rng)
    truth = blobs(TRAIN, rng)
    pl.DataFrame({"id": train, "rle_mask": cells(truth)}).write_csv(folder / "train.csv", quote_style="never")
    pl.DataFrame({"id": [*test, *train], "z": range(100, 100 + TRAIN + TEST)}).write_csv(folder / "depths.csv")
    pl.DataFrame({"id": test[::-1], "rle_mask": ["1 1"] * TEST}).write_csv(folder / "sample_submission.csv")
    says(folder)
    return truth


def of_classes(folder: Path, joined: bool) -> NDArray[np.bool_]:
    """A row an image and class, one id (`a01.png_fish`) or two columns; the sample has class after class."""
    rng = np.random.default_rng(1)
    kinds, train, test = (
        ("bird", "fish"),
        [f"a{i:02d}.png" for i in range(TRAIN)],
        [f"b{i:02d}.png" for i in range(TEST)],
    )
    images(folder / "train_images", train, rng)
    images(folder / "test_images", test, rng)
    truth = blobs(2 * TRAIN, rng).reshape(TRAIN, 2, HEIGHT, WIDTH)
    runs = cells(truth.reshape(-1, HEIGHT, WIDTH))
    key = [(name, kind) for name in train for kind in kinds]
    asked = [(name, kind) for kind in kinds for name in test]
    for keys, rle, file in ((key, runs, "train.csv"), (asked, ["1 1"] * len(asked), "sample_submission.csv")):
        columns = (
            {"Image_Label": [f"{n}_{k}" for n, k in keys]}
            if joined
            else {"id": [n for n, _ in keys], "class": [k for _, k in keys]}
        )
        pl.DataFrame({**columns, "EncodedPixels": rle}).write_csv(folder / file, quote_style="never")
    says(folder)
    return truth


def in_files(folder: Path, annotators: int = 2) -> NDArray[np.int64]:
    """Masks of several annotators beside the images, no train table; how many agree on each pixel."""
    rng = np.random.default_rng(2)
    train, test = [f"{i}.png" for i in range(TRAIN)], [f"{i}.png" for i in range(50, 50 + TEST)]
    images(folder / "train" / "images", train, rng)
    images(folder / "test" / "images", test, rng)
    truth = blobs(TRAIN, rng)
    seen = np.zeros((TRAIN, HEIGHT, WIDTH), dtype=np.int64)
    for one in range(annotators):
        for at, name in enumerate(train):
            mask = np.roll(truth[at], one, axis=0)
            seen[at] += mask
            save(folder / "train" / f"masks_{one}" / name, 255 * mask)
    pl.DataFrame({"image": [n[:-4] for n in test], "mask": ["1 5"] * TEST}).write_csv(folder / "sample_submission.csv")
    says(folder)
    return seen


def pages(folder: Path) -> list[NDArray[np.uint8]]:
    """Pairs of pages of two sizes; the sample asks column by column. The clean pages of train."""
    rng = np.random.default_rng(3)
    clean = []
    for at in range(12):
        sides = (8, 6) if at % 2 else (7, 9)
        clean.append(np.where(rng.random(sides) < 0.2, 0, 255).astype(np.uint8))
        save(folder / "train" / f"{at + 10}.png", np.clip(clean[-1] * 0.8 + rng.normal(20, 5, sides), 0, 255))
        save(folder / "train_cleaned" / f"{at + 10}.png", clean[-1])
    ids = []
    for name, (height, width) in (("3", (8, 6)), ("1", (7, 9))):
        save(folder / "test" / f"{name}.png", rng.integers(0, 255, (height, width)))
        ids += [f"{name}_{r}_{c}" for c in range(1, width + 1) for r in range(1, height + 1)]
    pl.DataFrame({"id": ids, "value": [1] * len(ids)}).write_csv(folder / "sampleSubmission.csv")
    says(
        folder,
        "Submissions are evaluated on the root mean squared error between cleaned pixel intensities and the actual ones.\n",
    )
    return clean
