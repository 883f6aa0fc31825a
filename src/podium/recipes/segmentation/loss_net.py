"""Losses of masks, on logits `(b, c, h, w)` against soft truth of that shape. All are means over the batch's images."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def cross_entropy(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(logits, truth)


def focal(logits: torch.Tensor, truth: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """Sure pixels count little (Lin et al. 2017); scaled so that an undecided pixel counts as in cross-entropy."""
    plain = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    wrong = (truth - torch.sigmoid(logits)).abs()
    return ((2.0 * wrong) ** gamma * plain).mean()


def dice(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 - soft Dice of the whole batch, class by class (Milletari et al. 2016): images without the object do not upset it."""
    found = torch.sigmoid(logits)
    axes = (0, 2, 3)
    both, size = (found * truth).sum(axes), (found + truth).sum(axes)
    return (1.0 - (2.0 * both + 1.0) / (size + 1.0)).mean()


def lovasz(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The Lovász hinge of the Jaccard loss, image by image and class by class (Berman et al. 2018)."""
    flat, labels = logits.flatten(2), (truth.flatten(2) >= 0.5).to(logits.dtype)
    errors = 1.0 - flat * (2.0 * labels - 1.0)
    order = errors.argsort(dim=2, descending=True)
    errors, labels = errors.gather(2, order), labels.gather(2, order)
    total = labels.sum(2, keepdim=True)
    left = total - labels.cumsum(2)
    union = total + (1.0 - labels).cumsum(2)
    jaccard = 1.0 - left / union
    steps = torch.cat([jaccard[..., :1], jaccard[..., 1:] - jaccard[..., :-1]], dim=2)
    return ((F.elu(errors) + 1.0) * steps).sum(2).mean()


LOSSES = {"bce": cross_entropy, "focal": focal, "dice": dice, "lovasz": lovasz}


def combined(weights: dict[str, float], logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Sum of weight x loss, by the names in `LOSSES`; in full precision."""
    logits, truth = logits.float(), truth.float()
    terms = [weight * LOSSES[name](logits, truth) for name, weight in weights.items() if weight]
    return torch.stack(terms).sum()
