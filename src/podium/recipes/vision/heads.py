"""Models of what images tell: the tabular families, on a picture's numbers and the columns beside it.

`clean`: before the fit, rows whose labels are likely wrong are found out of fold, and left out (`clean.py`); of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.forest import ExtraTrees
from podium.recipes.tabular.kernel import KernelRidge
from podium.recipes.tabular.knn import KNN
from podium.recipes.tabular.linear import Linear
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.mlp import MLP
from podium.recipes.tabular.model import TabularModel
from podium.recipes.tabular.target import Floats
from podium.recipes.vision import clean
from podium.recipes.vision.encoder import PictureEncoder

FOLDS = 4
SMALL = 400  # rows below which more folds leave each judge enough


class Pictured(TabularModel):
    """Encodes images and table; `clean` filters labels first."""

    def __init__(self, features: Mapping[str, Any] | None = None, clean: bool = False, **params: Any) -> None:
        super().__init__(features, **params)
        self.features.pop("files", None)
        self.clean = clean

    def _encoder(self) -> Encoder:
        return PictureEncoder(self.view, **self.features)  # type: ignore[return-value]

    def fit(self, train: Rows, ctx: Context) -> Self:
        if self.clean and train.y is not None and ctx.task_type.endswith("classification") and train.y.ndim == 1:
            wrong = suspected(train, self.features, ctx)
            self.notes["left_out"] = int(wrong.sum())
            train = train.take(np.flatnonzero(~wrong))
        return super().fit(train, ctx)

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        if isinstance(self.encoder, PictureEncoder):
            self.encoder.here(ctx)
        return super().predict(rows, ctx)


def suspected(train: Rows, features: Mapping[str, Any], ctx: Context) -> NDArray[np.bool_]:
    """Rows whose labels linear models of these features find wrong, each model of rows that it was not fitted on."""
    assert train.y is not None
    labels = train.y.astype(np.int64)
    encoder = PictureEncoder("dense", **{"components": 100, **features})
    values = encoder.fit_transform(train, ctx).values.astype(np.float64)

    def judge(fitted: NDArray[np.int64], held: NDArray[np.int64]) -> Floats:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=0.03, max_iter=100).fit(values[fitted], labels[fitted])
        shares = np.zeros((len(held), int(labels.max()) + 1))
        shares[:, model.classes_] = model.predict_proba(values[held])
        return shares

    folds = 2 * FOLDS if len(labels) < SMALL else FOLDS
    return clean.suspects(labels, clean.judged(labels, judge, folds, ctx.seed))


class PictureLinear(Pictured, Linear):
    """Logistic or ridge regression."""


class PictureKernel(Pictured, KernelRidge):
    """Kernel ridge regression."""


class PictureKNN(Pictured, KNN):
    """Nearest neighbours."""


class PictureForest(Pictured, ExtraTrees):
    """Extremely randomised trees."""


class PictureMLP(Pictured, MLP):
    """A small perceptron."""


class PictureLDA(Pictured):
    """Linear discriminants with a covariance shrunk after Ledoit and Wolf (2004): many classes of few rows each."""

    view: ClassVar[View] = "dense"

    def __init__(self, features: Mapping[str, Any] | None = None, clean: bool = False, sharpness: float = 0.7) -> None:
        super().__init__({"components": 150, **(features or {})}, clean)
        self.sharpness = sharpness

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        assert train.y is not None
        labels = train.y.reshape(len(train), -1) if self.target.loss == "binary" else train.y[:, None]
        values = matrix.values.astype(np.float64)
        self.models = [
            LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(values, column)
            if len(np.unique(column)) > 1
            else float(column[0])
            for column in labels.T.astype(np.int64)
        ]

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        values = matrix.values.astype(np.float64)
        wide = self.target.n_classes or 2
        found = [_softened(model, values, wide, self.sharpness) for model in self.models]
        return found if self.target.loss == "multiclass" else [shares[:, 1] for shares in found]


def _softened(model: Any, values: Floats, classes: int, sharpness: float) -> Floats:
    """Probabilities whose log-odds are multiplied by `sharpness`: discriminants are too sure of themselves."""
    out = np.zeros((len(values), classes))
    if isinstance(model, float):
        out[:, int(model)] = 1.0
        return out
    logs = sharpness * model.predict_log_proba(values).clip(-500, 0)
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    out[:, model.classes_] = shares / shares.sum(axis=1, keepdims=True)
    return out
