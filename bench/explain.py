"""What an explanation costs: one experiment on generated rows, then `podium explain`'s own computation, timed.

    python bench/explain.py [ROWS] [COLUMNS]

Prints seconds of three repeats, the rows and columns looked at, and what was found of the one slice that was planted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl


def public(folder: Path, rows: int, columns: int) -> Path:
    """A regression with one noisy corner, `x0 > 1 and x1 > 0`."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    values = {f"x{i}": rng.normal(size=rows).round(4) for i in range(columns - 1)}
    frame = pl.DataFrame({"id": np.arange(rows), **values, "kind": rng.choice(list("abcdefgh"), rows)})
    corner = ((frame["x0"] > 1) & (frame["x1"] > 0)).to_numpy()
    y = frame["x2"].to_numpy() + rng.normal(size=rows) * np.where(corner, 3.0, 1.0)
    test = rng.random(rows) < 0.1
    frame.with_columns(y=pl.Series(y)).filter(pl.Series(~test)).write_csv(folder / "train.csv")
    frame.filter(pl.Series(test)).write_csv(folder / "test.csv")
    frame.filter(pl.Series(test)).select("id", pl.lit(0.0).alias("y")).write_csv(folder / "sample_submission.csv")
    (folder / "description.md").write_text("## Evaluation\n\nRoot mean squared error.\n", "utf-8")
    return folder


def main(rows: int = 100_000, columns: int = 100) -> None:
    os.environ["PODIUM_HOME"] = ""
    from podium.campaign.explain import errors_told, explain
    from podium.cli import compose, making

    with tempfile.TemporaryDirectory() as root:
        folder = public(Path(root) / "public", rows, columns)
        campaign = making.open_or_create(str(folder), campaign=Path(root) / "c", experiments=1, threads=2)
        compose.run(campaign)
        for _ in range(3):
            began, cpu = time.perf_counter(), time.process_time()
            found = explain.of_folder(campaign)
            print(f"{time.perf_counter() - began:.2f} s, {time.process_time() - cpu:.2f} s of CPU")
        assert found is not None
        print(f"{found.rows} of {found.rows_of} rows, {found.columns} of {found.columns_of} columns")
        for line in errors_told.lines(found):
            print(f"{line.kind}: {line.text}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
