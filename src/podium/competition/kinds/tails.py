"""How a recommendation's test was cut: whose last events, or the events of which window, are asked for. By its words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

How = Literal["last", "window", "session"]

MOST, SHARE = 10, 0.2  # of a user's events, where nothing is said
MOST_CUTS = 4  # cut-offs that users' last events are cut at; the first is never scored
ALIKE = 0.4  # median length of histories at a cut-off, of those at test's
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "twenty": 20, "thirty": 30,
}  # fmt: skip
_SHARES = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1}
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0, "quarter": 91.0}
_COUNT = rf"(\d+|{'|'.join(_NUMBERS)})"
_LAST = r"(?:last|latest|final|most recent|newest)"
_HELD = r"(?:hidden|held[- ]out|withheld|removed|left out|held back|kept back)"
_EVENT = r"(?:rating|item|interaction|event|purchase|click|play|movie|product|order|song|track)"
_EVENTS = rf"(?:\w+ )?{_EVENT}s?"
_WINDOW = re.compile(
    rf"(?:next|following|coming|subsequent|{_LAST})\s+{_COUNT}?[\s-]*(hour|day|week|month|quarter)s?\b", re.I
)
_LIKING = r"(?:rat\w+|stars?|scores?|grades?)"
_RELEVANT = re.compile(
    rf"(?:\b{_LIKING}\b[^.;\n]{{0,40}}?)?(\d+(?:\.\d+)?)\s*(?:stars?\s*)?"
    r"(?:or (?:more|higher|better|above)|\+|and above)"
    rf"|{_LIKING}\s*(?:of\s*)?(?:>=|≥|at least)\s*(\d+(?:\.\d+)?)",
    re.I,
)


@dataclass(frozen=True)
class Tail:
    """`last`: each user's last events, at most `most` and at most `share` of them. `window`: what happens within `days`
    after everybody's cut-off. `session`: all that follows an unknown place in it, at most `most`.

    `least`: events of a lower rating are not relevant. `fresh`: neither is what the user had before; `known`: nor what
    nobody had before.
    """

    how: How
    most: int = MOST
    share: float = SHARE
    days: float = 0.0
    least: float | None = None
    fresh: bool = False
    known: bool = False
    why: str = ""


def depth(sizes: NDArray[np.int64], tail: Tail) -> int:
    """How many times tails of "last" can be cut off histories of `sizes` events, one before the other, such that what is
    left stays long enough to be like what test has; 1 at least."""
    left, cuts = sizes, 0
    while len(left) and cuts < MOST_CUTS:
        held = np.clip(np.floor(left * tail.share), 1, tail.most)
        left = left[left > 1] - np.minimum(held, left - 1)[left > 1]
        if not len(left) or np.median(left) < ALIKE * np.median(sizes):
            break
        cuts += 1
    return max(1, cuts)


def read(text: str, *, timed: bool, apart: bool = False) -> Tail:
    """What the description says of the cut. `timed`: events have times. `apart`: test has events of its own."""
    most, share = _of_user(text)
    days = _window(text) if timed else 0.0
    if most is None and share is None and days and not apart:
        tail = Tail("window", MOST * 100, 1.0, days, why=f"what happens in the next {days:g} days is asked for")
    elif most is None and share is None and apart:
        one = re.search(rf"\bnext {_EVENT}\b", text, re.I) is not None
        tail = Tail("session", 1 if one else 100, 1.0, why="test's own events end before the items asked for")
    elif most is None and share is None:
        tail = Tail("last", why=f"nothing is said: the last {MOST} events at most, and {SHARE:.0%} of a user's")
    else:
        why = "the description says how much of each user's events is hidden"
        tail = Tail("last", most or 10_000, share or (1.0 if most else SHARE), why=why)
    return replace(tail, least=_least(text), fresh=_fresh(text), known=_known(text))


def _of_user(text: str) -> tuple[int | None, float | None]:
    """(events, share) that are hidden of each user's; None where not said."""
    for sentence in re.split(r"(?<=[.;\n])\s+", text):
        if not re.search(rf"{_LAST}|{_HELD}|leave[- ]one[- ]out", sentence, re.I):
            continue
        if not re.search(rf"{_HELD}|each|every|per|their|user|customer", sentence, re.I):
            continue
        if re.search(r"leave[- ]one[- ]out", sentence, re.I):
            return 1, None
        most, share = _count(sentence), _share(sentence)
        if most is not None or share is not None:
            return most, share
        if re.search(rf"{_LAST} {_EVENT}\b", sentence, re.I) and re.search(_HELD, sentence, re.I):
            return 1, None
    return None, None


def _count(sentence: str) -> int | None:
    near = (
        rf"{_LAST}\s+{_COUNT}\s+{_EVENTS}|{_LAST}[^.]{{0,40}}?\((?:up to|at most)\s+{_COUNT}"
        rf"|(?:up to|at most)\s+{_COUNT}\s+(?:of )?[^.]{{0,20}}?{_EVENTS}[^.]{{0,30}}?{_HELD}"
    )
    found = re.search(near, sentence, re.I)
    if found is None:
        return None
    word = next(group for group in found.groups() if group)
    return _NUMBERS.get(word.lower()) or int(word)


def _share(sentence: str) -> float | None:
    found = re.search(r"(\d+(?:\.\d+)?)\s*(?:%|per ?cent)", sentence)
    if found and 0 < float(found[1]) < 100:
        return float(found[1]) / 100
    named = re.search(rf"\b(?:a|one)[ -]({'|'.join(_SHARES)})\b", sentence, re.I)
    return _SHARES[named[1].lower()] if named else None


def _window(text: str) -> float:
    """Days of the window that is asked for; 0 where none is named."""
    found = _WINDOW.search(text)
    if found is None:
        return 0.0
    count = found[1]
    number = 1 if not count else _NUMBERS.get(count.lower()) or int(count)
    return number * _DAYS[found[2].lower()]


def _least(text: str) -> float | None:
    """The rating from which an event is relevant."""
    for found in _RELEVANT.finditer(text):
        around = text[max(0, found.start() - 80) : found.end() + 60]
        if re.search(r"relevant|positive|rat(?:ing|ed)|stars?|liked", around, re.I):
            return float(found[1] or found[2])
    return None


def _fresh(text: str) -> bool:
    return bool(
        re.search(r"already[^.\n]{0,60}(never|not|n't) (be )?(relevant|counted|correct|recommended)", text, re.I)
        or re.search(r"(never|not) (been )?(seen|rated|bought|listened|purchased)[^.\n]{0,20} before", text, re.I)
        or re.search(r"\b(new|unseen) (items|products|movies|tracks|songs|articles) only\b", text, re.I)
    )


def _known(text: str) -> bool:
    return re.search(r"(occur|appear|present|known|contained|that are)\w* in (the )?train", text, re.I) is not None


__all__ = ["MOST", "SHARE", "Tail", "depth", "read"]
