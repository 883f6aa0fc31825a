"""Probabilities of pixels from a trained net: the mean over views of each image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from podium.recipes.segmentation.augment_net import seen, unseen, views


def probabilities(flips: str, gate: bool) -> Callable[[Any, torch.Tensor], torch.Tensor]:
    """`forward` for `neural.apply`. `gate`: an image that the net believes empty (below 0.5) has its pixels scaled down."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        known = views(flips, x.shape[2] == x.shape[3])
        total: Any = 0.0
        for view in known:
            logits, image = net(seen(x, view))
            found = torch.sigmoid(logits.float())
            if gate:
                found = found * (2.0 * torch.sigmoid(image.float())).clamp(max=1.0)[:, :, None, None]
            total = total + unseen(found, view)
        return total / len(known)

    return forward
