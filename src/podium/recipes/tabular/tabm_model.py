"""TabM (Gorishniy, Kotelnikov and Babenko 2025, arXiv 2410.24210): one net that is many, which share most of their weights.

The layers are the authors' package `tabm`; numeric columns are embedded piecewise linearly (Gorishniy et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from podium.recipes.tabular.bins import edges_of, some_rows
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.net_model import NetModel

if TYPE_CHECKING:
    from torch import nn


class TabM(NetModel):
    """`members` nets of `blocks` layers, `width` units each; `embedding` numbers for each numeric column, over `bins` bins
    (0: the column as it is). Every member learns for itself; their predictions are averaged.
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        members: int = 16,
        width: int = 128,
        blocks: int = 2,
        bins: int = 32,
        embedding: int = 8,
        epochs: float = 25,
        batch: int = 256,
        learning_rate: float = 0.002,
        dropout: float = 0.1,
        decay: float = 0.0003,
    ) -> None:
        super().__init__(features, curve, epochs, batch, learning_rate, decay)
        self.members, self.width, self.blocks, self.bins, self.embedding = members, width, blocks, bins, embedding
        self.dropout = dropout

    def _shape(self, matrix: Matrix, outputs: int, seed: int) -> dict[str, Any]:
        """A column of two values needs no bins; one of a single value is left out."""
        kept = some_rows(matrix.values, seed)
        distinct = [np.unique(column) for column in kept.T]
        least = 2 if self.embedding else np.inf
        many = [column for column, seen in enumerate(distinct) if len(seen) > least]
        return {
            "plain": [column for column, seen in enumerate(distinct) if 1 < len(seen) <= least],
            "bins": {column: edges_of(kept[:, column], distinct[column], self.bins) for column in many},
            "outputs": outputs,
            "members": self.members,
            "width": self.width,
            "blocks": self.blocks,
            "embedding": self.embedding,
            "dropout": self.dropout,
        }

    def _net(self) -> nn.Module:
        from podium.recipes.tabular.tabm_net import Members

        return Members(**self.shape)
