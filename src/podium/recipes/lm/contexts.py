"""What a prediction may go by: the last k symbols, and what is known of words and lines, each as a 64-bit hash a place.

Hashes of any stretch follow from running sums of a polynomial (Karp and Rabin 1987), so a kind of context costs a few
passes over the text.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from podium.recipes.lm.corpus import Codes, Vocabulary

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
_BASE = 0x9E3779B97F4A7C15
_SALTS = (0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0xD6E8FEB86659FD93)
WORDS = (
    "word",
    "word after one",
    "word after two",
    "word skipping one",
    "word skipping two",
    "column",
    "column of word",
)


class Text:
    """A text of codes, ready to be asked for contexts of its places."""

    def __init__(self, codes: Codes, vocabulary: Vocabulary) -> None:
        self.codes = codes
        n = len(codes)
        self._inverse = _powers(pow(_BASE, -1, 2**64), n + 1)
        forward = _powers(_BASE, n)
        self._sums = _running((codes + 2).astype(np.uint64) * forward)
        self.words = vocabulary.alphabet.unit == "character"
        if self.words:
            letters, small, newline = _tables(vocabulary)
            self._small = _running((small[codes] + 2).astype(np.uint64) * forward)
            index = np.arange(n)
            is_letter = letters[codes]
            self._word_start = _latest(~is_letter, index)
            self._word_end = _latest(is_letter, index)
            self._line_start = _latest(codes == newline, index)

    def before(self, ends: Ints, order: int) -> Hashes:
        """Hash of the `order` symbols before each place, `(len(ends),)`."""
        return self._span(self._sums, np.maximum(ends - order, 0), ends)

    def of_words(self, ends: Ints) -> Iterator[tuple[str, Hashes]]:
        """`WORDS` in order: the word begun, with words before it, and where in the line it stands."""
        start = self._word_start[ends]
        begun = self._span(self._small, start, ends)
        words, at = [], start
        for _ in range(3):
            end = self._word_end[at]
            at = self._word_start[end]
            words.append(self._span(self._small, at, end))
        column = np.minimum(ends - self._line_start[ends], 60).astype(np.uint64)
        last = self.before(ends, 1)
        parts = (
            (begun,), (begun, words[0]), (begun, words[0], words[1]), (begun, words[1]), (begun, words[2]),
            (column, last), (column // np.uint64(6), begun),
        )  # fmt: skip
        for salt, (name, held) in enumerate(zip(WORDS, parts, strict=True)):
            yield name, _together(held, salt)

    def _span(self, sums: Hashes, starts: Ints, ends: Ints) -> Hashes:
        return _mixed((sums[ends] - sums[starts]) * self._inverse[starts])


def _powers(base: int, n: int) -> Hashes:
    factors = np.full(max(n, 1), base, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _running(values: Hashes) -> Hashes:
    return np.concatenate((np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)))


def _latest(flags: NDArray[np.bool_], index: Ints) -> Ints:
    """For each place 0..n, one past the latest flagged symbol before it; 0 where there is none."""
    return np.concatenate(([0], np.maximum.accumulate(np.where(flags, index + 1, 0))))


def _tables(vocabulary: Vocabulary) -> tuple[NDArray[np.bool_], NDArray[np.int32], int]:
    """By code: whether it is a letter, its small letter's code; and the newline's code. The last entry is a hole's (-1)."""
    code = {symbol: at for at, symbol in enumerate(vocabulary.symbols)}
    letters = np.array([s.isalnum() or s in "'’" for s in vocabulary.symbols] + [False])
    small = np.array([code.get(s.lower(), at) for at, s in enumerate(vocabulary.symbols)] + [-1], dtype=np.int32)
    return letters, small, code.get("\n", -1)


def _mixed(hashes: Hashes) -> Hashes:
    """Bits spread over the word (Steele, Lea and Flood 2014): the high ones are kept as keys."""
    out = hashes ^ (hashes >> np.uint64(30))
    out = out * np.uint64(0xBF58476D1CE4E5B9)
    out ^= out >> np.uint64(27)
    out *= np.uint64(0x94D049BB133111EB)
    out ^= out >> np.uint64(31)
    return np.asarray(out, dtype=np.uint64)


def _together(parts: tuple[Hashes, ...], salt: int) -> Hashes:
    total = np.full(len(parts[0]), salt + 1, dtype=np.uint64)
    for part, factor in zip(parts, _SALTS, strict=False):
        total = total + part * np.uint64(factor)
    return _mixed(total)
