"""What a competition's words imply of its predictions: a pair's symmetry, a declared range. Silent where it is not sure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from podium.records import Competition, DataFacts

SIDES = (("a", "b"), ("1", "2"), ("left", "right"), ("first", "second"), ("home", "away"), ("red", "blue"))
ALIKE = re.compile(
    r"\b(duplicat\w*|similar\w*|paraphras\w*|equivalen\w*|same|match(es|ing)?|distance|resembl\w*)\b", re.IGNORECASE
)
CONTEST = re.compile(r"\b(winner|wins?|beats?|prefer\w*|better of|defeats?)\b", re.IGNORECASE)
NUMBER = r"(-?\d+(?:\.\d+)?)"
RANGE = re.compile(
    rf"\b(?:between|from|range of|ranges from|in|scale of)\s+\[?{NUMBER}\s*(?:and|to|,|-|–)\s*{NUMBER}\b", re.IGNORECASE
)
SLACK = (
    0.5  # of a declared range's width: a raw value outside is cut by the decision, one far outside is in another unit
)


def pair(competition: Competition, data: DataFacts) -> dict[str, Any] | None:
    """Parameters of the check `symmetry`: the columns of the two sides, and what exchanging them should do."""
    names = [column.name for column in data.columns]
    sides = next((found for sides in SIDES if (found := _matched(names, *sides))), None)
    if sides is None:
        return None
    expect = _expected(competition)
    return None if expect is None else {"left": [a for a, _ in sides], "right": [b for _, b in sides], "expect": expect}


def _matched(names: Sequence[str], one: str, other: str) -> list[tuple[str, str]]:
    """Columns whose names differ in the side alone; none where a third one goes on counting."""
    by_tokens = {tuple(_tokens(name)): name for name in names}
    found = []
    for tokens, name in by_tokens.items():
        for at in (k for k, token in enumerate(tokens) if token == one):
            partner = by_tokens.get((*tokens[:at], other, *tokens[at + 1 :]))
            third = (*tokens[:at], "c" if one == "a" else "3", *tokens[at + 1 :])
            if partner is not None and third not in by_tokens:
                found.append((name, partner))
    return found


def _tokens(name: str) -> list[str]:
    return [token.lower() for token in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)]


def _expected(competition: Competition) -> str | None:
    """What exchanging the sides does to the predictions; None where neither target nor description tells."""
    classes = [set(_tokens(name)) for name in competition.classes[:2]]
    if len(competition.classes) > 2 and any(a in classes[0] and b in classes[1] for a, b in SIDES):
        return "first_two"
    words = " ".join((*competition.target_columns, *competition.classes, competition.description)).replace("_", " ")
    alike, contest = bool(ALIKE.search(words)), bool(CONTEST.search(words))
    if alike == contest or len(competition.classes) > 2:
        return None
    return "same" if alike else "opposite"


def declared_range(competition: Competition, data: DataFacts) -> dict[str, float] | None:
    """Bounds that the description gives where it speaks of the target, widened by `SLACK`; None where the labels do not
    keep them, or where it names no such sentence."""
    if competition.classes or len(competition.target_columns) != 1:
        return None
    target = competition.target_columns[0].lower()
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", competition.description):
        told = RANGE.search(sentence)
        if told is None or target not in sentence.lower():
            continue
        low, high = float(told[1]), float(told[2])
        if low < high and data.target_min >= low:
            return {"low": low - SLACK * (high - low), "high": high + SLACK * (high - low)}
    return None


__all__ = ["declared_range", "pair"]
