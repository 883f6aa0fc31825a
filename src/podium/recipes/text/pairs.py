"""How alike two texts of a row are: overlap of words and characters, edit distance, what they start and end with."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.recipes.text.vocabulary import Vocabulary, binary, tfidf

Floats = NDArray[np.float64]
MOST_COLUMNS = 3  # pairs of so many text columns are compared
GRAMS = (("word 1-1 lower",), ("char 3-3 lower",), ("char 2-5 lower",))
EDIT_LENGTH = 48  # characters that the edit distance reads


class PairSimilarity:
    """Similarities of each pair of text columns, `(rows, d)`; only the n-grams' rarity is fitted, without labels."""

    def fit(self, texts: list[pl.Series]) -> PairSimilarity:
        both = pl.concat([column.rename("text") for column in texts[:MOST_COLUMNS]]).unique(maintain_order=True)
        self.vocabularies = [Vocabulary(grams) for grams in GRAMS]
        for vocabulary in self.vocabularies:
            vocabulary.fit_transform([both])
        return self

    def transform(self, texts: list[pl.Series]) -> Floats:
        columns: list[Floats] = []
        for left, right in combinations(texts[:MOST_COLUMNS], 2):
            for vocabulary in self.vocabularies:
                a, b = _distinct(vocabulary, left), _distinct(vocabulary, right)
                columns += _overlaps(a, b, vocabulary.idf())
            columns += _lengths(left, right) + _ends(left, right) + [edit_similarity(left, right)]
        return np.column_stack(columns)


def _distinct(vocabulary: Vocabulary, texts: pl.Series) -> sp.csr_matrix:
    """Counts of each text; texts that recur are taken apart once."""
    values = texts.unique(maintain_order=True)
    places = texts.replace_strict(values, pl.int_range(len(values), eager=True), return_dtype=pl.Int64)
    return vocabulary.transform([values])[places.to_numpy()]


def _overlaps(a: sp.csr_matrix, b: sp.csr_matrix, idf: NDArray[np.float32]) -> list[Floats]:
    """Cosine of TF-IDF; shared n-grams over all, over the left's, over the right's."""
    cosine = _row_sums(tfidf(a, idf).multiply(tfidf(b, idf)))
    shared = _row_sums(binary(a).multiply(binary(b)))
    n_a, n_b = np.diff(a.indptr), np.diff(b.indptr)
    jaccard = shared / np.maximum(n_a + n_b - shared, 1)
    return [cosine, jaccard, shared / np.maximum(n_a, 1), shared / np.maximum(n_b, 1), shared]


def _row_sums(matrix: sp.csr_matrix) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _lengths(left: pl.Series, right: pl.Series) -> list[Floats]:
    """In characters and in words: both, their difference, the shorter over the longer."""
    sizes = [
        [side.str.len_chars() for side in (left, right)],
        [side.str.count_matches(r"\w+") for side in (left, right)],
    ]
    out: list[Floats] = []
    for pair in sizes:
        a, b = (np.asarray(size.cast(pl.Float64).to_numpy()) for size in pair)
        out += [a, b, a - b, np.minimum(a, b) / np.maximum(np.maximum(a, b), 1)]
    return out


def _ends(left: pl.Series, right: pl.Series) -> list[Floats]:
    """Whether the first and the last words agree, and whether one side holds the other."""
    a, b = left.str.to_lowercase(), right.str.to_lowercase()
    first, last = r"^\W*(\w+)", r"(\w+)\W*$"
    both = pl.DataFrame({"a": a, "b": b})
    agree = both.select(
        first=pl.col("a").str.extract(first).eq_missing(pl.col("b").str.extract(first)),
        last=pl.col("a").str.extract(last).eq_missing(pl.col("b").str.extract(last)),
        crossed=pl.col("a").str.extract(first).eq_missing(pl.col("b").str.extract(last)),
        holds=pl.col("a").str.contains(pl.col("b"), literal=True),
        held=pl.col("b").str.contains(pl.col("a"), literal=True),
    )
    return list(agree.cast(pl.Float64).to_numpy().T)


def edit_similarity(left: pl.Series, right: pl.Series) -> Floats:
    """1 - Levenshtein distance / longer length, of the first characters, for all rows at once, `(rows,)`."""
    a, n_a = _padded(left)
    b, n_b = _padded(right)
    width = b.shape[1]
    row = np.tile(np.arange(width + 1, dtype=np.int16), (len(a), 1))
    distance = np.where(n_a == 0, n_b, 0).astype(np.int16)
    steps = np.arange(width + 1, dtype=np.int16)
    for i in range(a.shape[1]):
        candidate = np.empty_like(row)
        candidate[:, 0] = i + 1
        candidate[:, 1:] = np.minimum(row[:, 1:] + 1, row[:, :-1] + (b != a[:, i : i + 1]))
        # an insertion costs one a step to the right: a running minimum of cost less position, added back
        row = np.minimum.accumulate(candidate - steps, axis=1) + steps
        ended = n_a == i + 1
        distance[ended] = row[ended, n_b[ended]]
    return np.asarray(1 - distance / np.maximum(np.maximum(n_a, n_b), 1))


def _padded(texts: pl.Series) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Code points `(rows, EDIT_LENGTH)`, -1 beyond the end, and lengths."""
    heads = texts.str.to_lowercase().str.slice(0, EDIT_LENGTH)
    lengths = heads.str.len_chars().to_numpy().astype(np.int64)
    points = np.frombuffer("".join(heads.to_list()).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    out = np.full((len(heads), EDIT_LENGTH), -1, np.int32)
    out[np.arange(EDIT_LENGTH) < lengths[:, None]] = points.astype(np.int32)
    return out, lengths
