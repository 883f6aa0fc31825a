"""What tells which items come next: each source is fitted on a log, and scores every item for other histories.

`scores(log)` is `(n, n_items)` float32, the higher the better, 0 where a source knows nothing; each user on their own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.recipes.recommend.log import Log, profile

Scores = NDArray[np.float32]
BLOCK = 512  # rows of an item-item matrix made at a time


class Source(ABC):
    """Fitted on a log; scores users it may never have seen. What takes rounds ends before `until` (of `time.monotonic`)."""

    @abstractmethod
    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self: ...

    @abstractmethod
    def scores(self, log: Log) -> Scores: ...


class Popular(Source):
    """How often items were met around the time a user is asked, beside how often at all.

    `buckets`: of equally many events that time is cut into; `local`: how much the time counts (0: overall alone).
    """

    def __init__(self, buckets: int = 24, local: float = 0.8, width: float = 1.0, liked: float = 1.0) -> None:
        self.buckets, self.local, self.width, self.liked = buckets, local, width, liked

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        weight = log.rating**self.liked
        whole = np.bincount(log.items, weights=weight, minlength=n_items)
        self.overall = whole / max(whole.sum(), 1e-9)
        self.edges = (
            np.unique(np.quantile(log.times, np.linspace(0, 1, self.buckets + 1)[1:-1]))
            if len(log.times)
            else np.zeros(0)
        )
        n = len(self.edges) + 1
        at = np.searchsorted(self.edges, log.times, side="right")
        counts = sp.csr_matrix((weight, (at, log.items)), shape=(n, n_items)).toarray()
        far = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
        near = np.exp(-far / max(self.width, 1e-9))
        smooth = near @ counts
        self.of_time = smooth / np.maximum(smooth.sum(axis=1, keepdims=True), 1e-9)
        return self

    def scores(self, log: Log) -> Scores:
        at = np.searchsorted(self.edges, log.now, side="right")
        mixed = self.local * self.of_time[at] + (1 - self.local) * self.overall
        return np.asarray(mixed, dtype=np.float32)


class Neighbours(Source):
    """Item-kNN: cosine of items by their users, shrunk where few met both, times the user's recent items (Deshpande and
    Karypis 2004). `half` events: how fast the past fades as users are scored; `most` neighbours an item."""

    def __init__(
        self, shrink: float = 20.0, half: float = 0.0, most: int = 200, liked: float = 1.0, power: float = 0.5
    ) -> None:
        self.shrink, self.half, self.most, self.liked, self.power = shrink, half, most, liked, power

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        self.n_items = n_items
        matrix = profile(log, n_items, 0.0, self.liked)
        matrix.data = np.minimum(matrix.data, 1.0) + 1e-3
        norms = np.asarray(matrix.power(2).sum(axis=0)).ravel()
        users = matrix.T.tocsr()
        parts = []
        for low in range(0, n_items, BLOCK):
            dense = (users[low : low + BLOCK] @ matrix).toarray()
            dense /= (norms[low : low + BLOCK, None] ** (1 - self.power)) * (norms[None, :] ** self.power) + self.shrink
            dense[np.arange(len(dense)), low + np.arange(len(dense))] = 0.0
            parts.append(strongest(dense, self.most))
        self.alike = sp.vstack(parts).tocsr()
        return self

    def scores(self, log: Log) -> Scores:
        return np.asarray((profile(log, self.n_items, self.half, self.liked) @ self.alike).toarray(), dtype=np.float32)


def strongest(dense: NDArray[Any], most: int) -> sp.csr_matrix:
    """Each row's largest positive values, at most `most`, as a sparse matrix."""
    if most < dense.shape[1]:
        floor = np.partition(dense, -most, axis=1)[:, -most]
        dense = np.where(dense >= floor[:, None], dense, 0)
    return sp.csr_matrix(np.maximum(dense, 0).astype(np.float32))


