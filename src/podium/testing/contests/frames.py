"""Segmentation of short films of which one frame is marked: faint streaks that drift through cloud and noise, seen in two bands.

Few films are marked, so what the unmarked frames around each marked one show is worth having: the same streak a little
further on, in other noise. Trees on pixels stay below `NAIVE`, a net on the marked frame is above `REACH`; what frames beside
it add is what `bench/pseudo_labels.py` measures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.metrics.masks import dices
from podium.metrics.shapes import Masks
from podium.testing.contests import Planted

SIDE, FRAMES, MARKED = 32, 7, 3
TRAIN, TEST = 12, 40
EMPTY = 0.25
FAINT, NOISE, CLOUD = 1.1, 1.0, 1.0
NAIVE, REACH = 0.5, 0.6
DRIFT, TURN = 3.0, 0.15  # pixels and radians a frame, at the most

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
ABOUT = """# Streaks behind ships

Find the streaks in short films from above. One frame of each film was marked by hand; what moves around it may help.

## Evaluation

Submissions are evaluated on the mean Dice coefficient of the predicted mask and the true one over images; where both are
empty it is 1.

## Submission File

Masks are run-length encoded: pairs of a start and a length, pixels numbered from 1, down the columns first. A film without
streaks has an empty cell. The header is `film,mask`.

## Data

- train/FILM/band_1.npy, band_2.npy: arrays of height x width x frames, in kelvin
- train/FILM/mask.npy: the mask of one frame, height x width x 1
- test/FILM: the films to be marked
"""


def make(folder: Path, seed: int = 0, train: int = TRAIN, test: int = TEST) -> Planted:
    rng = np.random.default_rng([seed, 47])
    public = folder / "public"
    names = [f"film_{at:03d}" for at in range(train + test)]
    truth = np.stack([_save(public / ("train" if at < train else "test") / name, rng) for at, name in enumerate(names)])
    asked, hidden = names[train:], Masks.from_array(truth[train:])
    (folder / "private").mkdir()
    pl.DataFrame({"film": asked, "mask": hidden.to_rle()}).write_csv(folder / "private" / "answers.csv")
    for name, mask in zip(names[:train], truth[:train], strict=True):
        np.save(public / "train" / name / "mask.npy", mask[:, :, None].astype(np.uint8))
    (public / "description.md").write_text(ABOUT)
    pl.DataFrame({"film": asked, "mask": ["1 1"] * test}).write_csv(public / "sample_submission.csv")

    def score(path: Path) -> float:
        given = pl.read_csv(path, schema_overrides={"mask": pl.String})
        found = dict(zip(given["film"].to_list(), given["mask"].fill_null("").to_list(), strict=True))
        return float(dices(hidden, Masks.from_rle([found[name] for name in asked], np.array([SIDE, SIDE]))).mean())

    return Planted(public, score, True, NAIVE, REACH, "few marked frames among many unmarked ones that drift")


def _save(folder: Path, rng: np.random.Generator) -> Truth:
    """Both bands of a film as files; the mask of the marked frame."""
    folder.mkdir(parents=True)
    bands, mask = _film(rng)
    for at, band in enumerate(bands, start=1):
        np.save(folder / f"band_{at}.npy", band.transpose(1, 2, 0).astype(np.float16))
    return mask


def _film(rng: np.random.Generator) -> tuple[tuple[Floats, Floats], Truth]:
    """(two bands `(frames, side, side)`, mask of the marked frame): a streak darkens one band and lightens the other."""
    cloud, moved = _cloud(rng), rng.uniform(-DRIFT, DRIFT, size=2)
    turning = rng.uniform(-TURN, TURN)
    streaks = [_streak(rng) for _ in range(rng.integers(1, 3))] if rng.random() > EMPTY else []
    cold, warm = np.empty((FRAMES, SIDE, SIDE)), np.empty((FRAMES, SIDE, SIDE))
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    for at in range(FRAMES):
        shift = (at - MARKED) * moved
        seen = np.zeros((SIDE, SIDE))
        for streak in streaks:
            seen = np.maximum(seen, _drawn(streak, shift, (at - MARKED) * turning))
        base = np.roll(cloud, np.round(0.4 * shift).astype(int), axis=(0, 1))
        cold[at] = 250 + CLOUD * base - FAINT * seen + rng.normal(0, NOISE, (SIDE, SIDE))
        warm[at] = 260 + CLOUD * base + 0.5 * FAINT * seen + rng.normal(0, NOISE, (SIDE, SIDE))
        if at == MARKED:
            mask = seen > 0.5
    return (cold, warm), mask


def _cloud(rng: np.random.Generator) -> Floats:
    """Smooth waves and long bright edges, which streaks are mistaken for."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    out = np.zeros((SIDE, SIDE))
    for _ in range(4):
        turn, wave = rng.uniform(0, np.pi), rng.uniform(6, 18)
        out += np.sin((np.cos(turn) * x + np.sin(turn) * y) * 2 * np.pi / wave + rng.uniform(0, 6)) / 2
    turn, place = rng.uniform(0, np.pi), rng.uniform(-SIDE / 4, SIDE / 4)
    across = np.cos(turn) * (x - SIDE / 2) + np.sin(turn) * (y - SIDE / 2) - place
    edged: Floats = out + 1.5 * (across > 0)
    return edged


def _streak(rng: np.random.Generator) -> tuple[float, float, float, float, float]:
    """Centre (row, column), direction, half length, half width."""
    row, column = rng.uniform(0.3 * SIDE, 0.7 * SIDE, size=2)
    return row, column, rng.uniform(0, np.pi), rng.uniform(7, 14), rng.uniform(1.0, 2.0)


def _drawn(streak: tuple[float, float, float, float, float], shift: Floats, turned: float) -> Floats:
    """`(side, side)` 0..1, soft at its edges."""
    row, column, turn, length, width = streak
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    turn += turned
    y, x = y - row - shift[0], x - column - shift[1]
    along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    inside = np.minimum(length - np.abs(along), width - np.abs(across))
    return np.asarray(np.clip(inside + 0.5, 0.0, 1.0))
