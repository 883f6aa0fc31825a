"""What nets that point at words are taught by. Imports torch."""

from __future__ import annotations

import torch
from torch import nn

ABSENT = -30.0  # the score of a word that is not there


def loss(net: nn.Module, *tensors: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the first and the last word, and of whether each word is within. `tensors`: what the net reads, then
    `(rows,)` each: words, the first and the last of the answer."""
    *inputs, words, first, last = tensors
    scores = net(*inputs).float()
    place = torch.arange(scores.shape[1], device=scores.device)[None, :]
    there = (place < words[:, None]).float()
    within = ((place >= first[:, None]) & (place <= last[:, None])).float()
    ends = nn.functional.cross_entropy(scores[..., 0], first) + nn.functional.cross_entropy(scores[..., 1], last)
    each = nn.functional.binary_cross_entropy_with_logits(scores[..., 2], within, reduction="none")
    return ends + (each * there).sum() / there.sum().clamp(min=1.0)
