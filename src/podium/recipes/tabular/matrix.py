"""A table as models take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

View = Literal["tree", "forest", "dense"]


@dataclass
class Matrix:
    """`values` `(n, d)` float32; `names` of the d columns; indexes of those that hold category codes."""

    values: NDArray[np.float32]
    names: list[str]
    categorical: list[int]

    def only(self, columns: NDArray[np.intp] | None) -> Matrix:
        """These columns (ascending), or all where None."""
        if columns is None:
            return self
        codes = set(self.categorical)
        held = [place for place, column in enumerate(columns.tolist()) if column in codes]
        return Matrix(self.values[:, columns], [self.names[column] for column in columns], held)
