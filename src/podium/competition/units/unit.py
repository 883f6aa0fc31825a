"""One row a unit: what a kind's maker hands to `podium.competition.build`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.dealt import Dealt
from podium.competition.source import Source

TRUTH = (
    "#truth"  # the column of answers where they are no numbers and no classes: of labels.arrow, and of `Source.train`
)
QUERY = "#query"
BESIDE = ("#series", "#scale", "#weight", QUERY)  # beside the target: what a metric scales, weighs or groups points by


@dataclass(frozen=True)
class Units:
    """`source`: train and test with a row a unit, the id column (String) in both, targets in train alone: the target
    columns of the competition, or `TRUTH`: Binary (`podium.pixels`), List (boxes, items) or String (texts).

    What is left None is found as for tables. `clock` `(n_train + n_test,)`: the order in which rows may be seen, where
    `competition.looks_forward`; `groups` likewise: rows that folds keep together. `dealt`: the split itself, over train.
    `files`: column → reference (below the data folder) of each row's file, train's then test's.
    `names`: what codes in the rows are spelled as, written to `names_<key>.arrow` for `Task.measure`. `tables`: keyed by such
    codes, given to solutions as `ctx.tables`.
    """

    source: Source
    clock: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    dealt: Dealt | None = None
    files: dict[str, tuple[str | None, ...]] | None = None
    names: dict[str, pl.Series] = field(default_factory=dict)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
