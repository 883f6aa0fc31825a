"""What span models read: the text an answer is a piece of, its words, the row's conditions and its other texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.tasks.passages import passage_column

Ints = NDArray[np.int64]

WORD = re.compile(r"\S+")
CONDITIONS = 30  # a column of strings with so many values or fewer is a condition; with more, a text beside the passage
MOST_WORDS = 2_000_000  # that evidence is made of: half a kilobyte each
KINDS = ("text", "categorical", "code", "boolean")


@dataclass(frozen=True)
class Passages:
    """n texts of m words in all. `starts`, `ends` `(m,)`: characters of a word in its text; `offsets` `(n + 1,)`: row i has
    words offsets[i] to offsets[i + 1]; `condition` `(n,)`: code of the row's values, 0 where they were never seen;
    `beside`: the words of the row's other texts (a question), lower-cased; `before`: its values and other texts, to be read
    before the passage."""

    texts: tuple[str, ...]
    words: tuple[str, ...]
    starts: Ints
    ends: Ints
    offsets: Ints
    condition: Ints
    beside: tuple[frozenset[str], ...]
    before: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def sizes(self) -> Ints:
        return np.diff(self.offsets)

    @property
    def row(self) -> Ints:
        """The text of each word, `(m,)`."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @property
    def place(self) -> Ints:
        """0-based number of each word in its text, `(m,)`."""
        return np.arange(len(self.words)) - np.repeat(self.offsets[:-1], self.sizes)


class Reader:
    """Which columns hold what, learned from the training rows and their answers."""

    def __init__(self, train: Rows, ctx: Context) -> None:
        assert train.y is not None, "a passage is found by the answers in it"
        strings = [column for column in ctx.schema if column.kind in KINDS and column.name in train.columns]
        frame = train.frame([column.name for column in strings])
        self.column = passage_column(frame.select(pl.all().cast(pl.String)), list(train.y))
        if not self.column:
            raise ValueError("no column of strings holds the answers")
        others = [column for column in strings if column.name != self.column]
        self.conditions = [column.name for column in others if column.n_unique <= CONDITIONS]
        self.others = [column.name for column in others if column.n_unique > CONDITIONS and column.kind == "text"]
        self.codes = {key: code + 1 for code, key in enumerate(dict.fromkeys(self._keys(frame)))}

    def read(self, rows: Rows) -> Passages:
        frame = rows.frame([self.column, *self.conditions, *self.others])
        texts = frame[self.column].cast(pl.String).fill_null("").to_list()
        found = [list(WORD.finditer(text)) for text in texts]
        flat = [match for matches in found for match in matches]
        condition = np.array([self.codes.get(key, 0) for key in self._keys(frame)], dtype=np.int64)
        return Passages(
            tuple(texts),
            tuple(match.group() for match in flat),
            np.fromiter((match.start() for match in flat), np.int64, len(flat)),
            np.fromiter((match.end() for match in flat), np.int64, len(flat)),
            np.concatenate([[0], np.cumsum([len(matches) for matches in found], dtype=np.int64)]).astype(np.int64),
            condition,
            self._beside(frame),
            self._before(frame),
        )

    def lengths(self, rows: Rows) -> Ints:
        """Characters of each row's text, `(n,)`."""
        texts = rows.frame([self.column])[self.column].cast(pl.String).fill_null("")
        return texts.str.len_chars().to_numpy().astype(np.int64)

    def _keys(self, frame: pl.DataFrame) -> Sequence[tuple[str, ...]]:
        if not self.conditions:
            return [()] * frame.height
        return frame.select(pl.col(self.conditions).cast(pl.String).fill_null("")).rows()

    def _beside(self, frame: pl.DataFrame) -> tuple[frozenset[str], ...]:
        if not self.others:
            return (frozenset(),) * frame.height
        texts = frame.select(pl.concat_str(pl.col(self.others).fill_null(""), separator=" ").str.to_lowercase())
        return tuple(frozenset(re.findall(r"\w+", text)) for text in texts.to_series())

    def _before(self, frame: pl.DataFrame) -> tuple[str, ...]:
        named = [*self.conditions, *self.others]
        if not named:
            return ("",) * frame.height
        texts = [pl.col(name).cast(pl.String).fill_null("") for name in named]
        return tuple(frame.select(pl.concat_str(texts, separator=" . ")).to_series())
