"""A sentence encoder with three scores for each word. Imports torch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from podium.recipes.spans.pointer_net import ABSENT
from podium.recipes.text.bert_net import load_tunable


class EncodedPointer(nn.Module):
    """A word is scored as first and as within by its first piece, as last by its last."""

    def __init__(self, folder: Path, dropout: float = 0.1) -> None:
        super().__init__()
        self.backbone = load_tunable(folder, dropout)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(self.backbone.width, 3)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, pieces: torch.Tensor, kinds: torch.Tensor, there: torch.Tensor, first: torch.Tensor, last: torch.Tensor
    ) -> torch.Tensor:
        """`first`, `last` `(rows, words)`: places of each word's pieces, 0 for none. Returns `(rows, words, 3)` scores."""
        scores = self.head(self.drop(self.backbone.states(pieces, kinds, there)))
        of_words = [scores[..., k].gather(1, place) for k, place in enumerate((first, last, first))]
        found: torch.Tensor = torch.stack(of_words, dim=-1).masked_fill((last == 0)[..., None], ABSENT)
        return found
