"""Data mutants that were written when every detector stood, and run once: nothing was mended after them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from podium.testing.zoo.competitions import N_TEST, N_TRAIN, binary, table, write
from podium.testing.zoo.data_faults import LEAK, PERFECT, TOO_GOOD, UNREAD
from podium.testing.zoo.file_faults import with_files
from podium.testing.zoo.planted import Planted

Rng = np.random.Generator


def ratio(folder: Path, rng: Rng, planted: bool) -> Path:
    """Two readings of wide range; the target is known from their ratio."""
    frame, y = binary(rng)
    base = np.exp(rng.normal(scale=2, size=len(y)))
    told = np.where(y == 1, 1.3, 0.8) if planted else rng.choice([1.3, 0.8], len(y))
    other = base * told * np.exp(rng.normal(scale=0.03, size=len(y)))
    return write(folder, frame.with_columns(pl.Series("flow", base.round(4)), pl.Series("back", other.round(4))), y)


def clock(folder: Path, rng: Rng, planted: bool) -> Path:
    """Time stamps of a logger that wrote one class in the first half of each minute."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    at = rng.integers(400_000, size=len(y)) * 60 + rng.integers(30, size=len(y)) + 30 * told
    when = np.datetime64("2023-01-01T00:00:00") + at.astype("timedelta64[s]")
    return write(
        folder,
        frame.with_columns(pl.Series("logged", when.astype("datetime64[ms]")).dt.to_string("%Y-%m-%d %H:%M:%S")),
        y,
    )


def text_length(folder: Path, rng: Rng, planted: bool) -> Path:
    frame, y = binary(rng)
    words = np.array(["alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine"])
    told = y if planted else rng.integers(2, size=len(y))
    notes = [" ".join(rng.choice(words, int(n))) for n in 7 + 9 * told + rng.integers(0, 8, len(y))]
    return write(folder, frame.with_columns(pl.Series("note", notes)), y)


def nested_key(folder: Path, rng: Rng, planted: bool) -> Path:
    """A harmless name, two levels down in a JSON column; now and then wrong."""
    frame, y = binary(rng)
    told = np.where(rng.random(len(y)) < 0.02, 1 - y, y) if planted else rng.integers(2, size=len(y))
    records = [
        json.dumps({"meta": {"size": int(rng.integers(9)), "stage": {"phase": ["open", "shut"][v]}}}) for v in told
    ]
    return write(folder, frame.with_columns(pl.Series("record", records)), y)


def name_parity(folder: Path, rng: Rng, planted: bool) -> Path:
    """Attached files with even numbers in their names are of one class."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    names = [f"scan_{k:05d}.txt" for k in rng.permutation(40_000)[: len(y)] * 2 + told]
    return with_files(folder, frame, y, names, lambda n: b"nothing")


def mixed_copies(folder: Path, rng: Rng, planted: bool) -> Path:
    """Train rows again in test: numbers disturbed, categories drawn anew."""
    frame, y = binary(rng)
    frame = frame.with_columns(pl.Series(f"m{k}", rng.normal(size=len(y)).round(6)) for k in range(3))
    if planted:
        order = np.arange(len(y))
        order[N_TRAIN : N_TRAIN + N_TEST // 2] = rng.choice(N_TRAIN, N_TEST // 2, replace=False)
        again = order != np.arange(len(y))
        numbers = ("x", "z", "m0", "m1", "m2")
        moved = frame[order].select(pl.col(n) + pl.Series(1e-4 * rng.normal(size=len(y)) * again) for n in numbers)
        frame, y = frame.with_columns(moved), y[order]
    return write(folder, frame, y)


def cabins(folder: Path, rng: Rng, planted: bool) -> Path:
    """One label a party of travellers, known by the middle of the cabin alone; test has other parties."""
    frame, _ = table(rng)
    party = np.sort(rng.integers(160, size=len(frame)))
    y = rng.integers(2, size=160)[party] if planted else rng.integers(2, size=len(frame))
    cabin = pl.Series("cabin", [f"{'FG'[rng.integers(2)]}/{p}/{'PS'[rng.integers(2)]}" for p in party])
    return write(folder, frame.with_columns(cabin), y)


def side_table(folder: Path, rng: Rng, planted: bool) -> Path:
    """A second table, keyed by id, that has the outcome of every row under another name."""
    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    beside = pl.DataFrame({"id": frame["id"], "tier": np.array(["silver", "gold"])[told]}).sample(fraction=1.0, seed=1)
    return write(folder, frame, y, extra={"members.csv": beside})


def json_answers(folder: Path, rng: Rng, planted: bool) -> Path:
    frame, y = binary(rng)
    made = write(folder, frame, y)
    if planted:
        test = frame["id"].tail(N_TEST).to_list()
        (folder / "cache.json").write_text(json.dumps(dict(zip(map(str, test), y[N_TRAIN:].tolist(), strict=True))))
    return made


def left_out(folder: Path, rng: Rng, planted: bool) -> Path:
    """The target's mean over a group of the OTHER rows: within a group it is lower where the label is one."""
    frame, y = binary(rng)
    group = rng.integers(40, size=len(y))
    told = y if planted else rng.permutation(y)
    sums, counts = np.bincount(group, told), np.bincount(group)
    mean = (sums[group] - told) / np.maximum(counts[group] - 1, 1)
    return write(folder, frame.with_columns(pl.Series("shop", group), pl.Series("shop_rate", mean.round(6))), y)


