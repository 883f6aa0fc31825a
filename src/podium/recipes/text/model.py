"""What every text model shares: which texts, which n-grams, the target, prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.portions import portions
from podium.recipes.tabular.target import Target
from podium.recipes.text.fields import read_texts, text_columns
from podium.recipes.text.ngrams import BUDGET, Grams
from podium.recipes.text.vocabulary import Vocabulary

Floats = NDArray[np.float64]
PORTION = 8_000_000  # characters that are predicted at a time
WEIGHTS = 32_000_000  # numbers a model may hold: n-grams times outputs; bounds memory and the pickled model


class TextModel(ABC):
    """Subclasses fit on a `Vocabulary`'s counts. Everything is fitted on the rows dealt to `fit` alone.

    features: grams (list of spellings such as "char 2-5"), min_df, columns (default: the schema's texts).
    `notes` holds facts worth recording, as JSON.
    """

    def __init__(self, features: Mapping[str, Any] | None = None) -> None:
        self.features: dict[str, Any] = {"grams": ["word 1-2"], "min_df": 1, **(features or {})}
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train` must be labelled."""
        assert train.y is not None, "fit needs labelled rows"
        self.target = Target.of(train.y, ctx)
        self.columns = list(self.features.get("columns") or text_columns(ctx.schema))
        train = self._affordable(train, ctx)
        self._fit(train, self._texts(train), ctx)
        self.notes["rows"] = len(train)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """`(n, n_outputs)`: probabilities, or values in the labels' unit. Some rows at a time: their n-grams are many."""
        sizes = np.zeros(len(rows), dtype=np.int64)
        for column in self._texts(rows):
            sizes += column.str.len_chars().to_numpy()
        found = [self._predict(some, self._texts(some), ctx) for some in portions(rows, sizes, PORTION)]
        return Dense(self.target.assemble([np.concatenate(found)]))

    @abstractmethod
    def _fit(self, train: Rows, texts: list[pl.Series], ctx: Context) -> None: ...

    @abstractmethod
    def _predict(self, rows: Rows, texts: list[pl.Series], ctx: Context) -> Floats:
        """`(n, k)`: probabilities, or values in the target's turned unit."""

    def _affordable(self, train: Rows, ctx: Context) -> Rows:
        """All rows, or a random part of them where the texts, cut short as they will be, are too much for memory."""
        texts, share = self._texts(train), 1.0
        for grams in map(Grams.parse, self._grams()):
            clip = grams.clip(texts[0])
            read = sum(int(column.str.len_chars().clip(upper_bound=clip).sum()) for column in texts)
            share = min(share, 2 * BUDGET[grams.unit] / max(read, 1))
        if share == 1:
            return train
        chosen = np.random.default_rng(ctx.seed).permutation(len(train))[: int(share * len(train))]
        return train.take(np.sort(chosen))

    def _texts(self, rows: Rows) -> list[pl.Series]:
        return read_texts(rows, self.columns)

    def _vocabulary(self, grams: tuple[str, ...], vectors: int = 1) -> Vocabulary:
        """For a model that keeps `vectors` numbers for each n-gram and output."""
        outputs = max(self.target.n_outputs, 1)
        largest = max(20_000, WEIGHTS // (outputs * vectors))
        return Vocabulary(grams, min_df=int(self.features["min_df"]), largest=min(largest, 1_000_000))

    def _grams(self) -> tuple[str, ...]:
        return tuple(self.features["grams"])


def probabilities(scores: Floats, target: Target) -> Floats:
    """Class probabilities of log-odds or log-likelihoods `(n, k)`."""
    if target.loss == "multiclass":
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -50, 50))))


def append(counts: sp.csr_matrix, columns: NDArray[np.float32]) -> sp.csr_matrix:
    """Dense columns to the right of a sparse matrix."""
    return sp.hstack([counts, sp.csr_matrix(columns)], format="csr") if columns.shape[1] else counts
