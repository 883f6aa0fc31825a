"""Competitions that arrived broken: small generated ones of several kinds, and what downloads, editors and hosts do to them.

Each spoiling is drawn from a random generator, so a case is its number. What Podium owes in every case: one line and exit
code 2, or a valid submission. Never a traceback, never a hang.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

N_TRAIN, N_TEST = 90, 30


# ---------------------------------------------------------------- whole competitions


def _frames(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Train with every kind of column, test, and the columns only train has."""
    rng, n = np.random.default_rng(seed), N_TRAIN + N_TEST
    x = rng.normal(size=n).round(4)
    frame = pl.DataFrame(
        {
            "id": rng.permutation(n) + 500,
            "size": x,
            "weight, kg": (x * 3 + rng.normal(size=n)).round(2),
            "colour": rng.choice(["red", "green", "blå"], n),
            "code": [f"{'AB'[i % 2]}{i % 7}/{i % 3}" for i in range(n)],
            "note": rng.choice(["a fine day", 'he said "no"', "rain, and more", "", "sun\nand wind"], n),
            "when": pl.Series((np.datetime64("2024-01-01") + rng.integers(0, 300, n)).astype("datetime64[D]")),
        }
    )
    labels = pl.DataFrame(
        {
            "won": (x + rng.logistic(size=n) > 0).astype(int),
            "grade": rng.choice(["low", "mid", "high"], n),
            "price": np.exp(x + rng.normal(size=n) / 2).round(3),
        }
    )
    return frame.head(N_TRAIN), frame.tail(N_TEST), labels.head(N_TRAIN)


def _write(folder: Path, train: pl.DataFrame, test: pl.DataFrame, sample: pl.DataFrame, metric: str) -> None:
    train.write_csv(folder / "train.csv")
    test.write_csv(folder / "test.csv")
    sample.write_csv(folder / "sample_submission.csv")
    text = f"# A contest\n\n## Evaluation\n\nSubmissions are evaluated on {metric}.\n"
    (folder / "description.md").write_text(text, "utf-8")


def binary(folder: Path, seed: int) -> None:
    train, test, labels = _frames(seed)
    sample = test.select("id").with_columns(pl.lit(0.5).alias("won"))
    _write(folder, train.with_columns(labels["won"]), test, sample, "area under the ROC curve")


def classes(folder: Path, seed: int) -> None:
    train, test, labels = _frames(seed)
    sample = test.select("id").with_columns(pl.lit(0.3).alias(c) for c in ("high", "low", "mid"))
    _write(folder, train.with_columns(labels["grade"]), test, sample, "multi-class logarithmic loss")


def values(folder: Path, seed: int) -> None:
    train, test, labels = _frames(seed)
    sample = test.select("id").with_columns(pl.lit(1.0).alias("price"))
    _write(folder, train.with_columns(labels["price"]), test, sample, "root mean squared logarithmic error (RMSLE)")


def parquet(folder: Path, seed: int) -> None:
    values(folder, seed)
    for name in ("train", "test"):
        pl.read_csv(folder / f"{name}.csv").write_parquet(folder / f"{name}.parquet")
        (folder / f"{name}.csv").unlink()


def zipped(folder: Path, seed: int) -> None:
    classes(folder, seed)
    with zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("train.csv", "test.csv"):
            archive.write(folder / name, f"data/{name}")
            (folder / name).unlink()


def configured(folder: Path, seed: int) -> None:
    binary(folder, seed)
    (folder / "description.md").unlink()
    keys = {
        "task_type": "binary_classification",
        "metric": "auc_roc",
        "metric_direction": "higher",
        "target_column": "won",
    }
    (folder / "config.json").write_text(json.dumps({**keys, "cv_folds": 3}), "utf-8")


KINDS: Mapping[str, Callable[[Path, int], None]] = {
    "binary": binary, "classes": classes, "values": values, "parquet": parquet, "zipped": zipped,
    "configured": configured,
}  # fmt: skip


# ---------------------------------------------------------------- spoilings


def _pick(folder: Path, rng: random.Random, suffixes: tuple[str, ...] = ()) -> Path:
    files = sorted(p for p in folder.iterdir() if p.is_file() and (not suffixes or p.suffix in suffixes))
    return rng.choice(files or sorted(folder.iterdir()))


def flip_bytes(folder: Path, rng: random.Random) -> None:
    path = _pick(folder, rng)
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 3, 20])):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(bytes(data))


def cut(folder: Path, rng: random.Random) -> None:
    path = _pick(folder, rng)
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data) + 1)])


def drop_middle(folder: Path, rng: random.Random) -> None:
    path = _pick(folder, rng)
    data = path.read_bytes()
    low, high = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    path.write_bytes(data[:low] + data[high:])


def insert_noise(folder: Path, rng: random.Random) -> None:
    path = _pick(folder, rng)
    data, at = path.read_bytes(), 0
    at = rng.randrange(len(data) + 1)
    path.write_bytes(data[:at] + rng.randbytes(rng.choice([1, 8, 300])) + data[at:])


def recode(folder: Path, rng: random.Random) -> None:
    path = _pick(folder, rng, (".csv", ".md", ".json"))
    coding = rng.choice(["utf-16", "utf-8-sig", "cp1252", "utf-32", "latin-1", "shift_jis"])
    path.write_bytes(path.read_bytes().decode("utf-8", "replace").encode(coding, "replace"))


