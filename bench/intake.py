"""Seconds and peak memory of reading a competition, beside pandas and polars reading the same train table.

    python bench/intake.py [--rows 1000000] [--columns 100] [--repeats 3] [--folder DIR] [--json]

The table has numbers, whole numbers, categories, dates and missing values. Each measurement is a fresh process, and the
readers take turns, so that a busy minute falls on all. `read` is Podium's reader of the train table alone, as
`pandas.read_csv` is; `intake` understands the competition (train, test, sample submission, description), and `intake+build`
also deals its rows into the Arrow file that solutions map. Peak memory is the process's, its libraries included.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

READERS = ("pandas", "polars", "read", "intake", "intake+build")
DESCRIPTION = "# Bench\n\n## Evaluation\n\nSubmissions are evaluated on the area under the ROC curve.\n"
BATCH = 100_000  # rows made at a time


def make(folder: Path, rows: int, columns: int) -> None:
    """train.csv of `rows` rows, test.csv of a fifth as many, sample submission and description."""
    folder.mkdir(parents=True, exist_ok=True)
    n_test = max(10, rows // 5)
    for name, start, count in (("train", 0, rows), ("test", rows, n_test)):
        with (folder / f"{name}.csv").open("wb") as file:
            for at in range(0, count, BATCH):
                part = _rows(start + at, min(BATCH, count - at), columns, labelled=name == "train")
                part.write_csv(file, include_header=at == 0)
    ids = pl.DataFrame({"id": range(rows, rows + n_test), "y": 0.5})
    ids.write_csv(folder / "sample_submission.csv")
    (folder / "description.md").write_text(DESCRIPTION, "utf-8")


def _rows(start: int, n: int, columns: int, *, labelled: bool) -> pl.DataFrame:
    rng = np.random.default_rng(start)
    words = np.array(["red", "green", "blue", "deep black"])
    days = np.datetime64("2020-01-01") + rng.integers(0, 1000, n)
    made: dict[str, pl.Series] = {"id": pl.Series(np.arange(start, start + n))}
    for at in range(columns - 2):
        kind, name = at % 10, f"f{at}"
        if kind < 4:
            made[name] = pl.Series(rng.normal(size=n).round(6))
        elif kind < 6:
            made[name] = pl.Series(rng.integers(0, 10_000, n))
        elif kind < 8:
            made[name] = pl.Series(rng.choice(words, n))
        elif kind == 8:
            made[name] = pl.Series(np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n).round(3))).fill_nan(None)
        else:
            made[name] = pl.Series(days.astype(str)) if at == 9 else pl.Series(rng.random(n) < 0.5)
    if labelled:
        made["y"] = pl.Series(rng.integers(0, 2, n))
    return pl.DataFrame(made)


def measure(reader: str, folder: Path) -> None:
    """Do it in this process, and print its wall seconds, CPU seconds and peak MB as JSON."""
    started = time.perf_counter()
    if reader == "pandas":
        import pandas

        pandas.read_csv(folder / "train.csv")
    elif reader == "polars":
        pl.read_csv(folder / "train.csv")
    elif reader == "read":
        from podium.competition.table import read_table

        read_table(folder, "train.csv")
    else:
        from podium.competition import build, intake

        competition = intake(folder)
        if reader == "intake+build":
            with tempfile.TemporaryDirectory(dir=folder.parent) as campaign:
                build(competition, Path(campaign) / "data", 1)
    wall, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))


def run(folder: Path, repeats: int) -> dict[str, list[list[float]]]:
    """(wall s, CPU s, peak MB) of each repeat, by reader, taken in turns."""
    found: dict[str, list[list[float]]] = {reader: [] for reader in READERS}
    for _ in range(repeats):
        for reader in READERS:
            argv = [sys.executable, __file__, "--measure", reader, "--folder", str(folder)]
            ended = subprocess.run(argv, capture_output=True, text=True, check=False)
            if ended.returncode == 0:
                found[reader].append(json.loads(ended.stdout.splitlines()[-1]))
            else:
                print(f"{reader} failed: {ended.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return found


def table(found: dict[str, list[list[float]]], megabytes: float) -> str:
    lines = [
        f"{'':>14} {'wall s':>16} {'CPU s':>8} {'peak MB':>9} {'/ file':>7} {'wall / pandas':>14} {'peak / pandas':>14}"
    ]
    medians = {
        r: [statistics.median(column) for column in zip(*rows, strict=True)] for r, rows in found.items() if rows
    }
    base = medians.get("pandas")
    for reader, (wall, cpu, peak) in medians.items():
        spread = [row[0] for row in found[reader]]
        ratios = [f"{wall / base[0]:.2f}", f"{peak / base[2]:.2f}"] if base else ["–", "–"]
        walls = f"{wall:.2f} ({min(spread):.2f}–{max(spread):.2f})"
        lines.append(
            f"{reader:>14} {walls:>16} {cpu:8.2f} {peak:9.0f} {peak / megabytes:7.2f} {ratios[0]:>14} {ratios[1]:>14}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the generated competition here, and use what is there")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.folder)
        return
    scratch = Path(tempfile.mkdtemp(prefix="podium-bench-"))
    folder = options.folder or scratch / "bench"
    try:
        if not (folder / "train.csv").exists():
            make(folder, options.rows, options.columns)
        megabytes = (folder / "train.csv").stat().st_size / 1e6
        found = run(folder, options.repeats)
        if options.json:
            print(
                json.dumps({"rows": options.rows, "columns": options.columns, "train_mb": megabytes, "measured": found})
            )
        else:
            print(
                f"train.csv: {options.rows:,} rows, {options.columns} columns, {megabytes:.0f} MB; medians of {options.repeats}"
            )
            print(table(found, megabytes))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
