"""Rows some at a time: what is made of texts on the way to a prediction is far larger than the texts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Rows


def portions(rows: Rows, sizes: NDArray[np.int64], most: int) -> Iterator[Rows]:
    """The rows in turn, as many at a time as are `most` in all by `sizes` `(n,)` (one that is larger is alone, or nearly);
    without rows one portion of none."""
    at = np.cumsum(sizes) // most
    if not len(rows) or at[0] == at[-1]:
        yield rows
        return
    for part in np.unique(at):
        yield rows.take(np.flatnonzero(at == part))
