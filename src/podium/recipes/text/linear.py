"""Linear models on TF-IDF, one against the rest: logistic regression, support vectors, ridge; plain or NB-weighted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from podium.protocol import Context, Rows
from podium.recipes.tabular.model import split_positions
from podium.recipes.tabular.target import Target
from podium.recipes.text.evidence import kind_of, tally, weights
from podium.recipes.text.fields import Beside
from podium.recipes.text.model import Floats, TextModel, append, probabilities
from podium.recipes.text.vocabulary import binary, tfidf

Loss = Literal["logistic", "hinge"]
PASSES = 60  # of the dual coordinate descent; it converges in fewer at this tolerance
TOLERANCE = 0.1  # liblinear's default for the dual; a tighter one changed no score
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)  # tried on held-back rows to calibrate
CERTAIN = 12.0  # log-odds of an output that training rows show only one value of


class TfidfLinear(TextModel):
    """TF-IDF and a linear model for each output (Fan et al. 2008, LIBLINEAR's dual coordinate descent).

    C       inverse regularisation; several values: the best on held-back rows is taken
    loss    logistic or hinge (calibrated on held-back rows); values are fitted by ridge, strength 1 / C
    table   also the columns that are not texts, scaled or one-hot, times this factor (0: leave them out)
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        C: float | list[float] = 10.0,
        loss: Loss = "logistic",
        table: float = 0.3,
    ) -> None:
        super().__init__(features)
        self.C, self.loss, self.table = C, loss, table

    def _fit(self, train: Rows, texts: list[pl.Series], ctx: Context) -> None:
        assert train.y is not None
        self.vocabulary = self._vocabulary(self._grams())
        counts = self.vocabulary.fit_transform(texts)
        self.beside = Beside(target=False)
        dense = self.beside.fit_transform(train, ctx) if self.table else np.empty((len(train), 0), np.float32)
        self.idf, self.scale = self.vocabulary.idf(), 1.0
        labels = self.target.matrix(train.y)
        chosen = self._choose(counts, dense, labels, train, ctx)
        self._fit_outputs(counts, dense, labels, train.weight, chosen, ctx.seed)
        self.notes = {"n_grams": counts.shape[1], "C": chosen, "scale": self.scale}

    def _predict(self, rows: Rows, texts: list[pl.Series], ctx: Context) -> Floats:
        counts = self.vocabulary.transform(texts)
        dense = self.beside.transform(rows) if self.table else np.empty((len(rows), 0), np.float32)
        return self._answer(self.scale * self._scores(counts, dense))

    def _choose(
        self, counts: sp.csr_matrix, dense: NDArray[np.float32], labels: Floats, train: Rows, ctx: Context
    ) -> float:
        """The best of several C, and the scale of the scores, on rows held back from a trial fit."""
        candidates = self.C if isinstance(self.C, list) else [self.C]
        if len(candidates) == 1 and not (self.loss == "hinge" and self.target.is_classification):
            return candidates[0]
        most, held = split_positions(train, ctx, 0.15)
        best = (np.inf, candidates[0], 1.0)
        for candidate in candidates:
            self._fit_outputs(counts[most], dense[most], labels[most], train.weight[most], candidate, ctx.seed)
            scores = self._scores(counts[held], dense[held])
            for scale in SCALES if self.target.is_classification else (1.0,):
                loss = _loss(self._answer(scale * scores), labels[held], self.target)
                best = min(best, (loss, candidate, scale))
        self.scale = best[2]
        return best[1]

    def _answer(self, scores: Floats) -> Floats:
        return probabilities(scores, self.target) if self.target.is_classification else scores

    def _fit_outputs(
        self,
        counts: sp.csr_matrix,
        dense: NDArray[np.float32],
        labels: Floats,
        weight: Floats,
        strength: float,
        seed: int,
    ) -> None:
        """One row of `coefficients` `(k, n-grams + table)` and one of `intercepts` `(k,)` for each output."""
        matrix = tfidf(counts, self.idf)
        self.ratios = self._ratios(counts, labels, weight)
        self.coefficients = np.zeros((labels.shape[1], matrix.shape[1] + dense.shape[1]), np.float32)
        self.intercepts = np.zeros(labels.shape[1])
        for k in range(labels.shape[1]):
            columns = append(_weigh(matrix, self.ratios, k), self.table * dense)
            self.coefficients[k], self.intercepts[k] = self._fit_one(columns, labels[:, k], weight, strength, seed)

    def _fit_one(
        self, columns: sp.csr_matrix, label: Floats, weight: Floats, strength: float, seed: int
    ) -> tuple[NDArray[np.float32], float]:
        if not self.target.is_classification:
            model = Ridge(alpha=1 / strength, solver="sparse_cg", tol=1e-3, max_iter=100)
        elif len(np.unique(label > 0.5)) < 2:
            return np.zeros(columns.shape[1], np.float32), CERTAIN if label[0] > 0.5 else -CERTAIN
        elif self.loss == "hinge":
            model = LinearSVC(C=strength, dual=True, tol=TOLERANCE, max_iter=PASSES, random_state=seed)
        else:
            model = LogisticRegression(
                C=strength, solver="liblinear", dual=True, tol=TOLERANCE, max_iter=PASSES, random_state=seed
            )
        answer = label > 0.5 if self.target.is_classification else label
        model.fit(columns, answer, sample_weight=None if (weight == 1).all() else weight)
        return model.coef_.ravel(), float(np.ravel(model.intercept_)[0])

    def _ratios(self, counts: sp.csr_matrix, labels: Floats, weight: Floats) -> NDArray[np.float32] | None:
        """A weight for each output and n-gram, `(k, n-grams)`; None: all ones."""
        return None

    def _scores(self, counts: sp.csr_matrix, dense: NDArray[np.float32]) -> Floats:
        matrix, width = tfidf(counts, self.idf), counts.shape[1]
        slopes = self.coefficients[:, :width] * (1 if self.ratios is None else self.ratios)
        beside = self.table * dense @ self.coefficients[:, width:].T
        return np.asarray(matrix @ slopes.T + beside + self.intercepts, dtype=np.float64)


