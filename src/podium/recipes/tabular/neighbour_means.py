"""What the rows nearest to a row say: the mean label among them, and how far away they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.recipes.tabular.blocks import Block
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.nearest import nearest
from podium.recipes.tabular.places import Places
from podium.recipes.tabular.target import Floats
from podium.recipes.tabular.target_means import INNER_FOLDS, inner_folds, is_one_hot

ASKED = 10_000  # rows that neighbours are sought among
PRIOR = 0.5  # rows of the training mean mixed into every neighbourhood


class NeighbourMeans(Block):
    """Of the `count` nearest training rows. A training row asks the other inner folds alone, keyed by the seed."""

    def __init__(self, count: int) -> None:
        self.count = count

    def fit(self, table: Derived, labels: Floats) -> None:
        self.places = Places().fit(table)
        self.width = labels.shape[1] - 1 if labels.shape[1] > 2 and is_one_hot(labels) else labels.shape[1]
        rows = np.linspace(0, table.n - 1, min(table.n, ASKED)).astype(np.intp)  # rows come in no order
        self.known, self.labels = self.places(table)[rows], labels[rows, : self.width]
        self.prior = labels[:, : self.width].mean(axis=0)
        self.names = [f"near.mean{k}" for k in range(self.width)] + ["near.distance"] if self.places.width else []

    def fit_transform(self, table: Derived, labels: Floats, seed: int) -> Floats:
        self.fit(table, labels)
        places, labels = self.places(table), labels[:, : self.width]
        fold = inner_folds(table, np.random.default_rng([seed, 11]))
        out = np.empty((table.n, len(self.names)))
        if not self.names:
            return out
        for inner in range(INNER_FOLDS):
            here, others = np.flatnonzero(fold == inner), np.flatnonzero(fold != inner)
            others = others[np.linspace(0, len(others) - 1, min(len(others), ASKED)).astype(np.intp)]
            out[here] = self._told(places[here], places[others], labels[others])
        return out

    def transform(self, table: Derived) -> Floats:
        if not self.names:
            return np.empty((table.n, 0))
        return self._told(self.places(table), self.known, self.labels)

    def _told(self, asking: NDArray[np.float32], known: NDArray[np.float32], labels: Floats) -> Floats:
        """`(n, width + 1)`: means weighted by nearness, and the mean distance."""
        if not len(asking) or not len(known):
            return np.tile([*self.prior, 0.0], (len(asking), 1))
        distance, index = nearest(asking, known, min(self.count, len(known)))
        weight = 1 / (distance + 1e-3)
        weight *= weight.shape[1] / weight.sum(axis=1, keepdims=True)
        total = np.tile(PRIOR * self.prior, (len(asking), 1))
        for near in range(weight.shape[1]):  # one after the other: all at once would be a copy of the labels for each
            total += weight[:, near, None] * labels[index[:, near]]
        return np.column_stack([total / (weight.shape[1] + PRIOR), distance.mean(axis=1)])
