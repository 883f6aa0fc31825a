"""Nearest neighbours on scaled columns, with distance weights; their number chosen on held-back rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import TabularModel, split_positions
from podium.recipes.tabular.nearest import nearest
from podium.recipes.tabular.target import Floats

CHOICES = (5, 10, 20, 40, 80)
PROBE = 2000  # held-back rows at most that choose the number of neighbours
BLOCK = 8_000_000  # labels of neighbours that are held at a time as new rows are predicted
PRIOR = 0.5  # rows of the training mean mixed into every neighbourhood


class KNN(TabularModel):
    """Brute force in blocks. `neighbours` 0 chooses among CHOICES by squared error on held-back rows."""

    view: ClassVar[View] = "dense"

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        neighbours: int = 0,
        power: float = 1.0,
    ) -> None:
        super().__init__(features, curve)
        self.neighbours, self.power = neighbours, power

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        assert train.y is not None
        labels = self.target.matrix(train.y)
        self.count = min(self.neighbours or self._choose(matrix, labels, train, ctx), len(labels))
        self.places, self.labels, self.prior = matrix.values, labels, labels.mean(axis=0)
        self.notes["neighbours"] = self.count

    def _choose(self, matrix: Matrix, labels: Floats, train: Rows, ctx: Context) -> int:
        most, held = split_positions(train, ctx, min(0.1, PROBE / len(train)))
        counts = [k for k in CHOICES if k <= len(most)] or [len(most)]
        distance, index = nearest(matrix.values[held], matrix.values[most], max(counts))
        prior, losses = labels[most].mean(axis=0), {}
        for k in counts:
            guess = self._mean(distance[:, :k], labels[most][index[:, :k]], prior)
            losses[k] = float(np.mean((guess - labels[held]) ** 2))
        return min(losses, key=lambda k: losses[k])

    def _mean(self, distance: Floats, labels: Floats, prior: Floats) -> Floats:
        weight = 1.0 / (distance + 1e-3) ** self.power
        weight *= distance.shape[1] / weight.sum(axis=1, keepdims=True)
        total = (weight[:, :, None] * labels).sum(axis=1) + PRIOR * prior
        return np.asarray(total / (distance.shape[1] + PRIOR))

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        distance, index = nearest(matrix.values, self.places, self.count)
        step = max(1, BLOCK // (index.shape[1] * self.labels.shape[1]))
        parts = [
            self._mean(distance[at : at + step], self.labels[index[at : at + step]], self.prior)
            for at in range(0, max(1, len(index)), step)
        ]
        return [np.concatenate(parts)]
