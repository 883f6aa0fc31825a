"""Strings of one length: what stands at each place is a feature of its own, and so is how many letters differ.

`ABABDADBAB` as one category has hundreds of thousands of levels and tells nothing; its ten places may tell all.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LENGTHS = (3, 64)
SYMBOLS = 64  # that one place may hold
LEAST_PLACES = 2  # that vary
LEAST_LEVELS = 250  # with fewer the string as a whole is a category


class Spelling:
    """`places` that vary in the training rows; strings of another length are missing throughout."""

    def __init__(self, length: int, places: list[int]) -> None:
        self.length, self.places = length, places

    @classmethod
    def of(cls, strings: pl.Series) -> Self | None:
        """How these strings are spelled; None where they are no codes of one length with many levels."""
        told = strings.drop_nulls()
        lengths = told.str.len_chars()
        length = int(lengths.min() or 0)  # type: ignore[arg-type]
        if not LENGTHS[0] <= length <= LENGTHS[1] or lengths.max() != length or told.n_unique() <= LEAST_LEVELS:
            return None
        counts = [len(np.unique(place)) for place in _letters(told, length).T]
        if max(counts) > SYMBOLS:
            return None
        places = [at for at, count in enumerate(counts) if count > 1]
        return cls(length, places) if len(places) >= LEAST_PLACES else None

    def __call__(self, name: str, strings: pl.Series) -> dict[str, Floats]:
        """`name.at<k>`: the letter at place k as its code point; `name.letters`: how many different ones. `(n,)` each."""
        fits = (strings.str.len_chars() == self.length).fill_null(False)
        letters = _letters(strings.zip_with(fits, pl.Series(["\0" * self.length])), self.length).astype(np.float64)
        ordered = np.sort(letters, axis=1)
        different = 1.0 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)
        columns = {f"{name}.at{place}": letters[:, place] for place in self.places} | {f"{name}.letters": different}
        absent = ~fits.to_numpy()
        return {title: np.where(absent, np.nan, values) for title, values in columns.items()}


def _letters(strings: pl.Series, length: int) -> NDArray[np.uint32]:
    """Code points `(n, length)` of strings of this length."""
    return np.array(strings.to_list(), dtype=f"<U{length}").view(np.uint32).reshape(len(strings), length)
