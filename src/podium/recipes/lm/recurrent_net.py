"""A recurrent net over symbols, and its batches. Imports torch: import it inside functions only."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Ints = NDArray[np.int64]
IGNORED = -100


class Net(nn.Module):
    """Embedding, LSTM (Hochreiter and Schmidhuber 1997) with layer norm and dropout, scores of the classes."""

    def __init__(self, symbols: int, classes: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols + 1, min(width, 128))  # the first is a hole
        self.recurrent = nn.LSTM(
            min(width, 128), width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0
        )
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, classes)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """`(batch, time)` codes + 1 → `(batch, time, classes)` log-odds of what follows each."""
        states, _ = self.recurrent(self.drop(self.embed(codes)))
        return torch.as_tensor(self.out(self.drop(self.norm(states))))


class Batches:
    """Windows of a text: row i begins near `i * length`, moved at random, so that every epoch cuts the text elsewhere."""

    def __init__(self, codes: NDArray[np.int32], answers: NDArray[np.bool_], length: int) -> None:
        self.codes, self.length = codes.astype(np.int64), min(length, len(codes) - 1)
        self.answers = np.where(answers, self.codes, IGNORED)
        self.n = max(1, (len(codes) - 1) // self.length)

    def __call__(self, positions: Ints, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        starts = positions * self.length + rng.integers(0, self.length, len(positions))
        starts = np.minimum(starts, len(self.codes) - 1 - self.length)
        at = starts[:, None] + np.arange(self.length)
        return torch.from_numpy(self.codes[at] + 1), torch.from_numpy(self.answers[at + 1])


def loss(net: nn.Module, codes: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy of what follows each place."""
    scores = net(codes)
    return nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), answers.reshape(-1), ignore_index=IGNORED)


def last(net: nn.Module, codes: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Log probabilities after the last of `lengths` symbols, `(batch, classes)`; contexts begin at the left."""
    scores = net(codes)
    ends = (lengths - 1).clamp(min=0)
    chosen = scores[torch.arange(len(codes), device=codes.device), ends]
    return torch.log_softmax(chosen.float(), dim=-1)
