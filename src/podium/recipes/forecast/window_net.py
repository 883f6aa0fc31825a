"""A global net over windows: residual blocks of perceptrons from the last values to all steps ahead in one pass.

N-BEATS' generic form (Oreshkin et al. 2020): each block explains a part of the window, takes it away for the blocks that follow,
and adds its part of the forecast. Imports torch: import it inside functions only.
"""

from __future__ import annotations

import torch
from torch import nn


class Block(nn.Module):
    """`(b, length)` to what the block explains of it `(b, length)` and its part of the steps ahead `(b, ahead)`."""

    def __init__(self, length: int, ahead: int, width: int, layers: int) -> None:
        super().__init__()
        sizes = [length, *[width] * layers]
        self.body = nn.Sequential(
            *(part for k in range(layers) for part in (nn.Linear(sizes[k], sizes[k + 1]), nn.ReLU()))
        )
        self.back, self.front = nn.Linear(width, length), nn.Linear(width, ahead)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        held = self.body(x)
        return self.back(held), self.front(held)


class WindowNet(nn.Module):
    """Windows `(b, length)` in their own unit to `(b, horizon, levels)`, in units from the last value."""

    def __init__(self, length: int, horizon: int, levels: int, width: int, blocks: int, layers: int) -> None:
        super().__init__()
        self.shape = (horizon, levels)
        self.straight = nn.Linear(length, horizon * levels)  # what is linear in the window goes past the blocks
        self.blocks = nn.ModuleList(Block(length, horizon * levels, width, layers) for _ in range(blocks))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.straight(x)
        for block in self.blocks:
            back, front = block(x)
            x, out = x - back, out + front
        return out.view(len(x), *self.shape)


def pinball(found: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Mean weighted pinball loss of `(b, h, q)` against `(b, h)`; at the level 0.5 half of the absolute error."""
    error = truth[..., None] - found
    return (torch.maximum(levels * error, (levels - 1) * error).mean(dim=(1, 2)) * weight).mean()


def square(found: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean weighted squared error of `(b, h, 1)` against `(b, h)`."""
    return (((found[..., 0] - truth) ** 2).mean(dim=1) * weight).mean()
