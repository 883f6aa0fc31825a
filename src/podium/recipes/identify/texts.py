"""Texts as points: tf-idf of characters and words, its leading singular directions (latent semantic analysis)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.text.fields import read_texts, text_columns

LARGEST = 60_000  # n-grams kept
CLIP = 4_000  # characters of a row that are read


class TextVectors:
    """`components` of the n-grams of one `unit` (char or word), up to `longest`."""

    def __init__(self, components: int = 150, unit: str = "char", longest: int = 4) -> None:
        self.components, self.unit, self.longest = components, unit, longest

    def fit_transform(self, train: Rows, ctx: Context) -> NDArray[np.float32]:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        self.columns = text_columns(ctx.schema)
        read: dict[str, Any] = {"analyzer": "char_wb"} if self.unit == "char" else {"token_pattern": r"(?u)\S+"}
        shortest = 2 if self.unit == "char" else 1
        self.grams: Any = TfidfVectorizer(
            ngram_range=(shortest, max(shortest, self.longest)), max_features=LARGEST, sublinear_tf=True, dtype=np.float32, **read
        )  # fmt: skip
        weights = self.grams.fit_transform(self._joined(train))
        rank = max(1, min(self.components, *(side - 1 for side in weights.shape)))
        _, _, self.turn = randomized_svd(weights, n_components=rank, random_state=ctx.seed)
        return np.asarray(weights @ self.turn.T, dtype=np.float32)

    def transform(self, rows: Rows) -> NDArray[np.float32]:
        return np.asarray(self.grams.transform(self._joined(rows)) @ self.turn.T, dtype=np.float32)

    def _joined(self, rows: Rows) -> list[str]:
        return [
            " ".join(parts)[:CLIP] for parts in zip(*(c.to_list() for c in read_texts(rows, self.columns)), strict=True)
        ]
