"""Two stages: several sources name candidates, and each candidate gets a row of features to be ranked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.recipes.recommend.bonds import bonds
from podium.recipes.recommend.catalogue import Catalogue
from podium.recipes.recommend.factors import Als, Bpr
from podium.recipes.recommend.log import Floats, Ints, Log, profile
from podium.recipes.recommend.sources import Ease, Neighbours, Popular, Source, Visits, Walk

KINDS: dict[str, type[Source]] = {
    "popular": Popular, "knn": Neighbours, "ease": Ease, "walk": Walk, "visits": Visits, "als": Als, "bpr": Bpr,
}  # fmt: skip
OWN_HALVES = (3.0, 30.0)
SHOWN = 1_000  # ranks beyond are alike
DAMPING = 10.0  # of reciprocal ranks that are summed (Cormack, Clarke and Buettcher 2009)


@dataclass(frozen=True)
class Candidates:
    """`user` `(m,)`: position in the log, ascending; `items` `(m,)`; `features` `(m, f)` float32; `orders` `(m, s + 1)`: the
    place (0 first) that each source gives an item among all, and at last their votes together."""

    user: Ints
    items: Ints
    features: NDArray[np.float32]
    orders: NDArray[np.float32]

    def take(self, kept: NDArray[np.bool_]) -> Candidates:
        return Candidates(self.user[kept], self.items[kept], self.features[kept], self.orders[kept])


class Committee:
    """Sources fitted on one log, with what is known of its items. `makes`: (kind, parameters) each."""

    def __init__(self, makes: Sequence[tuple[str, Mapping[str, Any]]], each: int, repeats: bool) -> None:
        self.makes, self.each, self.repeats = makes, each, repeats

    def fit(self, log: Log, n_items: int, tables: Mapping[str, Path], seed: int) -> Committee:
        self.n_items = n_items
        self.sources = [KINDS[kind](**params).fit(log, n_items, seed) for kind, params in self.makes]
        self.catalogue = Catalogue(tables, n_items)
        met = np.bincount(log.items, minlength=n_items).astype(np.float64)
        liked = np.bincount(log.items, weights=log.rating, minlength=n_items)
        overall = log.rating.mean() if len(log.rating) else 0.5
        self.popularity, self.liking = np.log1p(met), (liked + 5 * overall) / (met + 5)
        self.first, self.last = np.full(n_items, np.nan), np.full(n_items, np.nan)
        order = np.argsort(log.times, kind="stable")
        self.last[log.items[order]] = log.times[order]
        self.first[log.items[order[::-1]]] = log.times[order[::-1]]
        self.begin = float(log.times.min()) if len(log.times) else 0.0
        self.span = max(float(np.ptp(log.times)) if len(log.times) else 1.0, 1e-9)
        return self

    def candidates(self, log: Log) -> Candidates:
        """Each source's best of each user, with their features."""
        found = [source.scores(log) for source in self.sources]
        had = log.matrix(self.n_items).toarray() > 0
        if self.repeats:
            found += [profile(log, self.n_items, half, 0.0).toarray() for half in OWN_HALVES]
        else:
            for scores in found:
                scores[had] = -np.inf
        chosen = np.zeros((len(log), self.n_items), dtype=bool)
        ranks = []
        for scores in found:
            top = _top(scores, min(SHOWN, self.n_items))
            rank = np.full(scores.shape, SHOWN, dtype=np.int32)
            there = np.take_along_axis(scores, top, axis=1) > 0  # what a source knows nothing of it does not name
            np.put_along_axis(rank, top, np.where(there, np.arange(top.shape[1], dtype=np.int32), SHOWN), axis=1)
            chosen |= rank < self.each
            ranks.append(rank)
        if not self.repeats:
            chosen &= ~had
        user, items = np.nonzero(chosen)
        user, items = user.astype(np.int64), items.astype(np.int64)
        orders = [rank[user, items] for rank in ranks]
        votes = np.sum([1.0 / (DAMPING + order) for order in orders], axis=0)
        columns: list[NDArray[Any]] = [votes, np.sum([order < self.each for order in orders], axis=0)]
        for scores, order in zip(found, orders, strict=True):
            most = np.where(np.isfinite(scores), scores, 0).max(axis=1)
            columns += [scores[user, items] / np.maximum(most[user], 1e-9), np.log1p(order)]
        columns += self._known(log, user, items)
        if self.repeats:
            columns += list(bonds(log, user, items, self.n_items).T)
        given = np.column_stack([*orders, places(user, -votes)]).astype(np.float32)
        return Candidates(user, items, np.column_stack(columns).astype(np.float32), given)

    def _known(self, log: Log, user: Ints, items: Ints) -> list[NDArray[Any]]:
        """What is known of the items, of the users, and of both together."""
        now, sizes = log.now, np.maximum(log.sizes, 1)
        begin = (
            np.where(log.sizes > 0, log.times[np.minimum(log.offsets[:-1], max(len(log.times) - 1, 0))], now)
            if len(log.times)
            else now
        )

        def mean(of: Floats) -> Floats:
            return np.bincount(log.owner, weights=of, minlength=len(log)) / sizes

        usual = mean(self.popularity[log.items])
        columns = [
            self.popularity[items], self.liking[items], (now[user] - self.last[items]) / self.span,
            (now[user] - self.first[items]) / self.span, np.log1p(log.sizes)[user], mean(log.rating)[user], usual[user],
            self.popularity[items] - usual[user], np.log1p(np.maximum(now - begin, 0))[user],
            (now[user] - self.begin) / self.span,
        ]  # fmt: skip
        if self.catalogue.words.shape[1]:
            columns += [self.catalogue.likeness(log, half)[user, items] for half in (0.0, 5.0)]
        for of in self.catalogue.numbers.T:
            values = of[log.items]
            known = ~np.isnan(values)
            counts = np.bincount(log.owner[known], minlength=len(log))
            means = np.bincount(log.owner[known], weights=values[known], minlength=len(log)) / np.maximum(counts, 1)
            columns += [of[items], of[items] - np.where(counts > 0, means, np.nan)[user]]
        return columns


def places(user: Ints, least: Floats) -> Ints:
    """Each candidate's place (0 first) among its user's by `least` `(m,)`, smallest first, ties in order."""
    order = np.lexsort((np.arange(len(user)), least, user))
    first = np.searchsorted(user, user[order])  # users ascend
    found = np.empty(len(user), dtype=np.int64)
    found[order] = np.arange(len(user)) - first
    return found


def _top(scores: NDArray[Any], most: int) -> Ints:
    """Positions of each row's best, best first, ties by position."""
    part = np.sort(np.argpartition(-scores, most - 1, axis=1)[:, :most], axis=1)
    order = np.argsort(-np.take_along_axis(scores, part, axis=1), axis=1, kind="stable")
    return np.take_along_axis(part, order, axis=1)
