"""Naive Bayes on many kinds of n-grams, each n-gram's evidence made out of fold, weighed by a linear model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from podium.protocol import Context, Rows
from podium.recipes.text.evidence import Tally, kind_of, tally, weights
from podium.recipes.text.fields import Beside
from podium.recipes.text.model import Floats, TextModel, probabilities
from podium.recipes.text.pairs import PairSimilarity
from podium.recipes.text.peers import Peers, recurring
from podium.recipes.text.style import style
from podium.recipes.text.vocabulary import Vocabulary, binary

STACK_GRAMS = ("word 1-1", "word 1-2", "word 1-3", "word 1-2 lower", "char 2-5", "char 5-6")


class Evidence:
    """Columns of evidence for each output: of each kind of n-grams, at each smoothing `alpha`.

    A row's n-grams are summed, and summed over the root of their number, because long texts speak louder than surely.
    """

    def __init__(self, vocabularies: list[Vocabulary], alphas: tuple[float, ...], complement: bool, folds: int) -> None:
        self.vocabularies, self.alphas, self.complement, self.folds = vocabularies, alphas, complement, folds

    def fit_transform(self, texts: list[pl.Series], labels: Floats, train: Rows, model: TextModel) -> Floats:
        """`(rows, columns)`, each row's evidence counted on the other inner folds."""
        kind = kind_of(model.target, self.complement)
        self.centre = np.zeros(labels.shape[1]) if model.target.is_classification else labels.mean(axis=0)
        labels = labels - self.centre
        fold_of = inner_folds(train, self.folds)
        self.tables: list[list[NDArray[np.float32]]] = []
        columns = []
        for vocabulary in self.vocabularies:
            presence = binary(vocabulary.fit_transform(texts))
            parts = [presence[fold_of == fold] for fold in range(self.folds)]
            tallies = [
                tally(part, labels[fold_of == fold], train.weight[fold_of == fold]) for fold, part in enumerate(parts)
            ]
            whole = Tally(sum(t.positive for t in tallies), sum(t.total for t in tallies))  # type: ignore[arg-type]
            self.tables.append([weights(whole, kind, alpha) for alpha in self.alphas])
            evidence = np.empty((len(labels), len(self.alphas) * labels.shape[1]))
            for fold, part in enumerate(parts):
                tables = [weights(whole - tallies[fold], kind, alpha) for alpha in self.alphas]
                evidence[fold_of == fold] = np.hstack([part @ table.T for table in tables])
            columns.append(_both_lengths(evidence, presence))
        return np.hstack(columns)

    def transform(self, texts: list[pl.Series]) -> Floats:
        return np.hstack(list(self._columns(texts)))

    def _columns(self, texts: list[pl.Series]) -> Iterator[Floats]:
        for vocabulary, tables in zip(self.vocabularies, self.tables, strict=True):
            presence = binary(vocabulary.transform(texts))
            yield _both_lengths(np.hstack([presence @ table.T for table in tables]), presence)


