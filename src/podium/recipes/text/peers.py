"""What is known of like rows: where one text recurs (an anchor, a question), the labels of its rows whose other text is
alike. Kernel regression (Nadaraya 1964, Watson 1964) on TF-IDF similarity inside each group, out of fold in training."""

from __future__ import annotations

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.recipes.text.vocabulary import Vocabulary, tfidf

Floats = NDArray[np.float64]
GRAMS = ("char 2-4 lower", "word 1-1 lower")
RECURS = 0.3  # a text recurs when it has fewer distinct values than this share of rows
MOST_PAIRS = 30_000_000  # of rows that share a text: bounds memory and time
SHARPNESS = ((2, 0.3), (6, 0.02))  # powers of the similarity, and the weight of the overall mean beside it


def recurring(texts: list[pl.Series]) -> list[tuple[int, int]]:
    """Positions (text that recurs, other text) of the columns worth comparing."""
    out = []
    for group, series in enumerate(texts):
        sizes = series.value_counts(name="rows")["rows"].cast(pl.Int64)
        if len(sizes) < RECURS * len(series) and int((sizes**2).sum()) < MOST_PAIRS:
            out += [(group, other) for other in range(len(texts)) if other != group]
    return out


class Peers:
    """One pair of columns: for each output two sharpness levels of mean label; then how many and how close its peers are."""

    def __init__(self, group: int, other: int) -> None:
        self.group, self.other = group, other

    def fit_transform(self, texts: list[pl.Series], labels: Floats, fold_of: NDArray[np.int64]) -> Floats:
        """`(rows, 2 k + 2)`; a row's peers are those of the other inner folds."""
        self.vocabulary = Vocabulary(GRAMS)
        counts = self.vocabulary.fit_transform([texts[self.other]])
        groups = texts[self.group].unique(maintain_order=True)
        self.places = dict(zip(groups.to_list(), range(len(groups)), strict=True))
        self.centre = labels.mean(axis=0)
        self.labels = labels - self.centre
        weighed = tfidf(counts, self.vocabulary.idf())
        keys = self._keys(weighed, texts)
        self.keys = np.unique(keys)
        shape = (len(labels), len(self.keys))
        self.known = sp.csr_matrix((weighed.data, np.searchsorted(self.keys, keys), weighed.indptr), shape=shape)
        alike = (self.known @ self.known.T).tocoo()
        apart = fold_of[alike.row] != fold_of[alike.col]
        shape = (len(labels), len(labels))
        return self._columns(sp.csr_matrix((alike.data[apart], (alike.row[apart], alike.col[apart])), shape=shape))

    def transform(self, texts: list[pl.Series]) -> Floats:
        weighed = tfidf(self.vocabulary.transform([texts[self.other]]), self.vocabulary.idf())
        keys = self._keys(weighed, texts)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        data = np.where(self.keys[places] == keys, weighed.data, 0)
        shape = (weighed.shape[0], len(self.keys))
        return self._columns((sp.csr_matrix((data, places, weighed.indptr), shape=shape) @ self.known.T).tocsr())

    def _keys(self, weighed: sp.csr_matrix, texts: list[pl.Series]) -> NDArray[np.int64]:
        """A number for each n-gram of each group, so that one product compares rows of the same group alone."""
        codes = [self.places.get(value, -1) for value in texts[self.group].to_list()]
        groups = np.repeat(np.array(codes, np.int64), np.diff(weighed.indptr))
        return np.asarray(groups * weighed.shape[1] + weighed.indices, dtype=np.int64)

    def _columns(self, alike: sp.csr_matrix) -> Floats:
        columns = []
        for power, prior in SHARPNESS:
            sharp = alike.power(power)
            total = np.asarray(sharp.sum(axis=1)).reshape(-1, 1)
            columns.append(np.asarray(sharp @ self.labels) / (total + prior))
        closest = alike.max(axis=1).toarray() if alike.nnz else np.zeros((alike.shape[0], 1))
        return np.hstack([*columns, total, closest])
