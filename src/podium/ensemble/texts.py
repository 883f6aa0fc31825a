"""Mixing texts: the consensus of the members, one row at a time.

Minimum Bayes risk (Kumar & Byrne 2004): of the members' answers, the one that is most like all of them, by weight. Likeness
is 1 for the same text, else the F1 of character bigrams: equal answers win as votes do, and of answers that all differ
the middle one is taken, never an average that nobody wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from podium.packing import unpack_texts
from podium.tasks.task import Floats


def consensus(members: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Members `(n, longest)` of code points to one of them a row, `(n, longest)`; ties go to the heavier, then the first."""
    mixed = np.array(members[0])
    open_rows = np.flatnonzero(np.any([(member != members[0]).any(axis=1) for member in members], axis=0))
    if not len(open_rows):
        return mixed
    answers = [unpack_texts(member[open_rows]) for member in members]
    for place, row in enumerate(open_rows):
        mixed[row] = members[_chosen([texts[place] for texts in answers], weights)][row]
    return mixed


def _chosen(answers: Sequence[str], weights: Sequence[float]) -> int:
    """The member whose answer has the highest weighted mean likeness to all members' answers."""
    votes: dict[str, float] = {}
    for answer, weight in zip(answers, weights, strict=True):
        votes[answer] = votes.get(answer, 0.0) + weight
    if max(votes.values()) > 0.5 * sum(votes.values()):
        return answers.index(max(votes, key=lambda text: votes[text]))
    merits = {text: sum(weight * likeness(text, other) for other, weight in votes.items()) for text in votes}
    return answers.index(max(votes, key=lambda text: (round(merits[text], 12), votes[text])))


def likeness(a: str, b: str) -> float:
    """0..1, 1 where the texts are the same; the F1 of their character bigrams."""
    if a == b:
        return 1.0
    of_a, of_b = _bigrams(a), _bigrams(b)
    return 2.0 * (of_a & of_b).total() / max(1, of_a.total() + of_b.total())


@lru_cache(maxsize=4096)
def _bigrams(text: str) -> Counter[str]:
    padded = f"\x02{text}\x03"
    return Counter(padded[at : at + 2] for at in range(len(padded) - 1))
