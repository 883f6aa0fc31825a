"""How digits are read aloud, learned from examples: a table of whole readings, and rules that split longer ones.

`345` is read as what the pairs of its length say for the head 3 ("three hundred") and the reading of the tail ("forty
five"), which is split in turn. Which length is split where is voted by the training pairs, shortest first, so any language
and any way of reading (years in pairs) that goes from left to right is learned alike.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 18  # digits
LEAST = 2  # pairs that must agree
SHARE = 0.6  # of the pairs whose tail can be read that a rule explains
TURNS = 4
FEW = 5  # answers of one shape, before what they have in common is taken for literal
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Split:
    """Of numbers of one length: words of each head of `at` digits before a tail (`heads`); `behind`: what follows a head's
    own reading, for heads that no pair showed (None: nothing is known); `alone`: the same where the tail is all zeros."""

    at: int
    heads: dict[str, str]
    behind: str | None
    alone: str | None


class Numbers:
    """`read(digits)` → words, or None where neither the table nor a rule reads them."""

    def fit(self, pairs: Iterable[tuple[str, str]]) -> Numbers:
        """Pairs of digits and what they were read as; of several readings the most frequent counts.

        In turns: a rule tells how the tails are read that no row shows alone, which is what rules of their length need.
        """
        self.table, self.rules = _commonest(pairs), dict[int, Split]()
        for _ in range(TURNS):
            by_length: dict[int, list[tuple[str, str]]] = defaultdict(list)
            for digits, words in self.table.items():
                by_length[len(digits)].append((digits, words))
            told: list[tuple[str, str]] = []
            for length in range(2, LONGEST + 1):
                rule = self._voted(by_length[length], length)
                if rule is not None:
                    self.rules[length] = rule
                    told += _tails(by_length[length], rule)
            known = len(self.table)
            self.table = {**_commonest(told), **self.table}
            if len(self.table) == known:
                break
        return self

    def read(self, digits: str) -> str | None:
        return self.table[digits] if digits in self.table else self._by_rule(digits)

    def spelled(self, digits: str) -> str | None:
        """Digit by digit."""
        words = [self.table.get(digit) for digit in digits]
        return None if None in words else " ".join(word for word in words if word)

    def _by_rule(self, digits: str) -> str | None:
        rule = self.rules.get(len(digits))
        if rule is None or digits[0] == "0":
            return None
        head, tail = digits[: rule.at], digits[rule.at :].lstrip("0")
        behind = rule.behind if tail or rule.alone is None else rule.alone
        first = rule.heads.get(head) if tail or rule.alone is None else None
        if first is None and behind is not None:
            own = self.read(head)
            first = None if own is None else f"{own} {behind}".strip()
        last = self.read(tail) if tail else ""
        return None if first is None or last is None else f"{first} {last}".strip()

    def _voted(self, pairs: list[tuple[str, str]], length: int) -> Split | None:
        """The place to split at where heads are read alike most often, among the pairs whose tail can be read."""
        best: tuple[int, Split] | None = None
        for at in range(1, length):
            said: dict[str, Counter[str]] = defaultdict(Counter)
            readable = 0
            for digits, words in pairs:
                right = self.read(tail) if (tail := digits[at:].lstrip("0")) else None
                readable += right is not None
                if right is not None and words.endswith(f" {right}"):
                    said[digits[:at]][words[: -len(right) - 1]] += 1
            support = sum(n for counts in said.values() if (n := max(counts.values())) >= LEAST)
            if support >= max(LEAST, SHARE * readable) and (best is None or support > best[0]):
                heads = {head: counts.most_common(1)[0][0] for head, counts in said.items()}
                best = support, Split(at, heads, self._behind(heads.items()), self._alone(pairs, at))
        return None if best is None else best[1]

    def _behind(self, readings: Iterable[tuple[str, str]]) -> str | None:
        """What most often follows a head's own reading; None where that seldom begins what is said."""
        found: Counter[str | None] = Counter()
        for head, words in readings:
            own = self.table.get(head)
            if own is not None:
                found[words[len(own) :].strip() if f"{words} ".startswith(f"{own} ") else None] += 1
        return found.most_common(1)[0][0] if found else None

    def _alone(self, pairs: list[tuple[str, str]], at: int) -> str | None:
        return self._behind((digits[:at], words) for digits, words in pairs if not digits[at:].strip("0"))


def _tails(pairs: Iterable[tuple[str, str]], rule: Split) -> list[tuple[str, str]]:
    """What tails are called, where the head's words begin what is said."""
    found = []
    for digits, words in pairs:
        head, tail = rule.heads.get(digits[: rule.at]), digits[rule.at :].lstrip("0")
        if tail and head is not None and words.startswith(f"{head} "):
            found.append((tail, words[len(head) + 1 :]))
    return found


def _commonest(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    readings: dict[str, Counter[str]] = {}
    for digits, words in pairs:
        readings.setdefault(digits, Counter())[words] += 1
    return {digits: counts.most_common(1)[0][0] for digits, counts in readings.items()}


def harvested(pairs: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Readings of digits inside sources: of (shape, source, answer) with one run of digits, the answer without the words
    that all answers of its shape begin and end with."""
    by_shape: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for shape, source, answer in pairs:
        runs = DIGITS.findall(source)
        if len(runs) == 1 and source != answer:
            by_shape[shape].append((runs[0], answer.split()))
    found = []
    for group in by_shape.values():
        answers = [words for _, words in group]
        if len(answers) < FEW:
            continue
        head, tail = _shared(answers), _shared([words[::-1] for words in answers])
        found += [(digits, " ".join(words[head : len(words) - tail])) for digits, words in group]
    return [(digits, words) for digits, words in found if words]


def _shared(answers: list[list[str]]) -> int:
    """How many first words all answers have in common."""
    least = min(map(len, answers))
    return next((at for at in range(least) if len({words[at] for words in answers}) > 1), max(least - 1, 0))
