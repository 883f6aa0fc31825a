"""The text that an answer is a piece of: which column it is, and where its words begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

LOOKED_AT = 2000  # rows
WHITE = np.array(
    [code for code in range(0x3001) if chr(code).isspace()] + [0]
)  # what str.split parts words at; the end

Ints = NDArray[np.int64]
Bits = NDArray[np.bool_]


def passage_column(frame: pl.DataFrame, answers: Sequence[str]) -> str:
    """The column of strings that most often holds the row's answer; of several, the longest. "" without such columns."""
    import polars as pl

    step = max(1, len(answers) // LOOKED_AT)
    wanted = pl.Series("#answer", list(answers)[::step], dtype=pl.String)
    best: tuple[float, float, str] = (0.0, 0.0, "")
    for name in (c for c in frame.columns if frame[c].dtype == pl.String):
        held = frame[name].gather_every(step).fill_null("")
        inside = pl.DataFrame([held.alias("#held"), wanted]).select(
            pl.col("#held").str.contains(pl.col("#answer"), literal=True).mean()
        )
        found = (float(inside.item() or 0.0), float(held.str.len_chars().mean() or 0.0), name)  # type: ignore[arg-type]
        best = max(best, found, key=lambda one: (round(one[0], 2), one[1]))
    return best[2]


def words(codes: NDArray[np.floating]) -> tuple[Ints, Ints]:
    """Code points `(n, longest)` to (word of each character, -1 for blanks, `(n, longest)`; words a row `(n,)`)."""
    inside = ~np.isin(codes.astype(np.int64), WHITE)
    before = np.zeros_like(inside)
    before[:, 1:] = inside[:, :-1]
    number: Ints = np.cumsum(inside & ~before, axis=1, dtype=np.int64)
    counts: Ints = number.max(axis=1, initial=0)
    return np.where(inside, number - 1, -1), counts


def bounds(word_of: Ints, most: int) -> tuple[Ints, Ints]:
    """First character of each word, and the one after its last, `(n, most)`; of words that are not there, 0."""
    n = len(word_of)
    padded = np.pad(word_of, ((0, 0), (1, 1)), constant_values=-1)
    found = []
    for beside in (padded[:, :-2], padded[:, 2:]):  # a word begins where the one before is another, and ends likewise
        row, at = np.nonzero((word_of >= 0) & (beside != word_of))
        of_word = np.zeros((n, most), dtype=np.int64)
        of_word[row, word_of[row, at]] = at
        found.append(of_word)
    exists = np.arange(most)[None, :] <= word_of.max(axis=1, initial=-1)[:, None]
    return found[0], found[1] + exists