class NbStack(TextModel):
    """`Evidence` and, beside it, the columns that are not texts; on top logistic regression (values: ridge).

    features: as every text model, and style (how a text is written), pairs (how alike the texts of a row are).

    alphas      smoothing of the n-gram counts
    complement  count each class against the rest (Rennie et al. 2003) instead of each for itself
    C           inverse regularisation of the top
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        alphas: tuple[float, ...] = (0.03, 0.3),
        complement: bool = False,
        C: float = 0.1,
        folds: int = 5,
    ) -> None:
        super().__init__({"grams": list(STACK_GRAMS), "style": False, "pairs": False, **(features or {})})
        self.alphas, self.complement, self.C, self.folds = tuple(alphas), complement, C, folds

    def _fit(self, train: Rows, texts: list[pl.Series], ctx: Context) -> None:
        assert train.y is not None
        labels = self.target.matrix(train.y)
        vectors = len(self._kinds()) * len(self.alphas)
        vocabularies = [self._vocabulary(grams, vectors) for grams in self._kinds()]
        self.evidence = Evidence(vocabularies, self.alphas, self.complement, self.folds)
        self.beside = Beside(target=True)
        self.similarity = PairSimilarity().fit(texts) if self.features["pairs"] and len(texts) > 1 else None
        evidence = self.evidence.fit_transform(texts, labels, train, self)
        beside = self.beside.fit_transform(train, ctx)
        told = self._label_free(train, texts, ctx)
        columns = np.hstack([evidence, beside, *told, *self._fit_peers(texts, labels, train)])
        self.notes = {"columns": columns.shape[1], "n_grams": sum(t[0].shape[1] for t in self.evidence.tables)}
        self._fit_top(columns, labels, train, ctx)

    def _predict(self, rows: Rows, texts: list[pl.Series], ctx: Context) -> Floats:
        evidence, beside = self.evidence.transform(texts), self.beside.transform(rows)
        peers = [peers.transform(texts) for peers in self.peers]
        return self._predict_top(np.hstack([evidence, beside, *self._label_free(rows, texts, ctx), *peers]))

    def _fit_peers(self, texts: list[pl.Series], labels: Floats, train: Rows) -> list[Floats]:
        self.peers = [Peers(*pair) for pair in recurring(texts)] if self.features["pairs"] else []
        fold_of = inner_folds(train, self.folds)
        return [peers.fit_transform(texts, labels, fold_of) for peers in self.peers]

    def _label_free(self, rows: Rows, texts: list[pl.Series], ctx: Context) -> list[Floats]:
        parts: list[Floats] = [style(column) for column in texts] if self.features["style"] else []
        return parts + ([self.similarity.transform(texts)] if self.similarity else [])

    def _kinds(self) -> list[tuple[str, ...]]:
        """Each kind of n-grams is counted, and speaks, for itself."""
        return [(grams,) for grams in self._grams()]

    def _fit_top(self, columns: Floats, labels: Floats, train: Rows, ctx: Context) -> None:
        self.scaler = StandardScaler().fit(columns)
        scaled, weight = self.scaler.transform(columns), train.weight
        if not self.target.is_classification:
            self.tops: list[Any] = [Ridge(alpha=1 / self.C).fit(scaled, labels, sample_weight=weight)]
        elif self.target.loss == "multiclass":
            self.tops = [_logistic(scaled, labels.argmax(axis=1), weight, self.C)]
        else:
            self.tops = [_logistic(scaled, label > 0.5, weight, self.C) for label in labels.T]

    def _predict_top(self, columns: Floats) -> Floats:
        scaled = self.scaler.transform(columns)
        if not self.target.is_classification:
            return np.asarray(self.tops[0].predict(scaled)).reshape(len(columns), -1)
        if self.target.loss == "binary":
            return np.column_stack([_positive(top, scaled) for top in self.tops])
        out = np.full((len(columns), self.target.n_classes), -30.0)
        top = self.tops[0]
        if isinstance(top, float):
            out[:, int(top)] = 0.0
        elif len(top.classes_) == 2:
            out[:, top.classes_] = np.column_stack([np.zeros(len(scaled)), top.decision_function(scaled)])
        else:
            out[:, top.classes_] = top.decision_function(scaled)
        return probabilities(out, self.target)


class NaiveBayes(NbStack):
    """Naive Bayes on all n-grams together, its evidence rescaled out of fold so that it is calibrated."""

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        alphas: tuple[float, ...] = (0.1,),
        complement: bool = False,
        C: float = 1.0,
        folds: int = 5,
    ) -> None:
        super().__init__({"grams": ["word 1-2"], **(features or {})}, alphas, complement, C, folds)

    def _kinds(self) -> list[tuple[str, ...]]:
        return [self._grams()]


def inner_folds(train: Rows, folds: int) -> NDArray[np.int64]:
    """A fold for each training row: whole groups, blocks of time, else every fifth row (rows come shuffled)."""
    if train.groups is not None:
        _, codes = np.unique(train.groups, return_inverse=True)
        return np.asarray(codes % folds, dtype=np.int64)
    if train.times is not None:
        rank = np.argsort(np.argsort(train.times, kind="stable"), kind="stable")
        return np.asarray(rank * folds // len(train), dtype=np.int64)
    return np.arange(len(train), dtype=np.int64) % folds


def _both_lengths(evidence: Floats, presence: sp.csr_matrix) -> Floats:
    root = np.sqrt(np.diff(presence.indptr)[:, None] + 1.0)
    return np.hstack([evidence, evidence / root])


def _logistic(columns: Floats, label: NDArray[Any], weight: Floats, strength: float) -> Any:
    """A fitted model, or the only value there is."""
    if len(np.unique(label)) < 2:
        return float(label[0])
    return LogisticRegression(C=strength, max_iter=300).fit(columns, label, sample_weight=weight)


def _positive(top: Any, columns: Floats) -> Floats:
    if isinstance(top, float):
        return np.full(len(columns), np.clip(top, 1e-5, 1 - 1e-5))
    return np.asarray(top.predict_proba(columns)[:, 1])
