"""A net of two branches: what codes and categories say in one, the numeric columns in the other, joined by further layers.

Written for tables like that of Tabular Playground, May 2022: a code of ten letters beside thirty numbers whose sums tell. What
is smooth in few directions suits smooth units (Mish); numbers are embedded piecewise linearly, for steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.recipes.tabular.bins import edges_of, some_rows
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.net_model import NetModel
from podium.recipes.tabular.spelling import SYMBOLS

if TYPE_CHECKING:
    from torch import nn


class DualBranch(NetModel):
    """`nets` nets of different initial weights, averaged. Each branch has two layers, and one joins them: `width` units each,
    half as many in the branch of symbols. A numeric column is `embedding` numbers, over `bins` bins of equally many rows; so is
    a place of a code, with a bin between any two letters. Where the table has one kind of columns alone, there is one branch.
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        nets: int = 3,
        width: int = 64,
        bins: int = 16,
        embedding: int = 4,
        dropout: float = 0.1,
        epochs: float = 12,
        batch: int = 128,
        learning_rate: float = 0.003,
        decay: float = 1.0,
    ) -> None:
        super().__init__(features, curve, epochs, batch, learning_rate, decay)
        self.nets, self.width, self.bins, self.embedding, self.dropout = nets, width, bins, embedding, dropout

    def _shape(self, matrix: Matrix, outputs: int, seed: int) -> dict[str, Any]:
        """Which columns each branch takes as they are, and the edges of the others' bins. A column of two values needs no
        bins; one of a single value is left out."""
        kept, symbolic = some_rows(matrix.values, seed), set(matrix.symbolic)
        sides: dict[str, tuple[list[int], dict[int, NDArray[np.float32]]]] = {"symbols": ([], {}), "numbers": ([], {})}
        for at, column in enumerate(kept.T):
            plain, bins = sides["symbols" if at in symbolic else "numbers"]
            distinct = np.unique(column)
            if len(distinct) == 2:
                plain.append(at)
            elif len(distinct) > 2:
                bins[at] = edges_of(column, distinct, SYMBOLS if at in symbolic else self.bins)
        return {
            **sides,
            "outputs": outputs,
            "nets": self.nets,
            "width": self.width,
            "embedding": self.embedding,
            "dropout": self.dropout,
        }

    def _net(self) -> nn.Module:
        from podium.recipes.tabular.dual_net import Branches

        return Branches(**self.shape)
