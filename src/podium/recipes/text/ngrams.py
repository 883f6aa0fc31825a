"""Character and word n-grams of many texts at once, as hashed counts in a sparse matrix.

Rolling polynomial hashes over all code points (or words) of a chunk of texts, so that the cost is a few passes of numpy
instead of a Python loop over n-grams: about 0.1 s for a million characters of 2- to 5-grams. Hashing: Weinberger et al.
2009, "Feature hashing for large scale multitask learning".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

BITS = 22  # buckets of the hashing; a few 100,000 n-grams collide rarely
CHUNK = 2_000_000  # characters turned to n-grams at a time: bounds memory
WINDOWS = 4  # stretches that are read of a text which is too long: the first, the last, and some between
SHORTEST_CLIP = 500  # a text is never cut below this many characters
BUDGET = {"word": 60_000_000, "char": 12_000_000}  # characters of all training texts, above which texts are cut short
STEP, MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
TOKEN = r"\w+|[^\w\s]"  # punctuation is a token: it tells authors and moods apart
SPELLING = re.compile(r"(word|char) (\d)-(\d)( lower)?")

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Grams:
    """N-grams of `low` to `high` words or characters; `Grams.parse("char 2-5 lower")`."""

    unit: Literal["word", "char"]
    low: int
    high: int
    lower: bool = False

    @classmethod
    def parse(cls, spelling: str) -> Grams:
        match = SPELLING.fullmatch(spelling)
        if match is None or not 1 <= int(match[2]) <= int(match[3]):
            raise ValueError(f"grams: expected e.g. 'word 1-2' or 'char 2-5 lower'; found {spelling!r}")
        unit: Literal["word", "char"] = "word" if match[1] == "word" else "char"
        return cls(unit, int(match[2]), int(match[3]), match[4] is not None)

    def clip(self, texts: pl.Series) -> int:
        """How many characters of each text to read, so that all of them together stay within the budget."""
        mean = BUDGET[self.unit] // max(1, len(texts))
        return max(SHORTEST_CLIP, mean)

    def counts(self, texts: pl.Series, clip: int, salt: int = 0) -> sp.csr_matrix:
        """`(len(texts), 2**BITS)` float32; `salt` keeps the n-grams of several columns apart."""
        texts = cut(texts.fill_null(""), clip)
        if self.lower:
            texts = texts.str.to_lowercase()
        ends = np.cumsum(texts.str.len_chars().to_numpy().astype(np.int64))
        cuts = np.unique(np.searchsorted(ends, np.arange(CHUNK, ends[-1] if len(ends) else 0, CHUNK)) + 1)
        bounds = [0, *(int(c) for c in cuts if c < len(texts)), len(texts)]
        parts = [self._chunk(texts[a:b], salt) for a, b in pairwise(bounds)]
        return sp.vstack(parts, format="csr") if len(parts) > 1 else parts[0]

    def _chunk(self, texts: pl.Series, salt: int) -> sp.csr_matrix:
        units, lengths = _characters(texts) if self.unit == "char" else _words(texts)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        hashes, valid = _rolling(units, owner, self.low, self.high, salt)
        buckets = (hashes >> np.uint64(64 - BITS)).astype(np.int32)[valid]
        per_text = np.bincount(owner, weights=valid.sum(axis=1), minlength=len(lengths)).astype(np.int64)
        pointers = np.concatenate([[0], np.cumsum(per_text)])
        shape = (len(lengths), 1 << BITS)
        matrix = sp.csr_matrix((np.ones(len(buckets), np.float32), buckets, pointers), shape=shape)
        matrix.sum_duplicates()
        return matrix


def cut(texts: pl.Series, most: int) -> pl.Series:
    """At most `most` characters of each text: `WINDOWS` stretches of a longer one, evenly from its beginning to its end."""
    lengths = texts.str.len_chars().cast(pl.Int64)
    if not len(texts) or int(lengths.max() or 0) <= most:  # type: ignore[arg-type]
        return texts
    size = max(1, (most - WINDOWS + 1) // WINDOWS)
    parts = [pl.col("text").str.slice((pl.col("length") - size) * at // (WINDOWS - 1), size) for at in range(WINDOWS)]
    frame = pl.DataFrame({"text": texts, "length": lengths})
    whole = pl.when(pl.col("length") <= most).then(pl.col("text")).otherwise(pl.concat_str(parts, separator=" "))
    return frame.select(whole.alias(texts.name)).to_series()


def _characters(texts: pl.Series) -> tuple[Hashes, NDArray[np.int64]]:
    """A hash for each character of all texts, one space put round each text, and the texts' lengths."""
    spaced = " " + texts.str.replace_all(r"\s+", " ") + " "
    points = np.frombuffer("".join(spaced.to_list()).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _mix((points.astype(np.uint64) + np.uint64(1)) * STEP), spaced.str.len_chars().to_numpy().astype(np.int64)


def _words(texts: pl.Series) -> tuple[Hashes, NDArray[np.int64]]:
    """A hash for each word and punctuation mark of all texts, and the number in each text.

    Words are hashed by their characters, not by polars: its hash may change from one version to the next.
    """
    tokens = texts.str.extract_all(TOKEN)
    words = tokens.explode().drop_nulls()
    return _hash_each(words), tokens.list.len().to_numpy().astype(np.int64)


def _hash_each(strings: pl.Series) -> Hashes:
    """One hash for each string: a polynomial in its characters."""
    lengths = strings.str.len_chars().to_numpy().astype(np.int64)
    points = np.frombuffer("".join(strings.to_list()).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(points)) - np.repeat(starts, lengths)
    terms = _mix((points.astype(np.uint64) + np.uint64(1)) * STEP + place.astype(np.uint64) * MIX)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
    return _mix(sums[starts + lengths] - sums[starts])


def _rolling(
    units: Hashes, owner: NDArray[np.int64], low: int, high: int, salt: int
) -> tuple[Hashes, NDArray[np.bool_]]:
    """Hashes `(units, orders)` of the n-grams that start at each unit, and which stay within one text."""
    n, orders = len(units), high - low + 1
    hashes, valid = np.zeros((n, orders), np.uint64), np.zeros((n, orders), bool)
    running = np.zeros(n, np.uint64)
    for size in range(1, min(high, n) + 1):
        running = running * STEP
        running[: n - size + 1] += units[size - 1 :]
        if size >= low:
            seed = np.uint64((size + 16 * salt) * int(MIX) % 2**64)  # in int: numpy warns when scalars wrap round
            hashes[:, size - low] = _mix(running + seed) * STEP
            valid[: n - size + 1, size - low] = owner[: n - size + 1] == owner[size - 1 :]
    return hashes, valid


def _mix(values: Hashes) -> Hashes:
    values = (values ^ (values >> np.uint64(32))) * MIX
    return values ^ (values >> np.uint64(29))
