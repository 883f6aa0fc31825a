"""What a pretrained sentence encoder, frozen, tells of texts: a unit vector each. Label-free; imports torch inside functions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.errors import SolutionError
from podium.protocol import Context, Rows
from podium.recipes.text.fields import read_texts, text_columns

Floats = NDArray[np.float32]
TOLD = "told"  # suffix of the column that `embed_texts` makes of a column of texts
LENGTHS = (256, 128, 96, 64, 48, 32, 16)  # pieces a text is cut at
BATCH = 64  # texts
TRIAL = 32  # texts that are timed before all are read
PAIRED = 3  # texts of a row that are held against each other number by number
SHARE = 0.5  # of the time left that reading may take


def embed_texts(rows: Rows, ctx: Context, features: Mapping[str, Any]) -> pl.DataFrame:
    """The table with a column of vectors beside each column of texts. A solution's `prepare`: each text is read once."""
    frame, names = rows.frame(), text_columns(ctx.schema)
    columns = read_texts(rows, names)
    encoded = Encoded(features).settle(columns, ctx)
    for name, texts in zip(names, columns, strict=True):
        values = encoded(texts, ctx)
        frame = frame.with_columns(pl.Series(f"{name}.{TOLD}", values, dtype=pl.Array(pl.Float32, values.shape[1])))
    return frame


def weights_folder(name: str, ctx: Context) -> Path:
    """Where the run has the weights of that name. Raises SolutionError where it has none."""
    if name not in ctx.weights:
        raise SolutionError(f"the run has no weights {name}: a line `weights: {name}` in the header asks for them")
    return ctx.weights[name]


class Encoded:
    """Vectors of texts, each distinct one read once. features: weights (a name), length (pieces a text is cut at)."""

    def __init__(self, features: Mapping[str, Any]) -> None:
        self.name, self.longest = str(features["weights"]), int(features.get("length", 128))

    def settle(self, columns: Sequence[pl.Series], ctx: Context) -> Encoded:
        """Cut texts shorter, until reading these takes no more than a share of the time left; where time decides."""
        if ctx.deadline is None:
            return self
        distinct = pl.concat(columns).unique(maintain_order=True).to_list()
        sizes = np.array([len(pieces) for pieces in self._pieces(distinct, ctx)])
        sample = np.random.default_rng(ctx.seed).permutation(len(distinct))[:TRIAL]
        texts = [distinct[k] for k in sample]
        self._read(texts[:2], ctx)  # the first pass is slower: libraries warm up
        began = time.monotonic()
        self._read(texts, ctx)
        each = (time.monotonic() - began) / max(1, int(sizes[sample].sum()))
        for length in (self.longest, *(shorter for shorter in LENGTHS if shorter < self.longest)):
            self.longest = length
            if each * float(np.minimum(sizes, length).sum()) <= SHARE * ctx.time_left():
                break
        return self

    def __call__(self, texts: pl.Series, ctx: Context) -> Floats:
        """`(n, d)`, rows of length 1."""
        distinct = texts.unique(maintain_order=True).to_list()
        place = {text: row for row, text in enumerate(distinct)}
        return self._read(distinct, ctx)[np.fromiter((place[text] for text in texts.to_list()), np.int64, len(texts))]

    def _pieces(self, texts: list[str], ctx: Context) -> list[list[int]]:
        from podium.recipes.text.wordpiece import WordPiece

        return WordPiece.read(weights_folder(self.name, ctx)).encode(texts, self.longest)

    def _read(self, texts: list[str], ctx: Context) -> Floats:
        from podium.recipes.neural import apply, begin
        from podium.recipes.text.bert_net import load_bert
        from podium.recipes.text.pieces import tensors

        begin(ctx)
        pieces = self._pieces(texts, ctx)
        order = np.argsort([len(one) for one in pieces], kind="stable")  # alike in length: little padding

        def batch(at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, ...]:
            return tensors([pieces[k] for k in order[at]])

        def forward(net: Any, *inputs: Any) -> Any:
            return net(*inputs)

        found = apply(load_bert(weights_folder(self.name, ctx)), len(texts), batch, forward, ctx, BATCH)
        values = np.empty_like(found)
        values[order] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return values


class Meanings:
    """What the vectors of a row's texts tell: each text's own, of each pair their cosine, and of each pair of the `PAIRED`
    longest |u - v| and u * v, too.

    As `prepare` left them beside the texts, else read now.
    """

    def __init__(self, features: Mapping[str, Any]) -> None:
        self.encoded = Encoded(features)

    def fit_transform(self, rows: Rows, columns: Sequence[str], ctx: Context) -> Floats:
        """`(n, d)`, columns in an order that every later call keeps."""
        self.columns = list(columns)
        texts = read_texts(rows, self.columns)
        lengths = [float(text.str.len_chars().mean() or 0) for text in texts]  # type: ignore[arg-type]
        self.paired = set(sorted(range(len(texts)), key=lambda at: -lengths[at])[:PAIRED])
        if not _prepared(rows, self.columns[0]):
            self.encoded.settle(texts, ctx)
        return self.transform(rows, ctx)

    def transform(self, rows: Rows, ctx: Context) -> Floats:
        found = [self._vectors(rows, name, ctx) for name in self.columns]
        parts = list(found)
        for left in range(len(found)):
            for right in range(left):
                u, v = found[right], found[left]
                if {left, right} <= self.paired:
                    parts += [np.abs(u - v), u * v]
                parts.append((u * v).sum(axis=1, keepdims=True))
        return np.concatenate(parts, axis=1)

    def _vectors(self, rows: Rows, name: str, ctx: Context) -> Floats:
        if _prepared(rows, name):
            return np.asarray(rows.frame([f"{name}.{TOLD}"]).to_series().to_numpy(), dtype=np.float32)
        return self.encoded(read_texts(rows, [name])[0], replace(ctx, deadline=None))


def _prepared(rows: Rows, name: str) -> bool:
    return f"{name}.{TOLD}" in rows.columns
