"""RealMLP (Holzmüller, Grinsztajn and Steinwart 2024, arXiv 2407.04491): a plain net whose details were tuned on many tables.

Numbers are embedded by cosines, every input has a scale that is learned, and layers begin where the rows are. Of the paper's
list are left out: embedded categories (columns of levels stand for them), dropout that fades, label smoothing, clipped values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from podium.recipes.tabular.bins import some_rows
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.net_model import NetModel

if TYPE_CHECKING:
    from torch import nn

    from podium.recipes.neural import Schedule

CYCLES = 4  # of the learning rate
BETA2 = 0.95
ROWS = 2000  # by which the layers' first weights are scaled


class RealMLP(NetModel):
    """`nets` nets of `layers` layers, `width` units each, averaged; a numeric column is embedded by cosines whose frequencies
    deviate by `frequency` from 0 at first. The learning rate is larger than other nets': weights are divided by the root of
    their inputs' number.
    """

    rates: ClassVar[Mapping[str, float]] = {"scale": 6.0, "embed": 0.1, "biases": 0.1, "slopes": 0.1}

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        nets: int = 1,
        width: int = 256,
        layers: int = 3,
        frequency: float = 0.1,
        epochs: float = 64,
        batch: int = 256,
        learning_rate: float = 0.05,
        dropout: float = 0.15,
        decay: float = 0.02,
    ) -> None:
        super().__init__(features, curve, epochs, batch, learning_rate, decay)
        self.nets, self.width, self.layers, self.frequency, self.dropout = nets, width, layers, frequency, dropout

    def _schedule(self) -> Schedule:
        from podium.recipes.neural import Schedule

        return Schedule(self.epochs, self.batch, self.learning_rate, self.decay, clip=0, cycles=CYCLES, beta2=BETA2)

    def _shape(self, matrix: Matrix, outputs: int, seed: int) -> dict[str, Any]:
        """A column of two values is taken as it is; one of a single value is left out."""
        counts = [len(np.unique(column)) for column in some_rows(matrix.values, seed).T]
        return {
            "plain": [column for column, count in enumerate(counts) if count == 2],
            "curved": [column for column, count in enumerate(counts) if count > 2],
            "outputs": outputs,
            "nets": self.nets,
            "width": self.width,
            "layers": self.layers,
            "frequency": self.frequency,
            "dropout": self.dropout,
            "bend": "selu" if self.target.is_classification else "mish",
        }

    def _settle(self, net: nn.Module, matrix: Matrix, seed: int) -> None:
        import torch

        net.settle(torch.from_numpy(some_rows(matrix.values, seed)[:ROWS]))

    def _net(self) -> nn.Module:
        from podium.recipes.tabular.realmlp_net import PlainNets

        return PlainNets(**self.shape)
