"""Models of what a frozen sentence encoder tells: linear ones, and boosting beside the evidence of n-grams.

features: weights (of the encoder, by name), length (pieces a text is cut at); the vectors are those of `prepare` where the
solution has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.linear import Linear
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.text.embed import Floats, Meanings
from podium.recipes.text.fields import Beside, text_columns

SPREAD = 1e-6


class SentenceEncoder:
    """Stands where a tabular model's `Encoder` stands: `Meanings`, and the other columns, standardised."""

    label_free = False
    ctx: Context | None = None  # of the call under way: where the weights lie is no part of a model

    def __init__(self, **features: Any) -> None:
        self.meanings, self.beside = Meanings(features), Beside(target=True)

    def fit_transform(self, train: Rows, ctx: Context) -> Matrix:
        self.ctx = ctx
        values = self._join(
            self.meanings.fit_transform(train, text_columns(ctx.schema), ctx), self.beside.fit_transform(train, ctx)
        )
        self.mean, self.deviation = values.mean(axis=0), values.std(axis=0) + SPREAD
        return self._matrix(values)

    def transform(self, rows: Rows) -> Matrix:
        assert self.ctx is not None, "a sentence model's predict sets the context"
        return self._matrix(self._join(self.meanings.transform(rows, self.ctx), self.beside.transform(rows)))

    def _matrix(self, values: Floats) -> Matrix:
        scaled = (values - self.mean) / self.deviation
        scaled *= np.float32(1 / np.sqrt(max(1, values.shape[1]) / 100))  # as strong together as a hundred columns
        return Matrix(scaled, [f"meaning.{k}" for k in range(values.shape[1])], [])

    def _join(self, meanings: Floats, beside: Floats) -> Floats:
        return np.concatenate([meanings, beside], axis=1)


class SentenceLinear(Linear):
    """Logistic or ridge regression on the vectors."""

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        super().__init__({name: value for name, value in (features or {}).items() if name != "texts"}, **params)

    def _encoder(self) -> Encoder:
        return SentenceEncoder(**self.features)  # type: ignore[return-value]

    def fit(self, train: Rows, ctx: Context) -> Self:
        super().fit(train, ctx)
        self.encoder.ctx = None  # type: ignore[attr-defined]
        self.notes["length"] = self.encoder.meanings.encoded.longest  # type: ignore[attr-defined]
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        self.encoder.ctx = replace(ctx, deadline=None)  # type: ignore[attr-defined]
        try:
            return super().predict(rows, ctx)
        finally:
            self.encoder.ctx = None  # type: ignore[attr-defined]
