"""Distances to the centres of groups of rows (k-means, Lloyd 1982; in small batches, Sculley 2010): no label is seen."""

from __future__ import annotations

import numpy as np

from podium.recipes.tabular.blocks import Block
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.nearest import nearest
from podium.recipes.tabular.places import Places
from podium.recipes.tabular.target import Floats

SAMPLED = 20_000  # rows that the centres are found from


class Clusters(Block):
    """At most `count` centres: the distance to each."""

    def __init__(self, count: int) -> None:
        self.count = count

    def fit(self, table: Derived, labels: Floats) -> None:
        self._fit(table, 0)

    def fit_transform(self, table: Derived, labels: Floats, seed: int) -> Floats:
        self._fit(table, seed)
        return self.transform(table)

    def _fit(self, table: Derived, seed: int) -> None:
        from sklearn.cluster import MiniBatchKMeans

        self.places, self.names = Places().fit(table), []
        if not self.places.width or not table.n:
            return
        rows = np.linspace(0, table.n - 1, min(table.n, SAMPLED)).astype(np.intp)
        known = np.unique(self.places(table)[rows], axis=0)
        found = MiniBatchKMeans(min(self.count, len(known)), n_init=1, random_state=seed % 2**32).fit(known)
        self.centres = found.cluster_centers_.astype(np.float32)
        self.names = [f"cluster{k}" for k in range(len(self.centres))]

    def transform(self, table: Derived) -> Floats:
        if not self.names:
            return np.empty((table.n, 0))
        distance, index = nearest(self.places(table), self.centres, len(self.centres))
        out = np.empty_like(distance)
        np.put_along_axis(out, index, distance, axis=1)
        return out
