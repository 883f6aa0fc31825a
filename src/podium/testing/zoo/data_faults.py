"""Faults in data: what hosts, exports and joins leave in, with clean twins."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.testing.zoo.competitions import N_TEST, N_TRAIN, binary, table, write
from podium.testing.zoo.file_faults import answers_beside, exif, file_names, file_sizes, file_times
from podium.testing.zoo.planted import Planted

Rng = np.random.Generator
BLINDED = "impossible: ids and row order are blinded"
LABEL_SIDE = "impossible: dealt with the labels alone"
UNREAD = "impossible: no solution is given this file"
PERFECT = "alarm: perfect"
TOO_GOOD = "alarm: column"


# ---------------------------------------------------------------- the target in another guise


def scaled(folder: Path, rng: Rng, planted: bool) -> Path:
    frame, y = binary(rng)
    told = 3.1 * y + rng.normal(scale=0.01, size=len(y)) if planted else 3.1 * rng.permutation(y)
    return write(folder, frame.with_columns(pl.Series("score_2", told.round(4))), y)


def renamed(folder: Path, rng: Rng, planted: bool) -> Path:
    """A category that spells the label otherwise, with a few slips."""
    frame, y = binary(rng)
    told = np.where(rng.random(len(y)) < 0.01, 1 - y, y) if planted else rng.integers(2, size=len(y))
    return write(folder, frame.with_columns(pl.Series("grade", np.array(["kx", "qz"])[told])), y)


def encoded(folder: Path, rng: Rng, planted: bool) -> Path:
    """The target's mean over small groups, computed over all rows, the row itself among them."""
    frame, y = binary(rng)
    group = rng.integers(len(y) // 2, size=len(y))
    told = pl.DataFrame({"g": group, "y": y if planted else rng.permutation(y)})
    return write(folder, frame.with_columns(told.select(mean_by_shop=pl.col("y").mean().over("g")).to_series()), y)


def later(folder: Path, rng: Rng, planted: bool) -> Path:
    """A date that is set once the outcome is known."""
    frame, y = binary(rng)
    days = np.where(y == 1, rng.integers(1, 30, len(y)), rng.integers(400, 500, len(y)))
    days = days if planted else rng.integers(1, 500, len(y))
    closed = pl.Series("closed_on", np.datetime64("2024-01-01") + days.astype("timedelta64[D]"))
    return write(folder, frame.with_columns(closed), y)


def gaps(folder: Path, rng: Rng, planted: bool) -> Path:
    """A value that is there for one class alone."""
    frame, y = binary(rng)
    there = (y == 1) if planted else rng.random(len(y)) < 0.5
    values = [round(float(v), 3) if t else None for v, t in zip(rng.normal(size=len(y)), there, strict=True)]
    return write(folder, frame.with_columns(pl.Series("claim", values)), y)


def json_key(folder: Path, rng: Rng, planted: bool) -> Path:
    frame, y = binary(rng)
    told = [
        json.dumps(
            {"size": int(rng.integers(9)), ("label" if planted else "shade"): int(v if planted else rng.integers(2))}
        )
        for v in y
    ]
    return write(folder, frame.with_columns(pl.Series("record", told)), y)


def two_halves(folder: Path, rng: Rng, planted: bool) -> Path:
    """Neither of two columns tells anything; both together tell all."""
    frame, y = binary(rng)
    mask = rng.integers(2, size=len(y))
    other = (mask ^ y) if planted else rng.integers(2, size=len(y))
    return write(folder, frame.with_columns(pl.Series("flag_a", mask), pl.Series("flag_b", other)), y)


def hashed(folder: Path, rng: Rng, planted: bool) -> Path:
    """The label, salted and hashed: one word a class."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    words = [hashlib.sha256(f"salt{v}".encode()).hexdigest()[:12] for v in told]
    return write(folder, frame.with_columns(pl.Series("token", words)), y)


def last_digit(folder: Path, rng: Rng, planted: bool) -> Path:
    """A harmless price whose last digit is even for one class."""
    frame, y = binary(rng)
    price = rng.integers(100, 9000, len(y)) * 2 + (y if planted else rng.integers(2, size=len(y)))
    return write(folder, frame.with_columns(pl.Series("price", price)), y)


def nonmonotone(folder: Path, rng: Rng, planted: bool) -> Path:
    """A reading that lies in the middle for one class and at both ends for the other."""
    frame, y = binary(rng)
    side = rng.choice([-1.0, 1.0], len(y))
    told = np.where(y == 1, rng.normal(scale=0.2, size=len(y)), 3 * side + rng.normal(scale=0.2, size=len(y)))
    told = told if planted else rng.permutation(told)
    return write(folder, frame.with_columns(pl.Series("reading", told.round(4))), y)


def part_of(folder: Path, rng: Rng, planted: bool) -> Path:
    """The label as one letter within a longer code."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    codes = [f"{rng.integers(10, 99)}{'NY'[v]}{rng.integers(100, 999)}" for v in told]
    return write(folder, frame.with_columns(pl.Series("serial", codes)), y)


def regression_copy(folder: Path, rng: Rng, planted: bool) -> Path:
    """A continuous target in another unit, rounded."""
    frame, signal = table(rng)
    y = np.exp(signal).round(3)
    other = (y * 0.453592).round(1) if planted else np.exp(rng.normal(size=len(y))).round(1)
    metric = "the root mean squared error"
    return write(folder, frame.with_columns(pl.Series("weight_lb", other)), y, metric=metric)


# ---------------------------------------------------------------- order


def id_order(folder: Path, rng: Rng, planted: bool) -> Path:
    frame, y = binary(rng)
    train = np.argsort(y[:N_TRAIN], kind="stable") if planted else rng.permutation(N_TRAIN)
    ids = np.empty(len(y), dtype=np.int64)
    ids[train], ids[N_TRAIN:] = np.arange(N_TRAIN) + 5000, np.arange(N_TEST) + 9000
    return write(folder, frame.with_columns(pl.Series("id", ids)), y)


def row_order(folder: Path, rng: Rng, planted: bool) -> Path:
    frame, y = binary(rng)
    order = np.concatenate([np.argsort(y[:N_TRAIN], kind="stable"), np.arange(N_TRAIN, len(y))])
    order = order if planted else np.arange(len(y))
    return write(folder, frame[order], y[order])


def periodic_order(folder: Path, rng: Rng, planted: bool) -> Path:
    """Every second row of the file is of one class."""
    frame, y = binary(rng)
    ones, zeros = np.flatnonzero(y[:N_TRAIN] == 1), np.flatnonzero(y[:N_TRAIN] == 0)
    k = min(len(ones), len(zeros))
    order = np.stack([ones[:k], zeros[:k]], axis=1).ravel()
    rest = np.setdiff1d(np.arange(len(y)), order)
    order = np.concatenate([order, rest]) if planted else np.arange(len(y))
    return write(folder, frame[order], y[order])


# ---------------------------------------------------------------- copies


def copies(folder: Path, rng: Rng, planted: bool) -> Path:
    """Rows of train again in test, under other ids."""
    frame, y = binary(rng)
    if planted:
        frame, y = _repeated(frame, y, rng.choice(N_TRAIN, N_TEST // 2, replace=False), jitter=0.0, rng=rng)
    return write(folder, frame, y)


def near_copies(folder: Path, rng: Rng, planted: bool) -> Path:
    """The same, with the last digits of the figures changed."""
    frame, y = binary(rng)
    if planted:
        frame, y = _repeated(frame, y, rng.choice(N_TRAIN, N_TEST // 2, replace=False), jitter=2e-5, rng=rng)
    return write(folder, frame, y)


def inner_copies(folder: Path, rng: Rng, planted: bool) -> Path:
    """Each row of train three times: random folds would score on what they were fitted on."""
    frame, y = binary(rng)
    if planted:
        again = np.concatenate([np.tile(np.arange(N_TRAIN // 3), 3), np.arange(N_TRAIN, len(y))])
        ids = frame["id"]
        frame, y = frame[again].with_columns(ids[: len(again)].alias("id")), y[again]
    return write(folder, frame, y)


def near_texts(folder: Path, rng: Rng, planted: bool) -> Path:
    """Texts of train in test with a word changed."""
    frame, y = binary(rng)
    words = np.array(
        [f"{a}{b}" for a in ("ba", "ko", "mi", "tu", "re", "so") for b in ("lan", "dor", "vek", "sim", "pra")]
    )
    texts = [" ".join(rng.choice(words, 14)) for _ in y]
    if planted:
        for at, source in enumerate(rng.choice(N_TRAIN, N_TEST // 2, replace=False)):
            kept = texts[source].split()
            kept[int(rng.integers(len(kept)))] = str(rng.choice(words))
            texts[N_TRAIN + at], y[N_TRAIN + at] = " ".join(kept), y[source]
    return write(folder, frame.with_columns(pl.Series("story", texts)), y)


def _repeated(frame: pl.DataFrame, y: Any, source: Any, *, jitter: float, rng: Rng) -> tuple[pl.DataFrame, Any]:
    """Test rows replaced by train rows, their ids kept."""
    order = np.arange(len(y))
    order[N_TRAIN : N_TRAIN + len(source)] = source
    again = frame[order].with_columns(frame["id"])
    moved = np.zeros(len(y))
    moved[N_TRAIN : N_TRAIN + len(source)] = jitter * rng.normal(size=len(source))
    return again.with_columns(pl.col("x") + moved, pl.col("z") + moved), y[order]


# ---------------------------------------------------------------- groups and time


def groups(folder: Path, rng: Rng, planted: bool) -> Path:
    """Several rows a patient, one label a patient; test has other patients."""
    frame, _ = table(rng)
    patient = np.sort(rng.integers(100, size=len(frame))) if planted else rng.integers(100, size=len(frame))
    y = rng.integers(2, size=100)[patient] if planted else rng.integers(2, size=len(frame))
    tall = rng.normal(size=100)[patient].round(4) if planted else rng.normal(size=len(frame)).round(4)
    return write(folder, frame.with_columns(pl.Series("patient_id", patient), pl.Series("height", tall)), y)


def named_groups(folder: Path, rng: Rng, planted: bool) -> Path:
    """The patient stands in the id's first part alone."""
    frame, _ = table(rng)
    patient = np.sort(rng.integers(100, size=len(frame)))
    y = rng.integers(2, size=100)[patient] if planted else rng.integers(2, size=len(frame))
    ids = [f"p{p:03d}_{n:04d}" for n, p in enumerate(patient)]
    return write(folder, frame.with_columns(pl.Series("id", ids)), y)


def future(folder: Path, rng: Rng, planted: bool) -> Path:
    """Test lies after train, and the level drifts: random folds would look ahead."""
    frame, signal = table(rng)
    n = len(signal)
    order = np.arange(n) if planted else rng.permutation(n)
    when = pl.Series("when", (np.datetime64("2022-01-01") + order.astype("timedelta64[D]")))
    y = (signal + np.cumsum(rng.normal(scale=0.4, size=n))[order]).round(3)
    return write(folder, frame.with_columns(when), y, metric="the root mean squared error")


def train_only(folder: Path, rng: Rng, planted: bool) -> Path:
    """What only train has, since it is known afterwards."""
    frame, y = binary(rng)
    told = y * 5 + rng.integers(3, size=len(y))
    return write(folder, frame, y, train_only={"days_to_outcome": told} if planted else None)


LEAK = "audit: leak"
DATA_FAULTS: tuple[Planted, ...] = (
    Planted("target, scaled", scaled, (LEAK,)),
    Planted("target, renamed classes", renamed, (LEAK,)),
    Planted("date set after the outcome", later, (LEAK,)),
    Planted("value there for one class alone", gaps, ("audit: missing_pattern", LEAK)),
    Planted("JSON key named label", json_key, ("audit: container",)),
    Planted("continuous target in another unit", regression_copy, (LEAK,)),
    Planted("ids sorted by target", id_order, ("audit: order", BLINDED)),
    Planted("rows sorted by target", row_order, ("audit: order", BLINDED)),
    Planted("rows of train again in test", copies, ("audit: duplicate",)),
    Planted("nearly equal rows in train and test", near_copies, ("audit: near_duplicate",)),
    Planted("each train row three times", inner_copies, ("audit: duplicate", "split: group")),
    Planted("texts of train in test, a word changed", near_texts, ("audit: near_duplicate",)),
    Planted("one label a patient, other patients in test", groups, ("split: group",)),
    Planted("patients hidden in the id", named_groups, ("split: group", "audit: group_leak")),
    Planted("test after train, drifting", future, ("split: time",)),
    Planted("column that only train has", train_only, (LABEL_SIDE,)),
    Planted("answers left in the folder", answers_beside, ("audit: extra_files", UNREAD)),
    Planted("label in file names", file_names, ("audit: file", "audit: metadata")),
    Planted("label in file sizes", file_sizes, ("audit: file", "audit: metadata")),
    Planted("label in file times", file_times, ("audit: file", "audit: metadata")),
    Planted("label in EXIF", exif, ("audit: metadata",)),
    Planted("target split over two columns", two_halves, (LEAK, PERFECT), "target, scaled"),
    Planted("target mean over small groups, own row among them", encoded, (LEAK, TOO_GOOD, PERFECT), "target, scaled"),
    Planted("target salted and hashed", hashed, (LEAK,), "target, renamed classes"),
    Planted("target in a price's last digit", last_digit, (LEAK, PERFECT), "target, scaled"),
    Planted("target by the middle of a range", nonmonotone, (LEAK, PERFECT), "target, scaled"),
    Planted("target as a letter of a code", part_of, (LEAK, PERFECT), "target, renamed classes"),
    Planted("every second row of one class", periodic_order, ("audit: order", BLINDED), "rows sorted by target"),
)
