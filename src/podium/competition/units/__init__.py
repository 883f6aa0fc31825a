"""Units: what is dealt, predicted and scored, one row each, where the files' own rows are something else.

A box is a row of a detection's train table, and an image its unit; pixels are its sample's rows. One file a kind beside
this one: from what intake recorded to tables with a row a unit. Kinds that are not listed are dealt as their tables are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.competition.dealt import Dealt
from podium.competition.source import Source
from podium.records import Competition

TRUTH = (
    "#truth"  # the column of answers where they are no numbers and no classes: of labels.arrow, and of `Source.train`
)


@dataclass(frozen=True)
class Units:
    """`source`: train and test with a row a unit, the id column (String) in both, targets in train alone: the target
    columns of the competition, or `TRUTH`: Binary (`podium.pixels`), List (boxes, items) or String (texts).

    What is left None is found as for tables. `clock` `(n_train + n_test,)`: the order in which rows may be seen, where
    `competition.looks_forward`; `groups` likewise: rows that folds keep together. `dealt`: the split itself, over train.
    `files`: column → reference (below the data folder) of each row's file, train's then test's.
    """

    source: Source
    clock: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    dealt: Dealt | None = None
    files: dict[str, tuple[str | None, ...]] | None = None


Maker = Callable[[Competition, Path, int], Units]  # competition, data folder, seed

MAKERS: dict[str, Maker] = {}


def units_of(competition: Competition, data: Path, seed: int) -> Units | None:
    """The units of a competition whose kind has its own; None where rows of its tables are its units. Raises IntakeError."""
    maker = MAKERS.get(competition.task_type)
    return None if maker is None else maker(competition, data, seed)


__all__ = ["MAKERS", "TRUTH", "Maker", "Units", "units_of"]
