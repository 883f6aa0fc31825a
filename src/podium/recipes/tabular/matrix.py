"""A table as models take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

View = Literal["tree", "forest", "dense"]


@dataclass
class Matrix:
    """`values` `(n, d)` float32; `names` of the d columns. Indexes, ascending: `categorical` columns hold category codes;
    `symbolic` ones say which level a category has, or what a code was taken apart into."""

    values: NDArray[np.float32]
    names: list[str]
    categorical: list[int]
    symbolic: list[int] = field(default_factory=list)

    def only(self, columns: NDArray[np.intp] | None) -> Matrix:
        """These columns (ascending), or all where None."""
        if columns is None:
            return self
        kept: list[int] = columns.tolist()

        def still(marked: list[int]) -> list[int]:
            known = set(marked)
            return [place for place, column in enumerate(kept) if column in known]

        names = [self.names[column] for column in kept]
        return Matrix(self.values[:, columns], names, still(self.categorical), still(self.symbolic))