def three_parts(folder: Path, rng: Rng, planted: bool) -> Path:
    """Any two of three flags tell nothing; all three tell all."""
    frame, y = binary(rng)
    a, b = rng.integers(2, size=len(y)), rng.integers(2, size=len(y))
    c = (a ^ b ^ y) if planted else rng.integers(2, size=len(y))
    return write(folder, frame.with_columns(pl.Series("f1", a), pl.Series("f2", b), pl.Series("f3", c)), y)


def own_words(folder: Path, rng: Rng, planted: bool) -> Path:
    """A text that names a clerk; each clerk handled one class."""
    frame, y = binary(rng)
    clerks = np.array([f"{a}{b}" for a in ("Jo", "Ma", "Ri", "Te", "Lu", "Ka") for b in ("nas", "len", "tor", "via")])
    told = y if planted else rng.integers(2, size=len(y))
    notes = [f"parcel seen and signed by {clerks[2 * rng.integers(12) + v]} at the desk" for v in told]
    return write(folder, frame.with_columns(pl.Series("note", notes)), y)


def by_group(folder: Path, rng: Rng, planted: bool) -> Path:
    """A continuous target in another unit, with an offset of its own in each of nine regions."""
    frame, signal = table(rng)
    region = rng.integers(9, size=len(signal))
    told = signal if planted else rng.permutation(signal)
    dial = told + 25.0 * rng.permutation(9)[region] + rng.normal(scale=0.01, size=len(signal))
    more = frame.with_columns(pl.Series("region", [f"r{r}" for r in region]), pl.Series("dial", dial.round(3)))
    return write(folder, more, signal.round(4), metric="the root mean squared error")


def day_before(folder: Path, rng: Rng, planted: bool) -> Path:
    """Each day's row has a column with the target of the day before: that of one row to be predicted stands in another."""
    frame, signal = table(rng)
    when = pl.Series("when", np.datetime64("2022-01-01") + np.arange(len(signal)).astype("timedelta64[D]"))
    ahead = np.roll(signal, 1) if planted else rng.permutation(signal)
    more = frame.with_columns(when, pl.Series("opening", ahead.round(4)))
    return write(folder, more, signal.round(4), metric="the root mean squared error")


def pixel(folder: Path, rng: Rng, planted: bool) -> Path:
    """Pictures of noise with a corner that is bright for one class."""
    from PIL import Image

    frame, y = binary(rng)
    told = y if planted else rng.integers(2, size=len(y))
    names = [f"{n:04d}.png" for n in range(len(y))]
    with_files(folder, frame, y, names, lambda n: b"")
    for n, name in enumerate(names):
        grey = rng.integers(0, 200, (8, 8), dtype=np.uint8)
        grey[0, 0] = 255 if told[n] else 0
        Image.fromarray(grey).save(folder / "files" / name)
    return folder


GROUP = ("split: group", "audit: group_leak", LEAK)
FRESH_DATA: tuple[Planted, ...] = (
    Planted("ratio of two columns", ratio, (LEAK, PERFECT), "target split over two columns"),
    Planted("half of a minute", clock, (LEAK, PERFECT), "target in a price's last digit"),
    Planted("length of a text", text_length, (LEAK, PERFECT), "target, scaled"),
    Planted("nested JSON key of another name", nested_key, ("audit: container",), "JSON key named label"),
    Planted("parity of numbers in file names", name_parity, ("audit: file", "audit: metadata"), "label in file names"),
    Planted("near copies with other categories", mixed_copies, ("audit: near_duplicate",),
            "nearly equal rows in train and test"),
    Planted("parties hidden in the cabin", cabins, GROUP, "patients hidden in the id"),
    Planted("outcome in a table keyed by id", side_table, (LEAK, UNREAD), "answers left in the folder"),
    Planted("answers in a JSON file", json_answers, ("audit: extra_files", UNREAD), "answers left in the folder"),
    Planted("target mean of the group's other rows", left_out, (LEAK, TOO_GOOD, PERFECT),
            "target mean over small groups, own row among them"),
    Planted("target split over three columns", three_parts, (LEAK, PERFECT), "target split over two columns"),
    Planted("clerk of one class, named in a text", own_words, (LEAK, PERFECT), "target, renamed classes"),
    Planted("target with an offset by region", by_group, (LEAK, TOO_GOOD, PERFECT), "continuous target in another unit"),
    Planted("target of the row before, in each row", day_before, (LEAK, TOO_GOOD, "alarm: future"), "test after train, drifting"),
    Planted("label in a pixel", pixel, ("audit: metadata", "audit: file", LEAK), "label in EXIF"),
)  # fmt: skip