def swap_separators(folder: Path, rng: random.Random) -> None:
    path = _pick(folder, rng, (".csv",))
    path.write_bytes(path.read_bytes().replace(b",", rng.choice([b";", b"\t", b"|", b" ", b""])))


def lose_file(folder: Path, rng: random.Random) -> None:
    _pick(folder, rng).unlink()


def swap_files(folder: Path, rng: random.Random) -> None:
    one, other = _pick(folder, rng), _pick(folder, rng)
    a, b = one.read_bytes(), other.read_bytes()
    one.write_bytes(b)
    other.write_bytes(a)


def replace_file(folder: Path, rng: random.Random) -> None:
    content = rng.choice(
        [b"", b"\n" * 50, b"<html><body>Log in</body></html>", b"\x00" * 400, b"{}", b"null", b"PK\x03\x04junk"]
    )
    _pick(folder, rng).write_bytes(content)


def _lines(folder: Path, rng: random.Random, change: Callable[[list[str]], list[str]]) -> None:
    path = _pick(folder, rng, (".csv",))
    text = path.read_bytes().decode("utf-8", "replace")
    path.write_bytes("\n".join(change(text.split("\n"))).encode())


def repeat_line(folder: Path, rng: random.Random) -> None:
    _lines(folder, rng, lambda lines: lines + [rng.choice(lines)] * rng.choice([1, 2, 50]))


def lose_lines(folder: Path, rng: random.Random) -> None:
    _lines(folder, rng, lambda lines: rng.sample(lines, rng.randrange(len(lines) + 1)))


def shuffle_fields(folder: Path, rng: random.Random) -> None:
    def change(lines: list[str]) -> list[str]:
        at = rng.randrange(len(lines))
        fields = lines[at].split(",")
        rng.shuffle(fields)
        return [*lines[:at], ",".join(fields), *lines[at + 1 :]]

    _lines(folder, rng, change)


def odd_cells(folder: Path, rng: random.Random) -> None:
    """Cells that no model can take as they are, in one column or all over."""
    odd = [
        "nan",
        "inf",
        "-inf",
        "1e999",
        "NULL",
        "#REF!",
        "9" * 400,
        "\ufeff",
        "'; DROP TABLE",
        "0x1F",
        "1,5",
        "٣",
        "--",
        '"',
    ]

    def change(lines: list[str]) -> list[str]:
        column, share = rng.randrange(max(1, lines[0].count(",") + 1)), rng.choice([0.02, 0.3, 1.0])
        out = [lines[0]]
        for line in lines[1:]:
            fields = line.split(",")
            if column < len(fields) and rng.random() < share:
                fields[column] = rng.choice(odd)
            out.append(",".join(fields))
        return out

    _lines(folder, rng, change)


def odd_header(folder: Path, rng: random.Random) -> None:
    def change(lines: list[str]) -> list[str]:
        names = lines[0].split(",")
        names[rng.randrange(len(names))] = rng.choice(
            ["", names[0], "id", "won", " ", "x" * 5000, "a\tb", "\u200b", "y0", "#hash"]
        )
        return [",".join(names), *lines[1:]]

    _lines(folder, rng, change)


def one_value(folder: Path, rng: random.Random) -> None:
    """A column that says the same everywhere, the target too."""

    def change(lines: list[str]) -> list[str]:
        column = rng.randrange(max(1, lines[0].count(",") + 1))
        rows = [line.split(",") for line in lines[1:]]
        value = rng.choice(["", "0", "a"])
        return [
            lines[0],
            *(",".join([*r[:column], value, *r[column + 1 :]]) if column < len(r) else ",".join(r) for r in rows),
        ]

    _lines(folder, rng, change)


def odd_config(folder: Path, rng: random.Random) -> None:
    key = rng.choice(
        ["metric", "target_column", "id_column", "cv_folds", "task_type", "data_dir", "metric_direction", "colour"]
    )
    value: object = rng.choice(
        ["<FILL ME>", "", None, 0, -1, 10**9, [], {}, "no such thing", True, "rmse", "../..", ["a", "b"]]
    )
    (folder / "config.json").write_text(json.dumps({key: value}), "utf-8")


SPOILINGS: tuple[Callable[[Path, random.Random], None], ...] = (
    flip_bytes, flip_bytes, cut, drop_middle, insert_noise, recode, swap_separators, lose_file, swap_files, replace_file,
    repeat_line, lose_lines, shuffle_fields, odd_cells, odd_cells, odd_header, one_value, odd_config,
)  # fmt: skip


def case(folder: Path, number: int) -> str:
    """Write case `number` into `folder` (made here); returns what was done, for people."""
    rng = random.Random(number)
    kind = rng.choice(sorted(KINDS))
    folder.mkdir(parents=True)
    KINDS[kind](folder, rng.randrange(100))
    done = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        spoil = rng.choice(SPOILINGS)
        if not any(p.is_file() for p in folder.iterdir()):
            break
        spoil(folder, rng)
        done.append(spoil.__name__)
    return f"{kind}: {', '.join(done)}"
