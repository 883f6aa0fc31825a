"""What the boosting libraries share: early stopping on held-back rows, a refit on all rows, the deadline."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
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
    Everything in `params` goes to the library as it is. A label that all rows have is what is predicted: libraries refuse to
    learn it.
    """

    view: ClassVar[View] = "tree"
    weighs: ClassVar[bool] = True
    only: Sequence[float | None] | None = None  # for each model to train: the label that all rows have

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
        labels, self.boosters, self.only, bests = self.target.columns(train.y), [], [], []
        for done, label in enumerate(labels):
            alone = bool((label[most] == label[most][0]).all())
            self.only.append(float(label[most][0]) if alone else None)
            if alone:
                bests.append(0)
                continue
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

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        learned = iter(self._boosted(matrix, ctx) if self.boosters else [])
        only = [None] * len(self.boosters) if self.only is None else self.only  # of an older version's model
        return [next(learned) if one is None else self._sure(one, len(matrix.values)) for one in only]

    def _sure(self, label: float, n: int) -> Floats:
        """`(n,)`, or `(n, classes)` of several."""
        if self.target.loss == "multiclass":
            return np.tile(np.eye(self.target.n_classes)[int(label)], (n, 1))
        return np.full(n, label)

    @abstractmethod
    def _boosted(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        """What each booster predicts."""

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
