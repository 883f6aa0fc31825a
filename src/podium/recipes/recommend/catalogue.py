"""What side tables say of items, as vectors: words of a cell that lists several, few values, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.recipes.recommend.log import Floats, Log, profile

KEY = "item"
LEAST_SHARED = 3  # items that must share a word
MOST_WORDS, MOST_NUMBERS = 2_000, 6
_APART = r"[|,;/\s]+"


class Catalogue:
    """`words` `(n_items, w)`: unit rows of what items share, rare words heavier; `numbers` `(n_items, c)`, NaN where unknown."""

    def __init__(self, tables: Mapping[str, Path], n_items: int) -> None:
        parts: list[sp.csr_matrix] = []
        numbers: list[Floats] = []
        for path in tables.values():
            frame = pl.read_ipc(path)
            if KEY not in frame.columns:
                continue
            frame = frame.filter(pl.col(KEY) < n_items)
            for name in frame.columns:
                column = frame[name]
                if name == KEY or column.dtype.is_nested():
                    continue
                if column.dtype.is_numeric() and column.n_unique() > 10:
                    numbers.append(_spread(frame[KEY], column, n_items))
                else:
                    parts.append(_words(frame[KEY], column, n_items))
        self.words = _unit(sp.hstack(parts, format="csr")) if parts else sp.csr_matrix((n_items, 0), dtype=np.float32)
        self.numbers = np.column_stack(numbers[:MOST_NUMBERS]) if numbers else np.zeros((n_items, 0))

    def likeness(self, log: Log, half: float) -> NDArray[np.float32]:
        """Cosine of each item's words with those of what each user met lately, `(n, n_items)`."""
        n_items = self.words.shape[0]
        if not self.words.shape[1]:
            return np.zeros((len(log), n_items), dtype=np.float32)
        taste = _unit(profile(log, n_items, half, 1.0) @ self.words)
        return np.asarray((taste @ self.words.T).toarray(), dtype=np.float32)


def _spread(items: pl.Series, column: pl.Series, n_items: int) -> Floats:
    out = np.full(n_items, np.nan)
    out[items.to_numpy()] = column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return out


def _words(items: pl.Series, column: pl.Series, n_items: int) -> sp.csr_matrix:
    """Items by words, weighted by how few items share them."""
    text = column.cast(pl.String).fill_null("").str.to_lowercase().str.replace_all(_APART, " ")
    pairs = (
        pl.DataFrame({"item": items, "word": text.str.split(" ")}).explode("word").filter(pl.col("word") != "").unique()
    )
    counts = (
        pairs["word"]
        .value_counts()
        .filter(pl.col("count") >= LEAST_SHARED)
        .sort("count", "word", descending=[True, False])
    )
    known = counts.head(MOST_WORDS).with_row_index("at")
    found = pairs.join(known, on="word", how="inner").sort("item", "at")
    rarity = np.log(1.0 + len(items) / found["count"].to_numpy())
    where = (rarity.astype(np.float32), (found["item"].to_numpy(), found["at"].to_numpy()))
    return sp.csr_matrix(where, shape=(n_items, known.height))


def _unit(rows: sp.csr_matrix) -> sp.csr_matrix:
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return (sp.diags(1.0 / np.maximum(norms, 1e-9)).astype(np.float32) @ rows).tocsr()
