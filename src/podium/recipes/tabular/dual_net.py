"""The net of two branches, several at once: every layer holds the weights of all nets. Imports torch."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

# columns taken as they are; columns embedded, with the edges of their bins
Side = tuple[Sequence[int], Mapping[int, NDArray[np.float32]]]

TINY = 1e-6  # width of a bin that holds one value


class Branches(nn.Module):
    """`(n, columns)` → `(n, nets, outputs)`. The branch of `symbols` is half as wide as that of `numbers`; one without
    columns is left out."""

    def __init__(
        self, symbols: Side, numbers: Side, outputs: int, nets: int, width: int, embedding: int, dropout: float
    ) -> None:
        super().__init__()
        sides = [(side, units) for side, units in ((symbols, max(1, width // 2)), (numbers, width)) if any(side)]
        self.seen = nn.ModuleList(Seen(*side, nets, embedding) for side, _ in sides)
        self.branches = nn.ModuleList(
            Layers(nets, (len(plain) + len(bins) * embedding, units, units), dropout) for (plain, bins), units in sides
        )
        self.joined = Layers(nets, (sum(units for _, units in sides) or 1, width), dropout)
        self.output = Linears(nets, width, outputs)
        self.nets = nets

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        parts = [branch(seen(values)) for seen, branch in zip(self.seen, self.branches, strict=True)]
        joined = torch.cat(parts, dim=2) if parts else values.new_ones(self.nets, len(values), 1)
        found: torch.Tensor = self.output(self.joined(joined))
        return found.transpose(0, 1)


class Seen(nn.Module):
    """`(n, columns)` → `(nets, n, len(plain) + len(bins) * embedding)`: what a branch sees of the columns.

    A column with edges is its value times a vector, and what its bins add to that: a bin is 0 below it, 1 above it, and
    climbs within. Bins add nothing at first, so that a net begins smooth.
    """

    def __init__(
        self, plain: Sequence[int], bins: Mapping[int, NDArray[np.float32]], nets: int, embedding: int
    ) -> None:
        super().__init__()
        most = max(map(len, bins.values()), default=2)
        edges = np.array([np.pad(each, (0, most - len(each)), mode="edge") for each in bins.values()], np.float32)
        steps = torch.from_numpy(edges.reshape(len(bins), 1, most))
        for name, buffer in {
            "plain": torch.tensor(list(plain), dtype=torch.long),
            "binned": torch.tensor(list(bins), dtype=torch.long),
            "low": steps[..., :-1],
            "wide": steps.diff(dim=-1).clamp(min=TINY),
        }.items():
            self.register_buffer(name, buffer, persistent=False)
        self.bins = nn.Parameter(torch.zeros(len(bins), most - 1, nets * embedding))
        self.slope = nn.Parameter(torch.empty(len(bins), 1, nets * embedding).uniform_(-1, 1))
        self.nets = nets

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        told = values[:, self.plain].expand(self.nets, -1, -1)
        each = values[:, self.binned].T[:, :, None]  # (columns, n, 1)
        climbed = ((each - self.low) / self.wide).clamp(0, 1)
        bent = torch.baddbmm(each * self.slope, climbed, self.bins).unflatten(2, (self.nets, -1))
        return torch.cat([told, bent.permute(2, 1, 0, 3).flatten(2)], dim=2)


class Layers(nn.Module):
    """`(nets, n, a)` → `(nets, n, b)`: linear maps, each with Mish (Misra 2019, arXiv 1908.08681) and dropout after it."""

    def __init__(self, nets: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.linear = nn.ModuleList(Linears(nets, a, b) for a, b in itertools.pairwise(widths))
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        for linear in self.linear:
            values = self.dropout(F.mish(linear(values)))
        return values


class Linears(nn.Module):
    """`(nets, n, a)` → `(nets, n, b)`: a linear map for each net. Biases lie in one vector, so that they are not decayed."""

    def __init__(self, nets: int, a: int, b: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(nets, a, b).uniform_(-(a**-0.5), a**-0.5))
        self.bias = nn.Parameter(torch.zeros(nets * b))
        self.nets = nets

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.baddbmm(self.bias.view(self.nets, 1, -1), values, self.weight)
