"""How much of a submission's code stands in an earlier one: shingles of its syntax, without names, comments and seeds."""

from __future__ import annotations

import functools
import re

from podium.campaign.canonical import canonical

SHINGLE = 12  # words of the dumped tree: about one small expression
MOST_SOURCE = 1 << 20  # bytes
WORD = re.compile(r"[A-Za-z_0-9.']+")
CALLS = ("train", "load", "encode", "decode")  # what the referee calls: kept, though nothing in the file does


@functools.lru_cache(maxsize=4096)
def shingles(source: bytes) -> frozenset[int]:
    """Hashes of runs of SHINGLE words; of the plain text where it is no Python."""
    text = source.decode("utf-8", errors="replace")
    try:
        if len(source) > MOST_SOURCE:
            raise ValueError("too long for its syntax")
        words = WORD.findall(canonical(f"{text}\n__called__ = ({', '.join(CALLS)})\n"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        words = text.split()
    return frozenset(hash(tuple(words[i : i + SHINGLE])) for i in range(max(1, len(words) - SHINGLE + 1)))


def share(one: frozenset[int], other: frozenset[int]) -> float:
    """The part of `one` that stands in `other` too, 0..1."""
    return len(one & other) / max(1, len(one))
