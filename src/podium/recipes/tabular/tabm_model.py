"""TabM (Gorishniy, Kotelnikov and Babenko 2025, arXiv 2410.24210): one net that is many, which share most of their weights.

The layers are the authors' package `tabm`; numeric columns are embedded piecewise linearly (Gorishniy et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import TabularModel
from podium.recipes.tabular.target import Floats

BIN_ROWS = 20_000  # rows that the bins of columns are cut from


class TabM(TabularModel):
    """`members` nets of `blocks` layers, `width` units each; `embedding` numbers for each numeric column, over `bins` bins
    (0: the column as it is). Every member learns for itself; their predictions are averaged.
    """

    view: ClassVar[View] = "dense"

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
        super().__init__(features, curve)
        self.members, self.width, self.blocks, self.bins, self.embedding = members, width, blocks, bins, embedding
        self.epochs, self.batch, self.learning_rate = epochs, batch, learning_rate
        self.dropout, self.decay = dropout, decay

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        import torch

        from podium.recipes.neural import Schedule, begin, weights_of
        from podium.recipes.neural import train as learn
        from podium.recipes.tabular.tabm_net import Members, mean_loss

        assert train.y is not None
        begin(ctx)
        labels = self.target.matrix(train.y)
        self.mean, self.deviation = np.zeros(labels.shape[1]), np.ones(labels.shape[1])
        if not self.target.is_classification:
            self.mean, self.deviation = labels.mean(axis=0), labels.std(axis=0) + 1e-9
        values = torch.from_numpy(matrix.values)
        scaled = torch.from_numpy(((labels - self.mean) / self.deviation).astype(np.float32))
        weight = torch.from_numpy((train.weight / train.weight.mean()).astype(np.float32))
        self.shape = self._shape(matrix.values, labels.shape[1], ctx.seed)
        net = Members(**self.shape)
        schedule = Schedule(self.epochs, self.batch, self.learning_rate, self.decay, warmup=0.1)

        def batch(rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return values[rows], scaled[rows], weight[rows]

        self.notes.update(learn(net, len(values), batch, mean_loss(self.target.loss), schedule, ctx))
        self.weights = weights_of(net)

    def _shape(self, values: NDArray[np.float32], outputs: int, seed: int) -> dict[str, Any]:
        """What the net is made of. A column of two values needs no bins; one of a single value is left out."""
        kept = values
        if len(values) > BIN_ROWS:
            kept = values[np.random.default_rng([seed, 7]).choice(len(values), BIN_ROWS, replace=False)]
        distinct = [np.unique(kept[:, column]) for column in range(values.shape[1])]
        least = 2 if self.embedding else np.inf
        many = [column for column, seen in enumerate(distinct) if len(seen) > least]
        return {
            "plain": [column for column, seen in enumerate(distinct) if 1 < len(seen) <= least],
            "bins": {column: _edges(kept[:, column], distinct[column], self.bins) for column in many},
            "outputs": outputs,
            "members": self.members,
            "width": self.width,
            "blocks": self.blocks,
            "embedding": self.embedding,
            "dropout": self.dropout,
        }

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        import torch

        from podium.recipes.neural import apply, begin, restore
        from podium.recipes.tabular.tabm_net import Members, mean_prediction

        begin(ctx)
        net, values = restore(Members(**self.shape), self.weights), torch.from_numpy(matrix.values)

        def batch(rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return (values[rows],)

        found = apply(net, len(values), batch, mean_prediction(self.target.loss), ctx, batch_size=1024)
        return [found.astype(np.float64) * self.deviation + self.mean]


def _edges(values: NDArray[np.float32], distinct: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Ascending edges of at most `bins` bins that hold equally many rows; of each value, where they are few."""
    if len(distinct) <= bins + 1:
        return distinct
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)).astype(np.float32))
