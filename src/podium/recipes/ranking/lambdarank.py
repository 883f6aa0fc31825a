"""LightGBM on the order of rows within their query: LambdaRank (Burges 2010) or XE-NDCG (Bruch 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import lightgbm
import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.lightgbm_model import deadline
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.model import split_positions

LEVELS = 31  # LightGBM's own limit of grades of relevance
MOST_ROWS = 10_000  # of a query


class LambdaRank:
    """`rounds` at most; `patience` rounds without progress on held-back queries end boosting. `objective`: lambdarank or
    rank_xendcg. Everything in `params` goes to LightGBM as it is. `notes` holds facts worth recording, as JSON."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, objective: str = "lambdarank", rounds: int = 1000,
        patience: int = 60, share: float = 0.15, **params: Any,
    ) -> None:  # fmt: skip
        self.features, self.objective = dict(features or {}), objective
        self.rounds, self.patience, self.share, self.params = rounds, patience, share, params
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train` must be labelled and grouped by query."""
        assert train.y is not None, "fit needs labelled rows"
        self.encoder = Encoder(view="tree", **self.features)
        matrix = self.encoder.fit_transform(train, ctx)
        grades = graded(np.asarray(train.y, dtype=np.float64))
        query = train.groups if train.groups is not None else np.zeros(len(train), dtype=np.int64)
        most, held = split_positions(train, ctx, self.share)
        callbacks: list[Any] = [lightgbm.early_stopping(self.patience, verbose=False)]
        if ctx.deadline is not None:
            callbacks.append(deadline(ctx, 0.0))
        data = self._dataset(matrix, grades, query, most, None)
        watched = self._dataset(matrix, grades, query, held, data)
        self.booster = lightgbm.train(self._params(ctx), data, self.rounds, valid_sets=[watched], callbacks=callbacks)
        self.notes["best_iteration"] = self.booster.best_iteration or self.booster.current_iteration()
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """`(n, 1)`: scores of which the order in a query counts."""
        scores = np.asarray(self.booster.predict(self.encoder.transform(rows).values, num_threads=ctx.cores))
        return Dense(scores[:, None])

    def _params(self, ctx: Context) -> dict[str, Any]:
        k = ctx.metric.partition("@")[2]
        fixed = {
            "objective": self.objective, "metric": "ndcg", "eval_at": [int(k) if k.isdigit() else 10],
            "learning_rate": 0.05, "num_threads": ctx.cores, "seed": ctx.seed, "deterministic": True,
            "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        return {**fixed, **self.params}

    def _dataset(
        self, matrix: Matrix, grades: NDArray[np.int64], query: NDArray[np.int64], at: NDArray[np.intp], of: Any
    ) -> lightgbm.Dataset:
        order = at[np.argsort(query[at], kind="stable")]
        _, sizes = np.unique(query[order], return_counts=True)
        pieces = [piece for size in sizes for piece in _split(int(size))]
        return lightgbm.Dataset(
            matrix.values[order], grades[order], group=pieces, reference=of, categorical_feature=matrix.categorical,
            params={"verbosity": -1},
        )  # fmt: skip


def graded(relevance: NDArray[np.float64]) -> NDArray[np.int64]:
    """Relevance as grades 0, 1, 2, …: as it is where it is such, else by its order, at most `LEVELS` of them."""
    whole = np.rint(relevance)
    if np.array_equal(whole, relevance) and relevance.min() >= 0 and relevance.max() < LEVELS:
        return whole.astype(np.int64)
    values, codes = np.unique(relevance, return_inverse=True)
    return (codes * (min(LEVELS, len(values)) - 1) // max(1, len(values) - 1)).astype(np.int64)


def _split(size: int) -> list[int]:
    """A query of more rows than LightGBM takes, in parts."""
    return [min(MOST_ROWS, size - low) for low in range(0, size, MOST_ROWS)]
