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
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import TabularModel
from podium.recipes.tabular.target import Floats

WIDTHS = (0.5, 1.0, 2.0, 4.0)  # multiples of the root of the number of columns
PROBE = 900  # rows on which they are chosen
PENALTIES = np.logspace(-4, 1.5, 12)
BLOCK = 8_000_000  # similarities that are held at a time as new rows are predicted


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
        self.width, self.penalties = self._choose(labels - self.mean, ctx.seed)
        self.weights, left = self._solve(labels - self.mean)
        self.notes["width"], self.notes["penalty"] = self.width, self.penalties
        if self.target.is_classification:
            self._calibrate(left + self.mean, train.y[keep])

    def _choose(self, centred: Floats, seed: int) -> tuple[float, list[float]]:
        """Width and the penalty of each output, by leave-one-out error on at most PROBE rows."""
        probe = np.random.default_rng(seed).permutation(len(centred))[:PROBE]
        places, centred, trials = self.places[probe], centred[probe], []
        for width in np.array(WIDTHS) * np.sqrt(max(1, places.shape[1])):
            values, vectors = np.linalg.eigh(self._gram(places, places, float(width)))
            turned, squared = vectors.T @ centred, vectors**2
            losses = np.empty((len(PENALTIES), centred.shape[1]))
            for k, penalty in enumerate(PENALTIES):
                inverse = 1.0 / (np.maximum(values, 0) + penalty)
                error = (vectors @ (inverse[:, None] * turned)) / (squared @ inverse)[:, None]
                losses[k] = (error**2).mean(axis=0) / (centred.var(axis=0) + 1e-12)
            best = losses.argmin(axis=0)
            trials.append((float(losses.min(axis=0).sum()), float(width), [float(PENALTIES[k]) for k in best]))
        return min(trials)[1:]

    def _solve(self, centred: Floats) -> tuple[Floats, Floats]:
        """Weights and leave-one-out predictions, `(n, k)` each."""
        from scipy.linalg import cho_factor, cho_solve

        gram = self._gram(self.places, self.places, self.width)
        weights, left = np.empty_like(centred), np.empty_like(centred)
        for penalty in sorted(set(self.penalties)):
            columns = np.flatnonzero(np.array(self.penalties) == penalty)
            inverse = cho_solve(cho_factor(gram + penalty * np.eye(len(gram))), np.eye(len(gram)))
            weights[:, columns] = inverse @ centred[:, columns]
            left[:, columns] = centred[:, columns] - weights[:, columns] / np.diag(inverse)[:, None]
        return weights, left

    def _gram(self, values: Floats, places: Floats, width: float) -> Floats:
        if self.kernel == "laplace":
            from scipy.spatial.distance import cdist

            return np.asarray(np.exp(-cdist(values, places, "cityblock") / (width * np.sqrt(values.shape[1]))))
        squares = (values**2).sum(axis=1)[:, None] + (places**2).sum(axis=1) - 2 * values @ places.T
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
        raw = np.empty((len(matrix.values), len(self.mean)))
        step = max(1, BLOCK // max(1, len(self.places)))
        for at in range(0, len(raw), step):
            values = matrix.values[at : at + step].astype(np.float64)
            raw[at : at + step] = self._gram(values, self.places, self.width) @ self.weights + self.mean
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