class Ease(Source):
    """EASE (Steck 2019): the ridge regression of each item on all others. Solved over users where they are fewer than
    items (the same numbers by Woodbury's identity), else over the `widest` most met items."""

    def __init__(
        self, penalty: float = 300.0, half: float = 0.0, liked: float = 0.0, widest: int = 6_000, fade: float = 0.0
    ) -> None:
        self.penalty, self.half, self.liked, self.widest, self.fade = penalty, half, liked, widest, fade

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        self.n_items = n_items
        matrix = profile(log, n_items, self.fade, self.liked)
        met = np.bincount(log.items, minlength=n_items)
        self.known = np.sort(np.argsort(-met, kind="stable")[: min(n_items, self.most_items(len(log)))])
        kept = matrix[:, self.known].astype(np.float64)
        self.by_users = len(log) < len(self.known)
        if self.by_users:
            gram = (kept @ kept.T).toarray()
            gram[np.diag_indices_from(gram)] += self.penalty
            solved = np.linalg.solve(gram, kept.toarray())  # (users, items)
            self.left, self.solved = kept, solved.astype(np.float32)
            self.diagonal = (1.0 - np.asarray(kept.multiply(solved).sum(axis=0)).ravel()) / self.penalty
        else:
            gram = (kept.T @ kept).toarray()
            gram[np.diag_indices_from(gram)] += self.penalty
            inverse = np.linalg.inv(gram)
            weights = -inverse / np.diag(inverse)[None, :]
            weights[np.diag_indices_from(weights)] = 0.0
            self.weights = weights.astype(np.float32)
        return self

    def most_items(self, n_users: int) -> int:
        return self.widest if n_users > self.widest else 20_000

    def scores(self, log: Log) -> Scores:
        asked = profile(log, self.n_items, self.half, self.liked)[:, self.known]
        out = np.zeros((len(log), self.n_items), dtype=np.float32)
        if self.by_users:
            through = (asked @ self.left.T) @ self.solved  # (n, items)
            inner = (asked.toarray() - through) / self.penalty
            out[:, self.known] = asked.toarray() - inner / self.diagonal[None, :]
        else:
            out[:, self.known] = asked @ self.weights
        return out


class Walk(Source):
    """RP3beta (Paudel et al. 2017): random walks from a user's items over their users to other items, popular ones held
    back by `beta`. Over users, so no item-item matrix is made."""

    def __init__(self, beta: float = 0.6, half: float = 0.0, liked: float = 1.0, alpha: float = 1.0) -> None:
        self.beta, self.half, self.liked, self.alpha = beta, half, liked, alpha

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        self.n_items = n_items
        matrix = profile(log, n_items, 0.0, self.liked)
        by_user = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1e-9)
        by_item = np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1e-9)
        self.to_items = sp.diags(by_user**-self.alpha).astype(np.float32) @ matrix
        self.to_users = (matrix @ sp.diags(by_item**-self.alpha).astype(np.float32)).T.tocsr()
        self.held = np.asarray(by_item**-self.beta, dtype=np.float32)
        return self

    def scores(self, log: Log) -> Scores:
        asked = profile(log, self.n_items, self.half, self.liked)
        reached = (asked @ self.to_users) @ self.to_items
        return np.asarray(reached.toarray() * self.held[None, :], dtype=np.float32)


class Visits(Source):
    """Co-visitation: items met within `reach` events of each other, the nearer the more (by 2 each `near` events), those
    after more than those before by `forward`; a user's last items speak, fading by 2 each `half` events."""

    def __init__(
        self, reach: int = 20, near: float = 5.0, forward: float = 0.7, half: float = 5.0, power: float = 0.4,
        shrink: float = 1.0, last: int = 50, liked: float = 0.5,
    ) -> None:  # fmt: skip
        self.reach, self.near, self.forward, self.half = reach, near, forward, half
        self.power, self.shrink, self.last, self.liked = power, shrink, last, liked

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        self.n_items = n_items
        owner = log.owner
        total = sp.csr_matrix((n_items, n_items), dtype=np.float32)
        for step in range(1, self.reach + 1):
            same = owner[step:] == owner[:-step]
            first, then = log.items[:-step][same], log.items[step:][same]
            if not len(first):
                break
            weight = np.full(len(first), 0.5 ** ((step - 1) / self.near), dtype=np.float32)
            ahead, behind = (
                weight * log.rating[step:][same] ** self.liked,
                weight * log.rating[:-step][same] ** self.liked,
            )
            total = total + sp.csr_matrix((self.forward * ahead, (first, then)), shape=total.shape)
            if self.forward < 1:
                total = total + sp.csr_matrix(((1 - self.forward) * behind, (then, first)), shape=total.shape)
        met = np.bincount(log.items, minlength=n_items) + self.shrink
        total = total.tocoo()
        value = total.data * met[total.row] ** -0.5 * met[total.col] ** -self.power
        table = sp.csr_matrix((value.astype(np.float32), (total.row, total.col)), shape=total.shape)
        table.setdiag(0)
        self.table = table
        return self

    def scores(self, log: Log) -> Scores:
        recent = log.keep(log.back < self.last)
        return np.asarray(
            (profile(recent, self.n_items, self.half, self.liked) @ self.table).toarray(), dtype=np.float32
        )
