"""Quantile regression forest (Meinshausen 2006): quantiles of training labels, weighted by how often they share a leaf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from podium.metrics.distributions import levels_in
from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.model import MARGIN_S

MOST = 8_000  # training rows whose labels are weighed: more change little and cost memory and time
CHUNK = 500  # rows predicted at a time
BATCH = 25  # trees grown between two looks at the clock


class QuantileForest:
    """`features` of `tabular.Encoder`. `trees` at most, extremely randomised, with leaves of at least `leaf` rows."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, trees: int = 100, leaf: int = 8, max_features: float = 0.5
    ) -> None:
        self.features, self.trees, self.leaf, self.max_features = dict(features or {}), trees, leaf, max_features
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        from sklearn.ensemble import ExtraTreesRegressor

        assert train.y is not None, "fit needs labelled rows"
        self.encoder = Encoder(view="forest", **self.features)
        values = self.encoder.fit_transform(train, ctx).values
        self.forest = ExtraTreesRegressor(
            n_estimators=0, warm_start=True, n_jobs=ctx.cores, random_state=ctx.seed, min_samples_leaf=self.leaf,
            max_features=self.max_features,
        )  # fmt: skip
        while self.forest.n_estimators < self.trees and (not self.forest.n_estimators or ctx.time_left() > MARGIN_S):
            self.forest.n_estimators = min(self.trees, self.forest.n_estimators + BATCH)
            self.forest.fit(values, train.y, sample_weight=train.weight)
        order = np.random.default_rng(ctx.seed).permutation(len(train))[:MOST]
        order = order[np.argsort(train.y[order], kind="stable")]
        self.labels, self.weight = np.asarray(train.y[order], dtype=np.float64), train.weight[order]
        self.sizes = np.array([tree.tree_.node_count for tree in self.forest.estimators_])
        self.members = self._leaves(values[order])  # (rows, nodes), a one in each tree
        self.notes["trees"] = self.forest.n_estimators
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        self.forest.n_jobs = ctx.cores
        asked, levels = self._leaves(self.encoder.transform(rows).values), np.asarray(levels_in(ctx.metric))
        weighed = scipy.sparse.diags(self.weight) @ self.members
        size = np.maximum(np.asarray(weighed.sum(axis=0)).ravel(), 1e-12)
        shares = (
            weighed @ scipy.sparse.diags(1.0 / size)
        ).T.tocsr()  # (nodes, training rows): each leaf's rows sum to 1
        out = np.empty((len(rows), len(levels)))
        for start in range(0, len(rows), CHUNK):
            part = np.cumsum((asked[start : start + CHUNK] @ shares).toarray(), axis=1)
            part /= np.maximum(part[:, -1:], 1e-12)
            for k, level in enumerate(levels):
                out[start : start + CHUNK, k] = self.labels[
                    np.minimum((part < level).sum(axis=1), len(self.labels) - 1)
                ]
        return Dense(out)

    def _leaves(self, values: NDArray[np.float32]) -> Any:
        """Which leaf of each tree a row falls into, as a sparse `(n, nodes of all trees)` of ones."""
        first = np.concatenate(([0], np.cumsum(self.sizes)))
        nodes = self.forest.apply(values) + first[:-1]
        n, trees = nodes.shape
        at = np.repeat(np.arange(n), trees)
        return scipy.sparse.csr_matrix((np.ones(n * trees), (at, nodes.ravel())), shape=(n, int(first[-1])))
