"""Histogram gradient boosting from scikit-learn: where LightGBM cannot be loaded (no libgomp)."""

from __future__ import annotations

from typing import Any

import numpy as np

from podium.protocol import Context
from podium.recipes.tabular.boosted import Boosted, Labelled
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.target import Floats, Target

LOSSES = {"l2": "squared_error", "l1": "absolute_error"}


class HistGradientBoosting(Boosted):
    """`params` are scikit-learn's names: learning_rate, max_leaf_nodes, min_samples_leaf, l2_regularization, …"""

    def _boost(
        self, data: Labelled, held: Labelled, rounds: int, target: Target, ctx: Context, keep_s: float
    ) -> tuple[Any, int]:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        common = {
            "max_iter": rounds,
            "random_state": ctx.seed,
            "categorical_features": data.categorical or None,
            "early_stopping": len(held) > 0,
            "n_iter_no_change": max(1, self.patience),
            **self.params,
        }
        if target.is_classification:
            model: Any = HistGradientBoostingClassifier(**common)
        else:
            model = HistGradientBoostingRegressor(loss=LOSSES[target.loss], **common)
        watched = {"X_val": held.values, "y_val": held.label} if len(held) else {}
        model.fit(data.values, data.label, sample_weight=data.weight, **watched)
        return model, int(model.n_iter_)

    def _boosted(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        if not self.target.is_classification:
            return [np.asarray(model.predict(matrix.values)) for model in self.boosters]
        if self.target.loss == "multiclass":
            full = np.zeros((len(matrix.values), self.target.n_classes))
            full[:, self.boosters[0].classes_.astype(int)] = self.boosters[0].predict_proba(matrix.values)
            return [full]
        return [np.asarray(model.predict_proba(matrix.values)[:, 1]) for model in self.boosters]
