"""Kernel ridge regression (equivalently, the mean of a Gaussian process) for small data.

Width and penalty are chosen by exact leave-one-out error, which one eigendecomposition a width gives for all penalties
(Rifkin & Lippert 2007). Classes are learned as values and turned to probabilities by a logistic model of the
leave-one-out predictions (Platt 1999), so no row calibrates itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from podium.protocol import Context, Rows
from podium.recipes.tabular.encoder import Matrix, View
from podium.recipes.tabular.model import TabularModel
from podium.recipes.tabular.target import Floats

WIDTHS = (0.5, 1.0, 2.0, 4.0)  # multiples of the root of the number of columns
PENALTIES = np.logspace(-4, 1.5, 12)


class KernelRidge(TabularModel):
    """`kernel`: rbf or laplace (rougher). At most `rows` training rows are kept, drawn by the seed: cost is cubic."""

    view: ClassVar[View] = "dense"

    def __init__(
        self, features: Mapping[str, Any] | None = None, curve: str | None = None, kernel: str = "rbf", rows: int = 2500
    ) -> None:
        super().__init__(features, curve)
        self.kernel, self.rows = kernel, rows

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        assert train.y is not None
        keep = np.arange(len(train))
        if len(keep) > self.rows:
            keep = np.sort(np.random.default_rng(ctx.seed).choice(len(keep), self.rows, replace=False))
        self.places = matrix.values[keep].astype(np.float64)
        labels = self.target.matrix(train.y)[keep]
        self.mean = labels.mean(axis=0)
        spread = np.sqrt(max(1, self.places.shape[1]))
        trials = [self._solve(width * spread, labels - self.mean) for width in WIDTHS]
        best = min(trials, key=lambda trial: trial[0])
        self.width, self.weights = best[1], best[2]
        self.notes["width"], self.notes["penalty"] = self.width / spread, best[4]
        if self.target.is_classification:
            self._calibrate(best[3] + self.mean, train.y[keep])

    def _solve(self, width: float, centred: Floats) -> tuple[float, float, Floats, Floats, list[float]]:
        """Leave-one-out error, width, weights, leave-one-out predictions, penalties; a penalty for each output."""
        gram = self._gram(self.places, width)
        values, vectors = np.linalg.eigh(gram)
        turned, squared = vectors.T @ centred, vectors**2
        total, weights, left, chosen = 0.0, np.empty_like(centred), np.empty_like(centred), []
        for k in range(centred.shape[1]):
            trials = []
            for penalty in PENALTIES:
                inverse = 1.0 / (np.maximum(values, 0) + penalty)
                weight = vectors @ (inverse * turned[:, k])
                error = weight / (squared @ inverse)
                trials.append((float(np.mean(error**2)), float(penalty), weight, centred[:, k] - error))
            best = min(trials, key=lambda trial: trial[0])
            total += best[0] / (float(np.var(centred[:, k])) + 1e-12)
            chosen.append(best[1])
            weights[:, k], left[:, k] = best[2], best[3]
        return total, width, weights, left, chosen

    def _gram(self, values: Floats, width: float) -> Floats:
        if self.kernel == "laplace":
            from scipy.spatial.distance import cdist

            return np.asarray(np.exp(-cdist(values, self.places, "cityblock") / (width * np.sqrt(values.shape[1]))))
        squares = (values**2).sum(axis=1)[:, None] + (self.places**2).sum(axis=1) - 2 * values @ self.places.T
        return np.asarray(np.exp(-np.maximum(squares, 0) / (2 * width**2)))

    def _calibrate(self, left: Floats, labels: Any) -> None:
        from sklearn.linear_model import LogisticRegression

        columns = [labels] if self.target.loss == "multiclass" else list(labels.reshape(len(labels), -1).T)
        self.scales = []
        for k, column in enumerate(columns):
            scores = left if self.target.loss == "multiclass" else left[:, [k]]
            constant = len(np.unique(column)) < 2
            self.scales.append(None if constant else LogisticRegression(C=10.0, max_iter=200).fit(scores, column))

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        raw = self._gram(matrix.values.astype(np.float64), self.width) @ self.weights + self.mean
        if not self.target.is_classification:
            return [raw]
        if self.target.loss == "multiclass":
            full, scale = np.zeros((len(raw), self.target.n_classes)), self.scales[0]
            if scale is None:
                return [np.tile(self.mean, (len(raw), 1))]
            full[:, scale.classes_.astype(int)] = scale.predict_proba(raw)
            return [full]
        return [
            raw[:, k] if scale is None else scale.predict_proba(raw[:, [k]])[:, 1]
            for k, scale in enumerate(self.scales)
        ]
