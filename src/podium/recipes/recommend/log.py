"""Histories as flat arrays: what users did, in the order of time, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.protocol import Rows

HISTORY, TIME, USER = "history", "history_time", "user"
RATED = ("rat", "star", "score", "grade")  # in the name of an event's column: how much it was liked
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Log:
    """Events of n users. `items`, `times`, `rating` `(m,)`, a user's oldest first; `offsets` `(n + 1,)`; `now` `(n,)`: the
    time at which each user is asked. `users` `(n,)`: their codes. `rating` is 0..1, ones where nobody rates."""

    users: Ints
    items: Ints
    times: Floats
    rating: Floats
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Ints:
        return np.diff(self.offsets)

    @property
    def owner(self) -> Ints:
        """The user (0..n-1) of each event."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @property
    def back(self) -> Ints:
        """How many events of the same user come after each, `(m,)`: 0 for the last."""
        return np.asarray(np.repeat(self.offsets[1:], self.sizes) - 1 - np.arange(len(self.items)), dtype=np.int64)

    @property
    def now(self) -> Floats:
        """The last time of each user, the last of all for those without events."""
        end = float(self.times.max(initial=0.0))
        return np.where(
            self.sizes > 0, self.times[np.maximum(self.offsets[1:] - 1, 0)] if len(self.times) else end, end
        )

    def take(self, chosen: Ints) -> Log:
        """These users, in this order."""
        sizes = self.sizes[chosen]
        starts = self.offsets[chosen] - np.concatenate(([0], np.cumsum(sizes)[:-1]))
        at = np.repeat(starts, sizes) + np.arange(int(sizes.sum()))
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        return Log(self.users[chosen], self.items[at], self.times[at], self.rating[at], offsets.astype(np.int64))

    def keep(self, mask: NDArray[np.bool_]) -> Log:
        """All users, with the events of the mask `(m,)` alone."""
        sizes = np.bincount(self.owner[mask], minlength=len(self))
        offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        return Log(self.users, self.items[mask], self.times[mask], self.rating[mask], offsets)

    def within(self, n_items: int) -> Log:
        """Without items that a model does not know."""
        return self.keep(self.items < n_items)

    def matrix(self, n_items: int, weight: Floats | None = None) -> sp.csr_matrix:
        """Users by items, float32: the sum of the weights of their events, or 1 where they met."""
        values = np.ones(len(self.items)) if weight is None else weight
        found = sp.csr_matrix((values.astype(np.float32), (self.owner, self.items)), shape=(len(self), n_items))
        found.sum_duplicates()
        if weight is None:
            found.data[:] = 1.0
        return found


def histories(rows: Rows) -> Log:
    """The histories of these rows, one a row."""
    frame = rows.frame()
    lists = frame[HISTORY].fill_null([])
    offsets = np.concatenate(([0], np.cumsum(lists.list.len().to_numpy()))).astype(np.int64)
    items = _flat(lists).astype(np.int64)
    times = _flat(frame[TIME]) if TIME in frame.columns else np.arange(len(items), dtype=np.float64)
    named = [c for c in frame.columns if c.startswith(HISTORY) and any(word in c.lower() for word in RATED)]
    rating = _scaled(_flat(frame[named[0]])) if named else np.ones(len(items))
    users = frame[USER].to_numpy() if USER in frame.columns else rows.ids
    return Log(users.astype(np.int64), items, times.astype(np.float64), rating, offsets)


def _flat(lists: pl.Series) -> NDArray[np.float64]:
    return lists.fill_null([]).explode().drop_nulls().to_numpy() if len(lists) else np.zeros(0)


def _scaled(values: Floats) -> Floats:
    """0..1 over all values; missing ones in the middle; ones where all are alike."""
    low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0.0, 0.0)
    if high <= low:
        return np.ones(len(values))
    return np.nan_to_num((values - low) / (high - low), nan=0.5)


def with_next(log: Log, following: list[Ints]) -> Log:
    """Each history followed by its user's relevant items, as if met and liked an instant after the last event."""
    sizes = np.array([len(one) for one in following], dtype=np.int64)
    owner = np.concatenate([log.owner, np.repeat(np.arange(len(log)), sizes)])
    order = np.argsort(owner, kind="stable")
    flat = np.concatenate(following).astype(np.int64) if len(following) else np.zeros(0, dtype=np.int64)
    items = np.concatenate([log.items, flat])[order]
    times = np.concatenate([log.times, np.repeat(log.now, sizes)])[order]
    rating = np.concatenate([log.rating, np.ones(len(flat))])[order]
    return Log(log.users, items, times, rating, np.concatenate(([0], np.cumsum(log.sizes + sizes))).astype(np.int64))


def joined(parts: list[Log]) -> Log:
    """The users of several logs, one after another."""
    sizes = np.concatenate([part.sizes for part in parts])
    return Log(
        np.concatenate([part.users for part in parts]), np.concatenate([part.items for part in parts]),
        np.concatenate([part.times for part in parts]), np.concatenate([part.rating for part in parts]),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
    )  # fmt: skip


def latest(log: Log, clock: Floats) -> Ints:
    """One position a user: of rows with one code that of the latest clock, then of the longest history."""
    order = np.lexsort((log.sizes, clock, log.users))
    last = np.append(log.users[order][1:] != log.users[order][:-1], True) if len(order) else np.zeros(0, dtype=bool)
    return np.sort(order[last]).astype(np.int64)


def profile(log: Log, n_items: int, half: float, liked: float, days: float = 0.0) -> sp.csr_matrix:
    """Users by items: each event weighs less by 2 the `half` events it lies back (0: all alike), times rating^liked."""
    weight = log.rating**liked
    if half > 0:
        weight = weight * 0.5 ** (log.back / half)
    if days > 0:
        weight = weight * 0.5 ** ((np.repeat(log.now, log.sizes) - log.times) / days)
    return log.matrix(n_items, weight)