class NbSvm(TfidfLinear):
    """A linear model on TF-IDF weighted by naive-Bayes log-count ratios (Wang & Manning 2012, "Baselines and bigrams").

    alpha   added to every n-gram's count in every class
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        C: float | list[float] = 10.0,
        alpha: float = 0.1,
        loss: Loss = "logistic",
        table: float = 0.3,
    ) -> None:
        super().__init__(features, C, loss, table)
        self.alpha = alpha

    def _ratios(self, counts: sp.csr_matrix, labels: Floats, weight: Floats) -> NDArray[np.float32] | None:
        centred = labels if self.target.is_classification else labels - labels.mean(axis=0)
        kind = kind_of(self.target, complement=True)
        ratios = weights(tally(binary(counts), centred, weight), kind, self.alpha)
        return ratios if self.target.is_classification else ratios / (ratios.std() + 1e-9)


def _weigh(matrix: sp.csr_matrix, ratios: NDArray[np.float32] | None, k: int) -> sp.csr_matrix:
    if ratios is None:
        return matrix
    return sp.csr_matrix((matrix.data * ratios[k][matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape)


def _loss(answer: Floats, labels: Floats, target: Target) -> float:
    """Log loss of probabilities, mean squared error of values."""
    if not target.is_classification:
        return float(np.mean((answer - labels) ** 2))
    right = np.clip(answer, 1e-9, 1 - 1e-9)
    if target.loss == "multiclass":
        return float(-np.mean(np.log((right * labels).sum(axis=1))))
    return float(-np.mean(labels * np.log(right) + (1 - labels) * np.log(1 - right)))
