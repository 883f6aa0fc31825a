"""RealMLP's net, several at once: every layer holds the weights of all nets. Imports torch: load it where a net is wanted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

COSINES = 16  # a column
EMBEDDED = 4  # numbers a column becomes: itself, and three sums of its cosines
POINTS = 5  # rows among which a unit's kink lies at first
TINY = 1e-6  # deviation of a unit that sees one value


class PlainNets(nn.Module):
    """`(n, columns)` → `(n, nets, outputs)`. `plain`: columns taken as they are; `curved`: those embedded."""

    def __init__(
        self,
        plain: Sequence[int],
        curved: Sequence[int],
        outputs: int,
        nets: int,
        width: int,
        layers: int,
        frequency: float,
        dropout: float,
        bend: str,
    ) -> None:
        super().__init__()
        self.register_buffer("plain", torch.tensor(list(plain), dtype=torch.long), persistent=False)
        self.register_buffer("curved", torch.tensor(list(curved), dtype=torch.long), persistent=False)
        inputs = len(plain) + EMBEDDED * len(curved)
        self.empty = inputs == 0  # a table without a column that varies: the nets are constants
        widths = (max(1, inputs), *[width] * layers, outputs)
        self.embed = Cosines(nets, len(curved), frequency)
        # biases, scales and slopes lie in vectors, so that they are not decayed
        self.scale = nn.Parameter(torch.ones(nets * widths[0]))
        self.weights = nn.ParameterList(torch.randn(nets, a, b) for a, b in itertools.pairwise(widths))
        self.biases = nn.ParameterList(torch.zeros(nets * b) for b in widths[1:])
        self.slopes = nn.ParameterList(torch.ones(nets * b) for b in widths[1:-1])
        self.dropout = nn.Dropout(dropout)
        self.bend = {"selu": F.selu, "mish": F.mish}[bend]
        self.nets = nets

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        hidden = self._seen(values)
        for layer in range(len(self.slopes)):
            hidden = self.dropout(self._bent(layer, self._linear(layer, hidden)))
        return self._linear(len(self.slopes), hidden).transpose(0, 1)

    def settle(self, values: torch.Tensor) -> None:
        """Begin where the rows `(n, columns)` are: units deviate by one over them, and a unit's kink lies within them."""
        with torch.no_grad():
            hidden = self._seen(values)
            for layer, weight in enumerate(self.weights):
                spread = self._linear(layer, hidden).std(dim=1, correction=0, keepdim=True)
                weight /= torch.where(spread > TINY, spread, 1.0)
                self.biases[layer].copy_(-_between(self._linear(layer, hidden)))
                if layer < len(self.slopes):
                    hidden = self._bent(layer, self._linear(layer, hidden))

    def _seen(self, values: torch.Tensor) -> torch.Tensor:
        """`(nets, n, inputs)`, scaled."""
        if self.empty:
            told = values.new_ones(self.nets, len(values), 1)
        else:
            plain = values[:, self.plain].expand(self.nets, -1, -1)
            told = torch.cat([plain, self.embed(values[:, self.curved])], dim=2)
        return told * self.scale.view(self.nets, 1, -1)

    def _linear(self, layer: int, hidden: torch.Tensor) -> torch.Tensor:
        weight = self.weights[layer] * hidden.shape[2] ** -0.5
        return torch.baddbmm(self.biases[layer].view(self.nets, 1, -1), hidden, weight)

    def _bent(self, layer: int, values: torch.Tensor) -> torch.Tensor:
        """Between the values and their bent ones, at a slope learned for each unit."""
        return torch.lerp(values, self.bend(values), self.slopes[layer].view(self.nets, 1, -1))


class Cosines(nn.Module):
    """`(n, columns)` → `(nets, n, columns * EMBEDDED)`: each value, and sums of cosines of it with learned frequencies."""

    def __init__(self, nets: int, columns: int, frequency: float) -> None:
        super().__init__()
        sums = EMBEDDED - 1
        reach = COSINES**-0.5
        self.frequencies = nn.Parameter(torch.randn(nets, columns, COSINES) * frequency)
        self.phases = nn.Parameter(torch.empty(nets, columns, COSINES).uniform_(-math.pi, math.pi))
        self.sums = nn.Parameter(torch.empty(nets, columns, COSINES, sums).uniform_(-reach, reach))
        self.shift = nn.Parameter(torch.empty(nets, columns, sums).uniform_(-reach, reach))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        each = values.T[None, :, :, None].expand(len(self.sums), -1, -1, -1)  # (nets, columns, n, 1)
        waves = (2 * math.pi * each * self.frequencies[:, :, None] + self.phases[:, :, None]).cos()
        told = waves @ self.sums + self.shift[:, :, None]
        return torch.cat([each, told], dim=3).permute(0, 2, 1, 3).flatten(2)


def _between(values: torch.Tensor) -> torch.Tensor:
    """A point between some rows' values, drawn for each unit: `(nets, n, units)` → `(nets * units,)`."""
    nets, n, units = values.shape
    chosen = values.gather(1, torch.randint(n, (nets, POINTS, units)))
    shares = torch.empty(nets, POINTS, units).exponential_()
    return (chosen * shares / shares.sum(dim=1, keepdim=True)).sum(dim=1).flatten()
