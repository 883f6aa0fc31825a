"""Blending ranked lists: each member votes for its items by rank and, less so, by score.

Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009) beside CombSUM of scores scaled to 0..1 (Fox and Shaw 1994):
ranks forgive members whose scores lie on other scales, scores tell a clear first place from a narrow one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.packing import NO_ITEM
from podium.tasks.task import Floats

DAMPING = 10.0  # added to ranks: of lists whose first ten count; Cormack's 60 is for lists of a thousand
BY_SCORE = 0.5  # how much scores count beside ranks


def fuse(members: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Lists `(n, most * 2)` as `podium.packing.rankings` makes them, and weights of sum 1, to one such list; each row alone."""
    n, width = members[0].shape
    out = np.zeros((n, width // 2, 2), dtype=members[0].dtype)
    out[:, :, 0] = NO_ITEM
    items = np.concatenate([one.reshape(n, -1, 2)[:, :, 0] for one in members], axis=1)
    votes = np.concatenate([w * _votes(one.reshape(n, -1, 2)) for one, w in zip(members, weights, strict=True)], axis=1)
    order = np.argsort(items, axis=1, kind="stable")
    items, votes = np.take_along_axis(items, order, axis=1), np.take_along_axis(votes, order, axis=1)
    first = np.concatenate([np.ones((n, 1), dtype=bool), items[:, 1:] != items[:, :-1]], axis=1)
    total = np.add.reduceat(votes.ravel(), np.flatnonzero(first.ravel()))
    summed = np.full(items.shape, -np.inf)
    summed[first] = total
    summed[items < 0] = -np.inf
    best = np.argsort(-summed, axis=1, kind="stable")[:, : width // 2]
    scores = np.take_along_axis(summed, best, axis=1)
    kept = np.isfinite(scores)
    out[:, : best.shape[1], 0] = np.where(kept, np.take_along_axis(items, best, axis=1), NO_ITEM)
    out[:, : best.shape[1], 1] = np.where(kept, scores, 0.0)
    return out.reshape(n, width)


def _votes(lists: NDArray[np.floating]) -> Floats:
    """What each place of each list is worth, `(n, most)`, at most 1; 0 after its end."""
    there = lists[:, :, 0] >= 0
    by_rank = (DAMPING + 1.0) / (DAMPING + 1.0 + np.arange(lists.shape[1]))
    scores = np.where(there, lists[:, :, 1], np.nan).astype(np.float64)
    low = np.nanmin(np.where(there.any(axis=1, keepdims=True), scores, 0.0), axis=1, keepdims=True)
    high = np.nanmax(np.where(there.any(axis=1, keepdims=True), scores, 0.0), axis=1, keepdims=True)
    scaled = np.where(high > low, (scores - low) / np.maximum(high - low, 1e-300), 1.0)
    return np.asarray(
        np.where(there, (1.0 - BY_SCORE) * by_rank + BY_SCORE * np.nan_to_num(scaled), 0.0), dtype=np.float64
    )


__all__ = ["BY_SCORE", "DAMPING", "fuse"]
