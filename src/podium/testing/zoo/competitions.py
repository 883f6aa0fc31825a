"""Small tables to plant faults in: mixed columns, a target that they carry in part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

N_TRAIN, N_TEST = 600, 200
DESCRIPTION = """# Toy

Predict `y` for each row of test.

## Evaluation

Submissions are evaluated on {metric} between prediction and truth.
"""


def table(rng: np.random.Generator, n: int = N_TRAIN + N_TEST) -> tuple[pl.DataFrame, Any]:
    """Columns `id, x, z, count, level, cabin` and the latent signal `(n,)` that they carry in part."""
    x, level = rng.normal(size=n), rng.integers(4, size=n)
    frame = pl.DataFrame(
        {
            "id": rng.permutation(n) + 1000,
            "x": x.round(5),
            "z": np.exp(rng.normal(size=n)).round(5),
            "count": rng.integers(0, 9, n),
            "level": [None if rng.random() < 0.05 else "abcd"[k] for k in level],
            "cabin": [f"{'FG'[k % 2]}/{rng.integers(900)}/S" for k in level],
        }
    )
    return frame, x + 1.2 * (level == 2) - 0.4 * level + rng.normal(size=n)


def binary(rng: np.random.Generator, n: int = N_TRAIN + N_TEST) -> tuple[pl.DataFrame, Any]:
    """The table and 0/1 labels."""
    frame, signal = table(rng, n)
    return frame, (signal > np.median(signal)).astype(np.int64)


def write(
    folder: Path,
    frame: pl.DataFrame,
    labels: Any,
    *,
    n_test: int = N_TEST,
    metric: str = "the area under the ROC curve",
    train_only: Mapping[str, Any] | None = None,
    extra: Mapping[str, pl.DataFrame] | None = None,
) -> Path:
    """train.csv (the first rows), test.csv (the last), sample_submission.csv and description.md; `train_only` columns of
    all rows, of which train keeps its part; `extra`: file → table."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = frame.with_columns(pl.Series("y", labels))
    n_train = whole.height - n_test
    beside = [pl.Series(name, values) for name, values in (train_only or {}).items()]
    whole.with_columns(beside).head(n_train).write_csv(folder / "train.csv")
    test = whole.tail(n_test)
    test.drop("y").write_csv(folder / "test.csv")
    plain = whole["y"].cast(pl.Float64).mean()
    test.select("id", pl.lit(plain).alias("y")).write_csv(folder / "sample_submission.csv")
    (folder / "description.md").write_text(DESCRIPTION.format(metric=metric))
    for name, more in (extra or {}).items():
        more.write_csv(folder / name)
    return folder
