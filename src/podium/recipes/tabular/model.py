"""What every tabular model shares: features, target, early stopping, refit, prediction."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular import pseudo
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.parts import parts_of
from podium.recipes.tabular.target import Floats, Target

MARGIN_S = 1.0  # a fit that minds its deadline stops this long before it


class TabularModel(ABC):
    """Encode, turn the target, fit. Subclasses name their `view` of the features and fit matrices.

    Features are fitted on the rows dealt to `fit` alone. `notes` holds facts worth recording, as JSON. `parts` among the
    features: label-side columns that sum to the target are learned each for itself, and added up again. `pseudo`: rows
    without labels are learned from too, each weighing that many labelled ones, by models that `weigh` rows (`pseudo.py`).
    `sample`: so many rows are learned from at most.
    """

    view: ClassVar[View]
    weighs: ClassVar[bool] = False  # whether rows count by their weights, and what it says of a row can teach it

    def __init__(self, features: Mapping[str, Any] | None = None, curve: str | None = None) -> None:
        self.features = dict(features or {})
        self.by_parts = bool(self.features.pop("parts", False))
        self.pseudo = float(self.features.pop("pseudo", 0.0))
        self.sample = int(self.features.pop("sample", 0))
        self.teaching = False  # while the first of two fits runs
        self.curve = curve
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        if self.sample:
            train = _sampled(train, ctx, self.sample)
            self.notes["rows"] = len(train)
        assert train.y is not None
        parts = parts_of(train, ctx) if self.by_parts else None
        self.summed = parts is not None
        if parts is not None:
            train = _relabelled(train, parts)
        self.target = Target.of(train.y, ctx, self.curve)  # type: ignore[arg-type]
        self.encoder = self._encoder()
        matrix = self.encoder.fit_transform(train, ctx)
        others = pseudo.drawn(train, ctx) if self.pseudo > 0 and self.weighs else None
        if others is None:
            self._fit(matrix, train, ctx)
        else:
            self._fit_twice(matrix, train, others, ctx)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        values = self.target.assemble(self._predict(self.encoder.transform(rows), ctx))
        return Dense(values.sum(axis=1, keepdims=True) if self.summed else values)

    def _encoder(self) -> Encoder:
        """What makes the matrix; other kinds of rows have encoders of their own."""
        return Encoder(view=self.view, **self.features)

    def _fit_twice(self, matrix: Matrix, train: Rows, others: Rows, ctx: Context) -> None:
        """The second time with the others beside, as the first fit labels them; once only where time is short."""
        begun, left = time.monotonic(), ctx.time_left()
        timed = ctx.deadline is not None
        self.teaching = True
        self._fit(matrix, train, replace(ctx, deadline=begun + pseudo.FIRST * left) if timed else ctx)
        self.teaching = False
        beside = self.encoder.transform(others)
        found = self.target.assemble(self._predict(beside, ctx))
        if timed and ctx.time_left() < pseudo.AGAIN * (time.monotonic() - begun):
            return
        both = pseudo.joined((matrix, train), (beside, others), found, self.target, self.pseudo)
        self._fit(*both, ctx)
        self.notes["pseudo"] = len(both[1]) - len(train)

    @abstractmethod
    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None: ...

    @abstractmethod
    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        """Predictions of each model, in the target's turned unit."""


def _relabelled(train: Rows, y: Floats) -> Rows:
    """The same rows with other labels."""
    return Rows(
        train._source, train.ids, y=y, weight=train.weight, groups=train.groups, times=train.times, origin=train.origin
    )


def _sampled(train: Rows, ctx: Context, most: int) -> Rows:
    """At most some `most` of these rows: whole groups, the latest times, else drawn, of each class alike; all from elsewhere."""
    own = int((train.origin != "external").sum())
    if own <= most:
        return train
    _, kept = split_positions(train, ctx, most / own)
    return train.take(np.sort(np.concatenate([kept, np.flatnonzero(train.origin == "external")])))


def split_positions(train: Rows, ctx: Context, share: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions (most, held back) of `ctx.inner_split`: what early stopping fits on and watches.

    Rows that a model has labelled are fitted on, and change nothing in which others are held back.
    """
    own = np.flatnonzero(train.origin != "pseudo")
    known = train.take(own)
    y = known.y
    if y is not None and ctx.task_type == "ordinal_regression":
        y = y.astype(np.int64)  # codes, whatever beside them is no whole number
    numbered = Rows(
        train._source, own.astype(np.int64), y=y, groups=known.groups, times=known.times, origin=known.origin
    )
    most, held = ctx.inner_split(numbered, share)
    others = np.flatnonzero(train.origin == "pseudo")
    return np.concatenate([most.ids, others]).astype(np.intp), held.ids.astype(np.intp)
