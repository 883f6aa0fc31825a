"""A net that reads a user's events in order and scores what they turn to next."""

from __future__ import annotations

import torch
from torch import nn

BESIDE = 2  # numbers beside an event: how much it was liked, how long after the one before


class Reader(nn.Module):
    """What a user's last events are usually met with, each event fading by 2 in `half` of them, corrected by a GRU over the
    same events (GRU4Rec: Hidasi et al. 2016). It begins as co-visitation of `met` and `next_to` (`(n_items, width)`,
    factors whose product says how items are met together) with `often` (logits of items by themselves): few logs are
    long enough to learn items from nothing."""

    def __init__(self, n_items: int, width: int, dropout: float, half: float = 10.0, places: int = 50) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items + 1, width, padding_idx=n_items)  # the last is none
        self.following = nn.Embedding(n_items + 1, width, padding_idx=n_items)
        self.beside = nn.Linear(BESIDE, width)
        self.drop = nn.Dropout(dropout)
        self.read = nn.GRU(width, width, batch_first=True)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.bias = nn.Parameter(torch.zeros(n_items + 1))
        back = torch.arange(places)[:, None] - torch.arange(places)[None, :]
        self.register_buffer("fading", torch.where(back >= 0, 0.5 ** (back / half), 0.0), persistent=False)

    def begin(self, met: torch.Tensor, next_to: torch.Tensor, often: torch.Tensor) -> None:
        with torch.no_grad():
            self.items.weight[:-1], self.following.weight[:-1], self.bias[:-1] = met, next_to, often

    def forward(self, items: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        """`items` `(rows, places)`, none after the last; `beside` `(rows, places, 2)`. States `(rows, places, width)`."""
        events = self.items(items)
        recent = self.fading @ (events * beside[..., :1])
        read = self.read(self.drop(events) + self.beside(beside))[0]
        states: torch.Tensor = self.drop(recent) + self.out(self.drop(read))
        return states

    def scores(self, items: torch.Tensor, beside: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
        """Logits of every item after place `last` `(rows,)`, `(rows, n_items)`."""
        states = self(items, beside)
        state = states[torch.arange(len(states), device=states.device), last]
        logits: torch.Tensor = state @ self.following.weight[:-1].T + self.bias[:-1]
        return logits


def loss(
    net: Reader, items: torch.Tensor, beside: torch.Tensor, wanted: torch.Tensor, worth: torch.Tensor,
    others: torch.Tensor, rare: torch.Tensor,
) -> torch.Tensor:  # fmt: skip
    """Softmax of the item `wanted` `(rows, places)` (-1: none), which counts `worth` (alike), among `others` `(rows, m)`, items
    drawn for the batch, each logit less the log of how often its item is drawn, `rare` `(rows, m + places)`, so that the
    odds are those of all items (Bengio and Senécal 2008; Jean et al. 2015)."""
    states = net(items, beside)
    there = wanted >= 0
    target, drawn = wanted[there], others.reshape(-1)
    states = states[there]
    own = (states * net.following(target)).sum(dim=-1) + net.bias[target] - rare[:, others.shape[1] :][there]
    against = states @ net.following(drawn).T + net.bias[drawn] - rare[:, : others.shape[1]].reshape(-1)
    against = against.masked_fill(drawn[None, :] == target[:, None], -30.0)
    logits = torch.cat([own[:, None], against], dim=1).float()
    first = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
    each = nn.functional.cross_entropy(logits, first, reduction="none")
    return (each * worth[there]).sum() / worth[there].sum().clamp(min=1e-6)
