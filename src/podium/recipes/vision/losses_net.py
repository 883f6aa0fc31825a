"""Losses that bear wrong labels. Imports torch.

Label smoothing: Szegedy et al. 2016. Bi-tempered logistic loss: Amid, Warmuth, Anil and Koren 2019 ("Robust bi-tempered
logistic loss based on Bregman divergences"): below 1 the first temperature bounds what one row can cost, above 1 the
second gives probabilities a heavy tail, so that a wrong label near the boundary pulls less.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

ROUNDS = 5  # of the fixed point for the heavy tail's normalisation


def classes_loss(
    logits: torch.Tensor,
    shares: torch.Tensor,
    weight: torch.Tensor,
    smoothing: float,
    tempers: tuple[float, float] | None,
) -> torch.Tensor:
    """Weighted mean over rows. `shares` `(n, k)`: the wanted probabilities, one-hot unless rows were mixed."""
    shares = shares * (1 - smoothing) + smoothing / shares.shape[1]
    if tempers is None:
        losses = -(shares * F.log_softmax(logits.float(), dim=1)).sum(dim=1)
    else:
        losses = bi_tempered(logits.float(), shares, *tempers)
    return (losses * weight).sum() / weight.sum()


def labels_loss(
    logits: torch.Tensor,
    wanted: torch.Tensor,
    weight: torch.Tensor,
    smoothing: float,
    tempers: tuple[float, float] | None,
) -> torch.Tensor:
    """The same for outputs that are each a yes or a no: `wanted` `(n, k)` in 0..1."""
    if tempers is None:
        soft = wanted * (1 - smoothing) + smoothing / 2
        losses = F.binary_cross_entropy_with_logits(logits.float(), soft, reduction="none").mean(dim=1)
        return (losses * weight).sum() / weight.sum()
    k = logits.shape[1]
    pairs = torch.stack([torch.zeros_like(logits), logits], dim=2).reshape(-1, 2)
    both = torch.stack([1 - wanted, wanted], dim=2).reshape(-1, 2)
    return classes_loss(pairs, both, weight.repeat_interleave(k), smoothing, tempers)


def bi_tempered(logits: torch.Tensor, shares: torch.Tensor, first: float, second: float) -> torch.Tensor:
    """`(n,)`. `first` < 1 <= `second`; both 1 give the logistic loss."""
    found = tempered_softmax(logits, second)
    gap = shares * (_log(shares + 1e-10, first) - _log(found + 1e-10, first))
    gap = gap - (shares ** (2 - first) - found ** (2 - first)) / (2 - first)
    return gap.sum(dim=1)


def tempered_softmax(logits: torch.Tensor, temper: float) -> torch.Tensor:
    """`(n, k)`, rows sum to 1; the softmax at 1, a heavier tail above (the paper's algorithm 1)."""
    if temper == 1.0:
        return F.softmax(logits, dim=1)
    top = logits.max(dim=1, keepdim=True).values
    normal = logits - top
    moved = normal
    for _ in range(ROUNDS):
        total = _exp(moved, temper).sum(dim=1, keepdim=True)
        moved = normal * total ** (1 - temper)
    total = _exp(moved, temper).sum(dim=1, keepdim=True)
    return _exp(normal + _log(1 / total, temper), temper)


def _log(values: torch.Tensor, temper: float) -> torch.Tensor:
    return torch.log(values) if temper == 1.0 else (values ** (1 - temper) - 1) / (1 - temper)


def _exp(values: torch.Tensor, temper: float) -> torch.Tensor:
    return torch.exp(values) if temper == 1.0 else torch.relu(1 + (1 - temper) * values) ** (1 / (1 - temper))
