"""Forests: extremely randomised trees (Geurts et al. 2006) and random forests (Breiman 2001), from scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import MARGIN_S, TabularModel
from podium.recipes.tabular.target import Floats

BATCH = 25  # trees grown between two looks at the clock


class ExtraTrees(TabularModel):
    """`trees` at most. Several outputs share the trees, multi-label too; probabilities are leaf shares."""

    view: ClassVar[View] = "forest"
    family: ClassVar[str] = "ExtraTrees"

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        trees: int = 200,
        min_samples_leaf: int = 2,
        max_features: float | str = "sqrt",
        **params: Any,
    ) -> None:
        super().__init__(features, curve)
        self.trees = trees
        self.params = {"min_samples_leaf": min_samples_leaf, "max_features": max_features, **params}

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        import sklearn.ensemble

        assert train.y is not None
        kind = "Classifier" if self.target.is_classification else "Regressor"
        self.forest = getattr(sklearn.ensemble, self.family + kind)(
            n_estimators=0, warm_start=True, n_jobs=ctx.cores, random_state=ctx.seed, **self.params
        )
        labels = np.column_stack(self.target.columns(train.y))
        labels = labels[:, 0] if labels.shape[1] == 1 else labels
        while self.forest.n_estimators < self.trees and (not self.forest.n_estimators or ctx.time_left() > MARGIN_S):
            self.forest.n_estimators = min(self.trees, self.forest.n_estimators + BATCH)
            self.forest.fit(matrix.values, labels, sample_weight=train.weight)
        self.notes["trees"] = self.forest.n_estimators

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        self.forest.n_jobs = ctx.cores
        if not self.target.is_classification:
            return [np.asarray(self.forest.predict(matrix.values))]
        shares, known = self.forest.predict_proba(matrix.values), self.forest.classes_
        if self.target.loss == "multiclass":
            full = np.zeros((len(matrix.values), self.target.n_classes))
            full[:, known.astype(int)] = shares
            return [full]
        if not isinstance(shares, list):
            shares, known = [shares], [known]
        return [_positive(part, classes) for part, classes in zip(shares, known, strict=True)]


class RandomForest(ExtraTrees):
    """Bootstrapped trees with the best split of each column."""

    family: ClassVar[str] = "RandomForest"


def _positive(shares: Floats, classes: Any) -> Floats:
    """Share of the positive class, zero where training saw none of it."""
    at = np.flatnonzero(np.asarray(classes) == 1)
    return np.asarray(shares[:, at[0]]) if len(at) else np.zeros(len(shares))
