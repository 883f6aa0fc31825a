"""Portions hold every row once, in order, and no more than was asked for."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from podium.protocol import Rows
from podium.recipes.portions import portions


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 200))
def test_every_row_is_in_one_portion(sizes: list[int], most: int) -> None:
    frame = pl.DataFrame({"row": np.arange(len(sizes))})
    found = list(portions(Rows(frame, np.arange(len(sizes))), np.array(sizes, dtype=np.int64), most))
    assert [row for part in found for row in part.ids.tolist()] == list(range(len(sizes)))
    assert len(found) >= 1 and (len(found) == 1 or all(len(part) for part in found))
    for part in found:
        assert sum(sizes[row] for row in part.ids.tolist()) < most + max(sizes, default=0) + 1
