"""What nets of several members share: each member learns for itself, their predictions are averaged. Imports torch.

A net gives `(n, members, outputs)`: logits, or values in the target's scaled unit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

ROUND = 0.1  # of the scaled labels' deviation: absolute error is squared below it, to have a slope everywhere


def mean_loss(kind: str) -> Callable[..., torch.Tensor]:
    """Each member's own loss, weighted by rows, averaged: members do not share an error."""

    def loss(net: nn.Module, values: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        found = net(values).float()
        wanted = labels[:, None].expand_as(found)
        if kind == "multiclass":
            each = -(wanted * F.log_softmax(found, dim=-1)).sum(dim=-1)
        elif kind == "binary":
            each = F.binary_cross_entropy_with_logits(found, wanted, reduction="none").mean(dim=-1)
        else:
            each = _distance(kind, found, wanted).mean(dim=-1)
        return (each * weight[:, None]).mean()

    return loss


def _distance(kind: str, found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    if kind == "l1":
        return F.smooth_l1_loss(found, wanted, beta=ROUND, reduction="none")
    return F.mse_loss(found, wanted, reduction="none")


def mean_prediction(kind: str) -> Callable[..., torch.Tensor]:
    """Probabilities or values of all members, averaged: `(n, outputs)`."""

    def forward(net: nn.Module, values: torch.Tensor) -> torch.Tensor:
        found = net(values).float()
        if kind == "multiclass":
            return found.softmax(dim=-1).mean(dim=1)
        return (found.sigmoid() if kind == "binary" else found).mean(dim=1)

    return forward
