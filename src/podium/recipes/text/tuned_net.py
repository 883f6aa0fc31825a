"""A pretrained sentence encoder and a new head, tuned together. Imports torch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from podium.recipes.text.bert_net import load_tunable


class Tuned(nn.Module):
    """`texts` of a row are read each for itself (by |u - v| and u * v beside them), or as one."""

    def __init__(self, folder: Path, texts: int, outputs: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.backbone, self.texts = load_tunable(folder, dropout), texts
        self.drop = nn.Dropout(dropout)
        self.last = nn.Linear(self.backbone.width * (1 if texts == 1 else 4), outputs)
        nn.init.normal_(self.last.weight, std=0.02)
        nn.init.zeros_(self.last.bias)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """(pieces, kinds, there) of each text → `(n, outputs)`."""
        read = [self.backbone(*inputs[3 * k : 3 * k + 3]) for k in range(self.texts)]
        if self.texts > 1:
            u, v = read[:2]
            read = [torch.cat([u, v, (u - v).abs(), u * v], dim=1)]
        found: torch.Tensor = self.last(self.drop(read[0]))
        return found
