"""A target that is a sum: columns that only training rows have, and that add up to it, are learned one by one.

What is counted together is often driven apart (casual riders by weather, regular ones by the hour of work), and each part
is the easier function. Nothing but training rows' own labels is used: the sum is verified on them.
"""

from __future__ import annotations

import numpy as np

from podium.protocol import Context, Rows
from podium.recipes.tabular.target import Floats

MOST = 8  # label-side columns that are looked at
TOLERANCE = 1e-6  # of the target's size, in each row


def parts_of(train: Rows, ctx: Context) -> Floats | None:
    """Label-side columns `(n, p)`, p >= 2, that sum to the one target in every training row; None where none do."""
    if ctx.task_type != "regression" or train.y is None or train.y.ndim != 1:
        return None
    side = train.labels()
    names = [name for name in side.columns if side[name].dtype.is_numeric() and not side[name].null_count()]
    if not 2 <= len(names) <= MOST:
        return None
    values = np.column_stack([side[name].to_numpy().astype(np.float64) for name in names])
    size = np.abs(values).sum(axis=1) + 1.0
    for chosen in _choices(len(names)):
        if np.all(np.abs(values[:, chosen].sum(axis=1) - train.y) <= TOLERANCE * size):
            return np.asarray(values[:, chosen])
    return None


def _choices(count: int) -> list[list[int]]:
    """Sets of at least two columns, the largest first."""
    sets = [[k for k in range(count) if code >> k & 1] for code in range(2**count)]
    return sorted((s for s in sets if len(s) > 1), key=lambda s: (-len(s), s))
