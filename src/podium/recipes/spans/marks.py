"""Where the answers lie: their words, and how far their ends are from the ends of words.

People mark with a mouse and tools miscount: answers begin or end inside words, often by as many characters as there are
superfluous blanks before them. So words are learned apart from ends, and the ends' usual offsets by what is around them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.recipes.spans.passages import Passages

Ints = NDArray[np.int64]
Offsets = tuple[tuple[int, int, float], ...]  # of the first character, of the end, how often

SURPLUS = re.compile(r"(?:(?<=\s)|^)\s")  # a blank after another, or before the first word
FURTHEST = 4  # characters that an end may be off
LEAST = 8  # answers that a situation needs before its offsets are trusted
KEPT = 4  # offsets a situation


@dataclass(frozen=True)
class Marks:
    """Of n answers, the first and the last word `(n,)`, -1 where the text does not hold the answer."""

    first: Ints
    last: Ints

    def inside(self, passages: Passages) -> NDArray[np.bool_]:
        """Whether each word belongs to its row's answer, `(m,)`."""
        row, place = passages.row, passages.place
        return np.asarray((place >= self.first[row]) & (place <= self.last[row]))

    def overlap(self, first: Ints, last: Ints, row: Ints | None = None) -> NDArray[np.float64]:
        """Jaccard index of runs of words and the answers', `(s,)`; `row` `(s,)` names the answers, one a run without."""
        mine = (self.first, self.last) if row is None else (self.first[row], self.last[row])
        shared = np.maximum(np.minimum(last, mine[1]) - np.maximum(first, mine[0]) + 1, 0)
        return np.asarray(shared / ((last - first + 1) + (mine[1] - mine[0] + 1) - shared))


class Ends:
    """Offsets of the two ends of a span, by the surplus blanks before it and whether it touches the text's ends."""

    def fit(self, passages: Passages, answers: Sequence[str]) -> Marks:
        n = len(passages)
        first, last = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
        seen: dict[tuple[int, ...], Counter[tuple[int, int]]] = defaultdict(Counter)
        for row, answer in enumerate(answers):
            found = _located(passages, row, answer.strip())
            if found is None:
                continue
            begin, end = found
            low, high = passages.offsets[row], passages.offsets[row + 1]
            starts, ends = passages.starts[low:high], passages.ends[low:high]
            a, b = _words(starts, ends, begin, end, surplus(passages.texts[row], begin))
            first[row], last[row] = a, b
            off = (int(begin - starts[a]), int(end - ends[b]))
            if max(map(abs, off)) <= FURTHEST:
                for key in _situations(passages, row, a, b):
                    seen[key][off] += 1
        self.table: dict[tuple[int, ...], Offsets] = {
            key: tuple((*off, count / counts.total()) for off, count in counts.most_common(KEPT))
            for key, counts in seen.items()
            if counts.total() >= LEAST
        }
        return Marks(first, last)

    def offsets(self, passages: Passages, row: int, first: int, last: int) -> Offsets:
        """Most frequent first; those of the nearest situation that was seen often enough."""
        for key in _situations(passages, row, first, last):
            if key in self.table:
                return self.table[key]
        return ((0, 0, 1.0),)

    def paint(self, p: NDArray[np.float64], passages: Passages, row: int, first: int, last: int, weight: float) -> None:
        """Add `weight` to the characters of this span in `p` `(characters,)`, spread over its usual ends."""
        low = passages.offsets[row]
        begin, end = int(passages.starts[low + first]), int(passages.ends[low + last])
        found = self.offsets(passages, row, first, last)
        total = sum(share for _, _, share in found)
        for left, right, share in found:
            a, b = max(0, begin + left), min(len(p), end + right)
            if b <= a:
                a, b = begin, end
            p[a:b] += weight * share / total


def surplus(text: str, upto: int) -> int:
    """Blanks before a character that follow another blank or open the text."""
    return len(SURPLUS.findall(text, 0, upto))


def _situations(passages: Passages, row: int, first: int, last: int) -> tuple[tuple[int, ...], ...]:
    """From the most to the least specific."""
    text, low = passages.texts[row], passages.offsets[row]
    before = min(surplus(text, int(passages.starts[low + first])), 6)
    leading = min(len(text) - len(text.lstrip()), 2)
    opens, closes = int(first == 0), int(low + last + 1 == passages.offsets[row + 1])
    return (leading, before, opens, closes), (before, opens, closes), (before, -1), ()


def _located(passages: Passages, row: int, answer: str) -> tuple[int, int] | None:
    """(first character, end) of the answer: of several places the first that begins with a word, else the first."""
    text = passages.texts[row]
    places = _places(text, answer)
    if not places and len(text.lower()) == len(text):
        places = _places(text.lower(), answer.lower())
    if not places:
        return None
    starts = set(passages.starts[passages.offsets[row] : passages.offsets[row + 1]].tolist())
    begin = next((place for place in places if place in starts), places[0])
    return begin, begin + len(answer)


def _places(text: str, piece: str) -> list[int]:
    """Where the piece begins, overlapping places left out; nowhere where it is empty."""
    found: list[int] = []
    at = text.find(piece) if piece else -1
    while at >= 0:
        found.append(at)
        at = text.find(piece, at + len(piece))
    return found


def _words(starts: Ints, ends: Ints, begin: int, end: int, blanks: int) -> tuple[int, int]:
    """First and last word meant: a word of which only the tail is in the answer is not, where surplus blanks explain it."""
    a = int(np.searchsorted(ends, begin, "right"))
    b = int(np.searchsorted(starts, end, "left")) - 1
    if begin > starts[a] and a < b and starts[a + 1] - begin <= blanks + 1 and blanks:
        a += 1
    return a, max(a, b)
