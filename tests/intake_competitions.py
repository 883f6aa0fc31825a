"""Small generated competitions for the tests of intake, dataset, splits and audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DESCRIPTION = "# Toy\n\n## Evaluation\n\nSubmissions are evaluated on the {metric} between prediction and truth.\n"


def frames(n: int = 120, n_test: int = 40, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Train (id, x, z, colour, y) and test (without y); y is 0 or 1 and follows x."""
    rng = np.random.default_rng(seed)
    total = n + n_test
    x = rng.normal(size=total)
    frame = pl.DataFrame(
        {
            "id": rng.permutation(total) + 1000,
            "x": x.round(4),
            "z": rng.normal(size=total).round(4),
            "colour": rng.choice(["red", "green", "blue"], total),
            "y": (x + rng.normal(size=total) > 0).astype(int),
        }
    )
    return frame.head(n), frame.tail(n_test).drop("y")


def write(
    folder: Path,
    train: pl.DataFrame,
    test: pl.DataFrame,
    *,
    metric: str | None = "area under the ROC curve",
    sample: pl.DataFrame | None = None,
    target: str = "y",
    description: str | None = None,
) -> Path:
    """train.csv, test.csv, sample_submission.csv and description.md in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    train.write_csv(folder / "train.csv")
    test.write_csv(folder / "test.csv")
    if sample is None:
        sample = test.select(test.columns[0]).with_columns(pl.lit(0.5).alias(target))
    sample.write_csv(folder / "sample_submission.csv")
    if description is not None or metric is not None:
        (folder / "description.md").write_text(description or DESCRIPTION.format(metric=metric), "utf-8")
    return folder


def toy(folder: Path, n: int = 120, n_test: int = 40, **more: Any) -> Path:
    """A binary competition that intake understands whole."""
    return write(folder, *frames(n, n_test), **more)
