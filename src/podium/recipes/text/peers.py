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
MOST_SHARED = 500_000_000  # n-grams that such pairs share; the most frequent ones, which say least, go first
VARIES = 1.2  # texts of the other column to one that recurs, from which on they can tell its rows apart
SHARPNESS = ((2, 0.3), (6, 0.02))  # powers of the similarity, and the weight of the overall mean beside it


def recurring(texts: list[pl.Series]) -> list[tuple[int, int]]:
    """Positions (text that recurs, other text) of the columns worth comparing: the other varies among rows of the one, and no
    earlier column makes the same groups."""
    out: list[tuple[int, int]] = []
    taken: list[int] = []
    for group, series in enumerate(texts):
        sizes = series.value_counts(name="rows")["rows"].cast(pl.Int64)
        if len(sizes) >= RECURS * len(series) or int((sizes**2).sum()) >= MOST_PAIRS:
            continue
        if any(_varies(texts, earlier, group) <= 1.0 and _varies(texts, group, earlier) <= 1.0 for earlier in taken):
            continue
        taken.append(group)
        out += [
            (group, other) for other in range(len(texts)) if other != group and _varies(texts, group, other) > VARIES
        ]
    return out


def _varies(texts: list[pl.Series], group: int, other: int) -> float:
    """Different texts of the other column to one of the group's."""
    pairs = pl.DataFrame({"group": texts[group], "other": texts[other]}).n_unique()
    return pairs / max(1, texts[group].n_unique())


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
        self.keys = _telling(keys)
        self.known = self._placed(weighed, keys)
        alike = (self.known @ self.known.T).tocoo()
        apart = fold_of[alike.row] != fold_of[alike.col]
        shape = (len(labels), len(labels))
        return self._columns(sp.csr_matrix((alike.data[apart], (alike.row[apart], alike.col[apart])), shape=shape))

    def transform(self, texts: list[pl.Series]) -> Floats:
        weighed = tfidf(self.vocabulary.transform([texts[self.other]]), self.vocabulary.idf())
        placed = self._placed(weighed, self._keys(weighed, texts))
        return self._columns((placed @ self.known.T).tocsr())

    def _placed(self, weighed: sp.csr_matrix, keys: NDArray[np.int64]) -> sp.csr_matrix:
        """The n-grams that count, each in its column."""
        places = np.minimum(np.searchsorted(self.keys, keys), max(0, len(self.keys) - 1))
        known = self.keys[places] == keys if len(self.keys) else np.zeros(len(keys), dtype=bool)
        data = np.where(known, weighed.data, np.float32(0))
        placed = sp.csr_matrix((data, places, weighed.indptr), shape=(weighed.shape[0], max(1, len(self.keys))))
        placed.eliminate_zeros()
        return placed

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


def _telling(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct keys, ascending, but for the most frequent where pairs of rows would share too many."""
    distinct, rows = np.unique(keys, return_counts=True)
    order = np.argsort(rows, kind="stable")
    shared = np.cumsum(rows[order].astype(np.float64) ** 2)
    return np.sort(distinct[order[: int(np.searchsorted(shared, MOST_SHARED, "right"))]])
