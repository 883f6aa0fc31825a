"""What a split is: the vault, each row's fold, and which folds may not train on a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Folds = NDArray[np.int8]
Bars = NDArray[np.uint32]
MOST_FOLDS = 32  # bits of `Bars`


@dataclass(frozen=True)
class Dealt:
    """Over n labelled rows. `vault` `(n,)` bool; `fold_of` `(n,)` int8, -1 for the vault and for rows that are never
    scored; `barred` `(n,)` uint32, bit k set where fold k may not train on the row (a fold never trains on its own
    rows, bit or no bit). `clock` `(n,)`: the order in which rows may be seen, where folds look forward; else None.
    """

    vault: NDArray[np.bool_]
    fold_of: Folds
    barred: Bars
    clock: Floats | None = None


def no_bars(n: int) -> Bars:
    return np.zeros(n, dtype=np.uint32)


def bar(barred: Bars, fold: int, rows: NDArray[np.bool_]) -> None:
    """Keep `rows` `(n,)` bool out of the training of `fold`."""
    barred[rows] |= np.uint32(1 << fold)


def trained_on(fold_of: Folds, barred: Bars, fold: int) -> NDArray[np.bool_]:
    """Which rows fold `fold` is fitted on: neither its own nor barred from it."""
    return np.asarray((fold_of != fold) & ((barred >> np.uint32(fold)) & np.uint32(1) == 0))


__all__ = ["Bars", "Dealt", "Floats", "Folds", "bar", "no_bars", "trained_on"]
