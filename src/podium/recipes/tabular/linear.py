"""Linear models on scaled and one-hot columns, their penalty chosen on the training rows alone."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import TabularModel, split_positions
from podium.recipes.tabular.target import Floats

ALPHAS = np.logspace(-1, 4, 16)
PENALTIES = (0.003, 0.03, 0.3, 3.0)


class Linear(TabularModel):
    """Ridge (penalty by leave-one-out) or lasso for values; logistic regression (penalty on held-back rows) for classes.

    `mix`: share of the L1 penalty for values; 0 is ridge.
    """

    view: ClassVar[View] = "dense"

    def __init__(
        self, features: Mapping[str, Any] | None = None, curve: str | None = None, mix: float = 0.0, **params: Any
    ) -> None:
        super().__init__(features, curve)
        self.mix, self.params = mix, params

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        assert train.y is not None
        values = matrix.values.astype(np.float64)
        labels = self.target.columns(train.y)
        fitted: list[tuple[Any, Any]]
        if self.target.is_classification:
            most, held = split_positions(train, ctx, 0.2)
            fitted = [self._logistic(values, label, train.weight, most, held) for label in labels]
        elif self.mix == 0 and len(labels) > 1:
            fitted = [_ridges(values, np.column_stack(labels), train.weight)]
        else:
            fitted = [self._least_squares(values, label, train.weight, ctx) for label in labels]
        self.models = [model for model, _ in fitted]
        self.notes["penalty"] = [penalty for _, penalty in fitted]

    def _least_squares(self, values: Floats, label: Floats, weight: Floats, ctx: Context) -> tuple[Any, float]:
        from sklearn.linear_model import ElasticNetCV, RidgeCV

        if self.mix == 0:
            model = RidgeCV(ALPHAS).fit(values, label, sample_weight=weight)
        else:
            strongest = np.abs(values.T @ (weight * (label - label.mean()))).max() / (weight.sum() * self.mix)
            path = max(float(strongest), 1e-9) * np.logspace(0, -3.5, 30)
            model = ElasticNetCV(l1_ratio=self.mix, cv=5, alphas=path, max_iter=2000, random_state=ctx.seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a path's last, least penalised models may not converge; CV drops them
                model.fit(values, label, sample_weight=weight)
        return model, float(model.alpha_)

    def _logistic(
        self, values: Floats, label: NDArray[Any], weight: Floats, most: NDArray[np.intp], held: NDArray[np.intp]
    ) -> tuple[Any, float]:
        if len(np.unique(label)) < 2:
            return _Constant(float(label[0])), 0.0
        losses = {}
        for penalty in PENALTIES:
            model = self._one_logistic(values[most], label[most], weight[most], penalty)
            shares = np.clip(_shares(model, values[held], int(label.max()) + 1), 1e-7, 1)
            losses[penalty] = -float(np.mean(np.log(shares[np.arange(len(held)), label[held].astype(int)])))
        best = min(losses, key=lambda penalty: losses[penalty])
        return self._one_logistic(values, label, weight, best), best

    def _one_logistic(self, values: Floats, label: NDArray[Any], weight: Floats, penalty: float) -> Any:
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(label)) < 2:  # a rare label that is held back altogether
            return _Constant(float(label[0]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lbfgs stopped at max_iter predicts as well as one that converged
            return LogisticRegression(C=penalty, max_iter=100, **self.params).fit(values, label, sample_weight=weight)

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        values = matrix.values.astype(np.float64)
        if self.target.loss == "multiclass":
            return [_shares(self.models[0], values, self.target.n_classes)]
        if self.target.loss == "binary":
            return [_shares(model, values, 2)[:, 1] for model in self.models]
        return [np.asarray(model.predict(values)) for model in self.models]


def _ridges(values: Floats, labels: Floats, weight: Floats) -> tuple[Any, list[float]]:
    """Several values at once: one decomposition of the columns serves all, each with a penalty of its own."""
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(ALPHAS, alpha_per_target=True).fit(values, labels, sample_weight=weight)
    return model, [float(alpha) for alpha in model.alpha_]


class _Constant:
    """The model of labels that are all alike."""

    def __init__(self, value: float) -> None:
        self.classes_ = np.array([value])

    def predict_proba(self, values: Floats) -> Floats:
        return np.ones((len(values), 1))


def _shares(model: Any, values: Floats, width: int) -> Floats:
    """Probabilities of classes 0 … width - 1; zero for one that training did not have."""
    out = np.zeros((len(values), width))
    out[:, model.classes_.astype(int)] = model.predict_proba(values)
    return out
