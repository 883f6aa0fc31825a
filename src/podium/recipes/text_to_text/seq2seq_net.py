"""Encoder and decoder with attention (Bahdanau, Cho and Bengio 2015; dot products as in Luong et al. 2015)."""

from __future__ import annotations

import torch
from torch import nn

PAD, START, STOP, UNKNOWN = 0, 1, 2, 3


class Writer(nn.Module):
    """A bidirectional GRU reads; a GRU writes, looking back at what it read at each step."""

    def __init__(self, source: int, target: int, width: int, dropout: float) -> None:
        super().__init__()
        self.source = nn.Embedding(source, width, padding_idx=PAD)
        self.target = nn.Embedding(target, width, padding_idx=PAD)
        self.drop = nn.Dropout(dropout)
        self.reader = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(width, width)
        self.writer = nn.GRU(width, width, batch_first=True)
        self.look = nn.Linear(width, width, bias=False)
        self.merge = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, target)

    def read(self, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What was read `(rows, length, width)`, where there was something, and the writer's first state."""
        there = codes > PAD
        sizes = there.sum(dim=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.drop(self.source(codes)), sizes, batch_first=True, enforce_sorted=False
        )
        found, last = self.reader(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(found, batch_first=True, total_length=codes.shape[1])
        return memory, there, torch.tanh(self.bridge(torch.cat([last[0], last[1]], dim=-1)))[None]

    def step(
        self, said: torch.Tensor, state: torch.Tensor, memory: torch.Tensor, there: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores `(rows, steps, target)` after `said` `(rows, steps)`, the state, and where was looked."""
        states, state = self.writer(self.drop(self.target(said)), state)
        scores = self.look(states) @ memory.transpose(1, 2)
        seen = torch.softmax(scores.masked_fill(~there[:, None, :], -1e4), dim=-1)
        merged = torch.tanh(self.merge(torch.cat([states, seen @ memory], dim=-1)))
        return self.out(self.drop(merged)), state, seen

    def forward(self, codes: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        memory, there, state = self.read(codes)
        return self.step(said, state, memory, there)[0]

    def write(self, codes: torch.Tensor, most: int) -> torch.Tensor:
        """The likeliest symbol step by step, `(rows, most, 2)`: its code, and the place in the source looked at."""
        memory, there, state = self.read(codes)
        said = torch.full((len(codes), 1), START, dtype=torch.long, device=codes.device)
        over = torch.zeros(len(codes), dtype=torch.bool, device=codes.device)
        written = torch.zeros(len(codes), most, 2, device=codes.device)
        for at in range(most):
            scores, state, seen = self.step(said, state, memory, there)
            said = scores[:, -1, START + 1 :].argmax(dim=-1, keepdim=True) + START + 1
            over = over | (said[:, 0] == STOP)
            written[:, at, 0] = torch.where(over, PAD, said[:, 0]).float()
            written[:, at, 1] = seen[:, -1].argmax(dim=-1).float()
            if bool(over.all()):
                break
        return written


def loss(net: nn.Module, codes: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each next symbol; `said` begins with START and ends with STOP."""
    scores = net(codes, said[:, :-1]).float()
    return nn.functional.cross_entropy(scores.transpose(1, 2), said[:, 1:], ignore_index=PAD)
