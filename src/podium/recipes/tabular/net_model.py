"""What tables' nets share: labels scaled, trained and asked through `podium.recipes.neural`, kept as numpy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import TabularModel
from podium.recipes.tabular.target import Floats

if TYPE_CHECKING:
    import torch
    from torch import nn

    from podium.recipes.neural import Schedule

WARMUP = 0.1  # share of the steps in which the learning rate climbs


class NetModel(TabularModel):
    """`epochs` over the rows in batches of `batch`; AdamW's peak `learning_rate` and `decay`. Subclasses say what the net is
    made of and make it: `(n, columns)` → `(n, members, outputs)`, members that learn for themselves and are averaged.
    """

    view: ClassVar[View] = "dense"
    weighs: ClassVar[bool] = True
    rates: ClassVar[Mapping[str, float]] = {}  # beginnings of parameters' names → multiples of the learning rate

    def __init__(
        self,
        features: Mapping[str, Any] | None,
        curve: str | None,
        epochs: float,
        batch: int,
        learning_rate: float,
        decay: float,
    ) -> None:
        super().__init__(features, curve)
        self.epochs, self.batch, self.learning_rate, self.decay = epochs, batch, learning_rate, decay

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        import torch

        from podium.recipes.neural import begin, weights_of
        from podium.recipes.neural import train as learn
        from podium.recipes.tabular.averaged_net import mean_loss

        assert train.y is not None
        begin(ctx)
        labels = self.target.matrix(train.y)
        self.mean, self.deviation = np.zeros(labels.shape[1]), np.ones(labels.shape[1])
        if not self.target.is_classification:
            self.mean, self.deviation = labels.mean(axis=0), labels.std(axis=0) + 1e-9
        values = torch.from_numpy(matrix.values)
        scaled = torch.from_numpy(((labels - self.mean) / self.deviation).astype(np.float32))
        weight = torch.from_numpy((train.weight / train.weight.mean()).astype(np.float32))
        self.shape = self._shape(matrix, labels.shape[1], ctx.seed)
        net = self._net()
        self._settle(net, matrix, ctx.seed)

        def batch(rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return values[rows], scaled[rows], weight[rows]

        loss = mean_loss(self.target.loss)
        self.notes.update(learn(net, len(values), batch, loss, self._schedule(), ctx, rates=self.rates))
        self.weights = weights_of(net)

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        import torch

        from podium.recipes.neural import apply, begin, restore
        from podium.recipes.tabular.averaged_net import mean_prediction

        begin(ctx)
        net, values = restore(self._net(), self.weights), torch.from_numpy(matrix.values)

        def batch(rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return (values[rows],)

        found = apply(net, len(values), batch, mean_prediction(self.target.loss), ctx, batch_size=1024)
        return [found.astype(np.float64) * self.deviation + self.mean]

    def _schedule(self) -> Schedule:
        from podium.recipes.neural import Schedule

        return Schedule(self.epochs, self.batch, self.learning_rate, self.decay, warmup=WARMUP)

    def _settle(self, net: nn.Module, matrix: Matrix, seed: int) -> None:
        """Let the net begin where the rows are, if it minds."""

    @abstractmethod
    def _shape(self, matrix: Matrix, outputs: int, seed: int) -> dict[str, Any]:
        """What the net is made of, as plain values: a model pickles them beside its weights."""

    @abstractmethod
    def _net(self) -> nn.Module:
        """A new net of `self.shape`."""
