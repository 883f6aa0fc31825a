"""A net that reads words in order and points at the first and the last one of the answer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from podium.recipes.spans.pointer_net import ABSENT


class Pointer(nn.Module):
    """Hashed embeddings of each word's parts, two bidirectional GRU layers beginning from the condition, and a score of
    each word as first and as last, and whether it is within (Vinyals et al. 2015, as a reader; Seo et al. 2017)."""

    def __init__(self, buckets: Sequence[int], conditions: int, width: int, dropout: float) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Embedding(size, width, padding_idx=0) for size in buckets])
        for part in self.parts:
            nn.init.normal_(part.weight, std=0.1)
        self.condition = nn.Embedding(conditions, width)
        self.beside = nn.Embedding(4, width)
        self.drop = nn.Dropout(dropout)
        self.lower = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.upper = nn.GRU(3 * width, width, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 3))

    def forward(self, codes: torch.Tensor, condition: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """`codes` `(rows, words, parts)`, 0 after the last word; `condition` `(rows,)`; `asked` `(rows, words)`: whether
        the other texts hold the word. Returns `(rows, words, 3)` scores: first, last, within."""
        there = codes[..., 0] > 0
        words = sum(part(codes[..., at]) for at, part in enumerate(self.parts)) + self.beside(asked)
        about = self.condition(condition)[:, None, :].expand_as(words)
        sizes = there.sum(dim=1).cpu()
        read = _read(self.lower, self.drop(words + about), sizes)
        again = _read(self.upper, torch.cat([self.drop(read), about], dim=-1), sizes)
        scores: torch.Tensor = self.head(torch.cat([self.drop(again), about], dim=-1))
        return scores.masked_fill(~there[..., None], ABSENT)


def _read(layer: nn.GRU, words: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """The layer's outputs, zeros after the last word: packed, so that padding is never read backwards."""
    packed = nn.utils.rnn.pack_padded_sequence(words, sizes, batch_first=True, enforce_sorted=False)
    found: torch.Tensor = nn.utils.rnn.pad_packed_sequence(
        layer(packed)[0], batch_first=True, total_length=words.shape[1]
    )[0]
    return found
