"""What passed between a user and an item: how often, how lately, and whether it is about time again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.recipes.recommend.log import Ints, Log

WIDTH = 5


def bonds(log: Log, user: Ints, items: Ints, n_items: int) -> NDArray[np.float32]:
    """`(m, 5)` of pairs of a position in the log and an item: times met, events and log days since the last time, days since
    over the usual days between two times, share of the user's events. Never met: 0 times and NaN."""
    out = np.full((len(user), WIDTH), np.nan, dtype=np.float32)
    out[:, 0] = out[:, 4] = 0.0
    if not len(log.items):
        return out
    pairs = log.owner * n_items + log.items
    order = np.argsort(pairs, kind="stable")  # a user's events of an item side by side, the oldest first
    known, first, times = np.unique(pairs[order], return_index=True, return_counts=True)
    oldest, newest = order[first], order[first + times - 1]
    asked = user * n_items + items
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    met = known[at] == asked
    at, who = at[met], user[met]
    since = log.now[who] - log.times[newest[at]]
    between = (log.times[newest[at]] - log.times[oldest[at]]) / np.maximum(times[at] - 1, 1)
    due = np.where(times[at] > 1, since / np.maximum(between, 1e-6), np.nan)
    out[met, 0] = times[at]
    out[met, 1] = log.back[newest[at]]
    out[met, 2] = np.log1p(np.maximum(since, 0.0))
    out[met, 3] = np.minimum(due, 1e3)
    out[met, 4] = times[at] / log.sizes[who]
    return out
