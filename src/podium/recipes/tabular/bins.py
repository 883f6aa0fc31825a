"""Bins of numeric columns, for nets that embed numbers piecewise linearly (Gorishniy, Rubachev and Babenko 2022, arXiv
2203.05556)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 20_000  # that bins are cut from


def some_rows(values: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Rows enough to cut bins from: all, or `ROWS` drawn by the seed."""
    if len(values) <= ROWS:
        return values
    return values[np.random.default_rng([seed, 7]).choice(len(values), ROWS, replace=False)]


def edges_of(values: NDArray[np.float32], distinct: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Ascending edges of at most `bins` bins that hold equally many rows; of each value, where they are few."""
    if len(distinct) <= bins + 1:
        return distinct
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)).astype(np.float32))
