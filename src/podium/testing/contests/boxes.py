"""Detection: seed grains and the mites that sit among them, in pictures of a bench.

Planted: tiny things beside large ones. A mite is a tenth of a grain's length; both classes count alike, so who looks at
pictures too small to show a mite has half of the score at best.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.metrics import get
from podium.metrics.shapes import Boxes
from podium.testing.contests import Planted

TRAIN, TEST, HEIGHT, WIDTH = 60, 30, 144, 192
CLASSES = ("grain", "mite")
NAIVE, REACH = 0.45, 0.52  # grains found and mites overlooked; both found

DESCRIPTION = """# Mites on a bench

Detect the grains and the mites: draw bounding boxes.

## Files

`train/*.png`, `test/*.png`, `train.csv` (a row a box), `test.csv`, `sample_submission.csv`

## Metric

**mAP@[.50:.95]** - mean over IoU thresholds 0.50, 0.55, ..., 0.95 and both classes of average precision (area under the
interpolated precision-recall curve, all points).

## Submission

A row a box: `image_id,label,confidence,xmin,ymin,xmax,ymax`, any number of rows an image.
"""


def make(folder: Path, seed: int = 0) -> Planted:
    """A contest of so many pictures in `folder`. Needs pillow."""
    from PIL import Image

    rng = np.random.default_rng([seed, 31])
    public = folder / "public"
    names = [f"bench_{number:04d}" for number in rng.permutation(9000)[: TRAIN + TEST]]
    rows: dict[str, list[tuple[str, str, int, int, int, int]]] = {"train": [], "test": []}
    for at, name in enumerate(names):
        part = "train" if at < TRAIN else "test"
        pixels, boxes = _picture(rng)
        (public / part).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(public / part / f"{name}.png")
        rows[part] += [(name, CLASSES[label], left, top, right, bottom) for label, left, top, right, bottom in boxes]
    header = ["image_id", "label", "xmin", "ymin", "xmax", "ymax"]
    pl.DataFrame(rows["train"], schema=header, orient="row").write_csv(public / "train.csv")
    pl.DataFrame({"image_id": names[TRAIN:]}).write_csv(public / "test.csv")
    sample = {
        "image_id": names[TRAIN:],
        "label": "grain",
        "confidence": 0.5,
        "xmin": 20,
        "ymin": 20,
        "xmax": 70,
        "ymax": 60,
    }
    pl.DataFrame(sample).write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(DESCRIPTION)
    answers = folder / "answers.csv"
    pl.DataFrame(rows["test"], schema=header, orient="row").write_csv(answers)
    return Planted(
        public, partial(_score, answers, tuple(names[TRAIN:])), True, NAIVE, REACH, "tiny objects beside large ones"
    )


def _picture(rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[tuple[int, int, int, int, int]]]:
    """(pixels `(height, width, 3)`, boxes: label and corners)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    canvas = (
        rng.normal(0, 7, (HEIGHT, WIDTH, 3))
        + np.array([196, 184, 160])
        + 10 * np.sin(x / 17 + rng.uniform(0, 6))[..., None]
    )
    boxes, taken = [], np.zeros((HEIGHT, WIDTH), dtype=bool)
    for label, count, low, high in ((0, rng.integers(2, 4), 36, 62), (1, rng.integers(4, 9), 6, 9)):
        for _ in range(int(count)):
            width, height = rng.integers(low, high, 2)
            left, top = int(rng.integers(2, WIDTH - width - 2)), int(rng.integers(2, HEIGHT - height - 2))
            around = np.s_[max(0, top - 3) : top + height + 3, max(0, left - 3) : left + width + 3]
            if taken[around].any():
                continue
            taken[around] = True
            inside = ((x - left - width / 2 + 0.5) / (width / 2)) ** 2 + (
                (y - top - height / 2 + 0.5) / (height / 2)
            ) ** 2 <= 1
            colour = np.array([150, 105, 60]) if label == 0 else np.array([88, 40, 36])
            canvas[inside] = colour + rng.normal(0, 9, (int(inside.sum()), 3))
            boxes.append((label, left, top, left + int(width), top + int(height)))
    return canvas.clip(0, 255).astype(np.uint8), boxes


def _score(answers: Path, images: tuple[str, ...], submission: Path) -> float:
    told, given = (_boxes(pl.read_csv(path), images) for path in (answers, submission))
    return get("box_map")(told, given)


def _boxes(frame: pl.DataFrame, images: tuple[str, ...]) -> Boxes:
    place = {name: at for at, name in enumerate(images)}
    sure = frame["confidence"].to_numpy() if "confidence" in frame.columns else None
    return Boxes.of(
        [place[name] for name in frame["image_id"].to_list()], [CLASSES.index(name) for name in frame["label"].to_list()],
        frame.select("xmin", "ymin", "xmax", "ymax").to_numpy(), len(images), sure,
    )  # fmt: skip
