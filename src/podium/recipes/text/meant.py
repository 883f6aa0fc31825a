"""Boosting on n-grams' evidence and on what a frozen sentence encoder tells. Apart: importing it imports LightGBM."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from podium.protocol import Context, Rows
from podium.recipes.text.boost import TextBoost
from podium.recipes.text.embed import Meanings
from podium.recipes.text.model import Floats


class SentenceBoost(TextBoost):
    """`TextBoost` with the vectors of texts among its columns. features: as there, and weights, length."""

    meanings: Meanings | None = None

    def _label_free(self, rows: Rows, texts: list[pl.Series], ctx: Context) -> list[Floats]:
        if self.meanings is None:
            self.meanings = Meanings(self.features)
            told: Any = self.meanings.fit_transform(rows, self.columns, ctx)
        else:
            told = self.meanings.transform(rows, ctx)
        return [*super()._label_free(rows, texts, ctx), told.astype(np.float64)]
