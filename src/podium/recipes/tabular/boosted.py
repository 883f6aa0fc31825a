"""What the boosting libraries share: early stopping on held-back rows, a refit on all rows, the deadline."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import TabularModel, split_positions
from podium.recipes.tabular.target import Floats, Target

REFIT_TIME = 2.5  # a refit is begun only where so many times the first fit's seconds are left


class Boosted(TabularModel):
    """`rounds` at most; `patience` rounds without progress on a held-back `share` of the rows end boosting (0: never).

    `refit` trains again on all rows with the best number of rounds, a little more of them as there are more rows.
    Everything in `params` goes to the library as it is.
    """

    view: ClassVar[View] = "tree"
    weighs: ClassVar[bool] = True

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        rounds: int = 1000,
        patience: int = 50,
        share: float = 0.1,
        refit: bool = False,
        **params: Any,
    ) -> None:
        super().__init__(features, curve)
        self.rounds, self.patience, self.share, self.refit, self.params = rounds, patience, share, refit, params

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        assert train.y is not None
        every, again = np.arange(len(train)), self.refit and not self.teaching
        most, held = split_positions(train, ctx, self.share) if self.patience else (every, every[:0])
        labels, self.boosters, bests = self.target.columns(train.y), [], []
        for done, label in enumerate(labels):
            begun = time.monotonic()
            keep_s = ctx.time_left() * (1 - 1 / (len(labels) - done)) if ctx.deadline is not None else 0.0
            data = Labelled(matrix, label, train.weight)
            booster, best = self._boost(data.take(most), data.take(held), self.rounds, self.target, ctx, keep_s)
            if again and len(held) and ctx.time_left() - keep_s > REFIT_TIME * (time.monotonic() - begun):
                rounds = round(best * (1 + self.share / 2))
                booster, _ = self._boost(data, data.take(held[:0]), rounds, self.target, ctx, keep_s)
            self.boosters.append(booster)
            bests.append(best)
        self.notes["best_iteration"] = bests

    @abstractmethod
    def _boost(
        self, data: Labelled, held: Labelled, rounds: int, target: Target, ctx: Context, keep_s: float
    ) -> tuple[Any, int]:
        """A booster and its best number of rounds. No early stopping where `held` is empty; ends with `keep_s` left."""


class Labelled:
    """A matrix with one column of labels and the rows' weights."""

    def __init__(self, matrix: Matrix, label: NDArray[Any], weight: Floats) -> None:
        self.values, self.categorical, self.label, self.weight = matrix.values, matrix.categorical, label, weight
        self.names = matrix.names

    def __len__(self) -> int:
        return len(self.label)

    def take(self, positions: NDArray[np.intp]) -> Labelled:
        if len(positions) == len(self):
            return self
        part = Matrix(self.values[positions], self.names, self.categorical)
        return Labelled(part, self.label[positions], self.weight[positions])
