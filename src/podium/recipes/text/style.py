"""How a text is written, whatever it says: lengths, capitals, digits, punctuation."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

MARKS = (".", ",", ";", ":", "!", "?", "'", '"', "-", "(", "#", "@", "/")


def style(texts: pl.Series) -> NDArray[np.float64]:
    """`(n, d)`: characters, words, letters a word, share of distinct and of short words, capitals, digits, each mark;
    the last three groups both counted and a character."""
    length = _float(texts.str.len_chars())
    words = texts.str.to_lowercase().str.extract_all(r"\w+")
    n_words = _float(words.list.len())
    short = _float(texts.str.count_matches(r"\b\w{1,3}\b"))
    letters = _float(texts.str.count_matches(r"\w"))
    patterns = [r"[A-Z]", r"[0-9]", r"\b[A-Z]{2,}\b", r"[.!?]\s", r"[^\x00-\x7f]"]
    counted = [_float(texts.str.count_matches(pattern)) for pattern in patterns]
    counted += [_float(texts.str.count_matches(mark, literal=True)) for mark in MARKS]
    some = np.maximum(n_words, 1)
    columns = [length, n_words, letters / some, _float(words.list.n_unique()) / some, short / some, *counted]
    columns += [count / np.maximum(length, 1) for count in counted]
    return np.column_stack(columns)


def _float(series: pl.Series) -> NDArray[np.float64]:
    return series.cast(pl.Float64).fill_null(0.0).to_numpy()
