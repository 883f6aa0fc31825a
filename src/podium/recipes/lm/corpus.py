"""The running text that rows of contexts were cut from, put together again; and contexts as codes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import alphabet
from podium.alphabet import Alphabet
from podium.protocol import Context, Rows

Codes = NDArray[np.int32]
HOLE = -1  # a symbol that nobody saw
LEAST_AGREED = 0.98  # of what several rows tell: below, answers or places do not belong to these rows
LEAST_TOLD = 0.5  # of the answers that other rows' contexts tell too: below, nothing shows that places are right
APART = 64  # symbols of a context that are read where every row stands for itself


@dataclass(frozen=True)
class Vocabulary:
    """Codes of symbols: those of the classes first, in their order, then what else the text holds."""

    alphabet: Alphabet
    symbols: tuple[str, ...]
    n_classes: int

    def codes(self, text: str) -> Codes:
        """`(symbols of the text,)`; what is not known is `HOLE`."""
        if self.alphabet.unit == "character":
            points = _points(text)
            known, order = self._by_point
            at = np.minimum(np.searchsorted(known, points), len(known) - 1)
            return np.where(known[at] == points, order[at], HOLE).astype(np.int32)
        parts, _ = self.alphabet.parts(text)
        return np.fromiter((self._by_word.get(part, HOLE) for part in parts), np.int32, len(parts))

    @functools.cached_property
    def _by_point(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        points = _points("".join(self.symbols))
        order = np.argsort(points).astype(np.int32)
        return points[order], order

    @functools.cached_property
    def _by_word(self) -> dict[str, int]:
        return {symbol: at for at, symbol in enumerate(self.symbols)}


@dataclass(frozen=True)
class Corpus:
    """`codes` `(n,)` of the whole text, runs apart by holes; `answers`: places that are learned from, where the symbol is a
    class."""

    vocabulary: Vocabulary
    codes: Codes
    answers: NDArray[np.int64]


def text_column(ctx: Context) -> str:
    """The column that holds what goes before: the longest texts."""
    return max(ctx.schema, key=lambda column: column.mean_length).name


def contexts_of(rows: Rows, column: str) -> list[str]:
    return rows.frame([column])[column].cast(pl.String).fill_null("").to_list()


def rebuild(rows: Rows, column: str, ctx: Context) -> Corpus:
    """The text behind labelled rows, in whatever order they come. Where places and answers contradict contexts (labels dealt
    anew), or too few rows are left to tell, rows are learned from one by one: nothing but its answer follows a context."""
    assert rows.y is not None, "a text is rebuilt from labelled rows"
    contexts, side = contexts_of(rows, column), rows.labels()
    reading = alphabet.read(ctx.classes, "".join(contexts[:2000]))
    reading = reading or Alphabet(tuple(ctx.classes))
    answers = [reading.symbols[code] for code in rows.y.tolist()]
    whole = _joined(contexts, answers, side["place"].to_numpy(), reading) if "place" in side.columns else None
    if whole is None:
        return _apart(contexts, answers, reading)
    vocabulary = _vocabulary(reading, whole)
    codes = vocabulary.codes(whole)
    return Corpus(vocabulary, codes, np.flatnonzero((codes >= 0) & (codes < vocabulary.n_classes)))


def _joined(
    contexts: Sequence[str], answers: Sequence[str], places: NDArray[np.int64], reading: Alphabet
) -> str | None:
    """All contexts laid where they stood, answers where no context tells them; None where they disagree, or do not meet. A
    NUL stands for what nobody tells."""
    lengths = np.array([len(before) for before in contexts], dtype=np.int64)
    start = int((places - lengths).min())
    ends = places - start
    longest = max(map(len, answers), default=1)
    text = np.zeros(int(ends.max()) + longest, dtype=np.uint32)
    flat, at = _laid(contexts, ends - lengths)
    text[at] = flat
    told, where = _laid(answers, ends)
    known = text[where] != 0
    agreed = [text[at] == flat] if reading.lower else [text[at] == flat, text[where[known]] == told[known]]
    if float(known.mean()) < LEAST_TOLD or any(float(same.mean()) < LEAST_AGREED for same in agreed):
        return None
    text[where[~known]] = told[~known]
    return str(text.tobytes().decode("utf-32-le", "surrogatepass"))


def _laid(pieces: Sequence[str], starts: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The code points of all pieces, and the place of each."""
    sizes = np.array([len(piece) for piece in pieces], dtype=np.int64)
    before = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return _points("".join(pieces)), np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))


def _apart(contexts: Sequence[str], answers: Sequence[str], reading: Alphabet) -> Corpus:
    """Every row for itself: its context, its answer, a hole."""
    vocabulary = _vocabulary(reading, "".join(contexts))
    code = {symbol: at for at, symbol in enumerate(vocabulary.symbols)}
    codes, ends = stacked(contexts, vocabulary, APART)
    wide = np.insert(codes, ends, np.array([code[answer] for answer in answers], dtype=np.int32))
    return Corpus(vocabulary, wide, ends + np.arange(len(ends)))


def _vocabulary(reading: Alphabet, text: str) -> Vocabulary:
    others = sorted(set(reading.parts(text)[0]) - set(reading.symbols) - {"\0"})
    return Vocabulary(reading, (*reading.symbols, *others), len(reading.symbols))


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def stacked(contexts: Sequence[str], vocabulary: Vocabulary, most: int) -> tuple[Codes, NDArray[np.int64]]:
    """Contexts one after another, the latest `most` symbols of each, holes between them; and where each one ends."""
    if vocabulary.alphabet.unit == "character":
        short = [before[-most:] for before in contexts]
        codes = vocabulary.codes("\0" + "".join(before + "\0" for before in short))
        sizes = np.array([len(before) for before in short], dtype=np.int64)
        return codes, np.cumsum(sizes + 1)
    hole, parts, sizes_of = np.array([HOLE], dtype=np.int32), [np.array([HOLE], dtype=np.int32)], []
    for before in contexts:
        words = vocabulary.codes(before)[1:][-most:]  # the first word of a context may have lost its beginning
        parts += [words, hole]
        sizes_of.append(len(words))
    return np.concatenate(parts), np.cumsum(np.array(sizes_of, dtype=np.int64) + 1)


def cut_out(codes: Codes, places: NDArray[np.int64], most: int) -> tuple[Codes, NDArray[np.int64]]:
    """What goes before `places` in a text, as `stacked` gives contexts."""
    at = places[:, None] + np.arange(-most, 1)
    found = np.where(at >= 0, codes[np.maximum(at, 0)], HOLE).astype(np.int32)
    found[:, -1] = HOLE
    flat = np.concatenate(([np.int32(HOLE)], found.ravel())).astype(np.int32)
    return flat, np.arange(len(places), dtype=np.int64) * (most + 1) + most + 1
