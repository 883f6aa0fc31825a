"""Where rows lie: numeric columns as normal scores, leading levels of categories as 0 and 1, for distances between rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.recipes.tabular.blocks import Numbers, OneHot
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

LEVELS = 8  # of a category
APART = 0.7  # distance that two levels add: about that of two normal scores that differ by one


class Places:
    """Fitted on a derived table; `(n, d)` float32 of any. What is missing lies in the middle."""

    def fit(self, table: Derived) -> Places:
        self.numbers, self.levels = Numbers("rank"), OneHot(LEVELS)
        nothing = np.empty((table.n, 0))
        self.numbers.fit(table, nothing)
        self.levels.fit(table, nothing)
        return self

    @property
    def width(self) -> int:
        return len(self.numbers.names) + len(self.levels.names)

    def __call__(self, table: Derived) -> NDArray[np.float32]:
        numbers: Floats = np.nan_to_num(self.numbers.transform(table))
        levels = self.levels.transform(table) * APART
        return np.concatenate([numbers, levels], axis=1).astype(np.float32)
