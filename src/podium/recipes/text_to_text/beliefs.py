"""Which of several values goes with a key, given what stands beside it: counts and naive Bayes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

SMOOTH = 0.1  # pseudo-counts of each value beside a key


class Beliefs:
    """P(value | key, beside), proportional to the value's count with the key times how often it stood beside such values.

    A dozen occurrences suffice where one neighbour decides, and none is needed where the key alone does.
    """

    def __init__(self) -> None:
        self.values: dict[Hashable, Counter[Hashable]] = {}
        self.beside: dict[Hashable, dict[Hashable, list[Counter[str]]]] = {}

    def fit(self, triples: Iterable[tuple[Hashable, Hashable, Sequence[str]]]) -> Beliefs:
        values: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
        kept: dict[Hashable, list[tuple[Hashable, Sequence[str]]]] = defaultdict(list)
        for key, value, beside in triples:
            values[key][value] += 1
            kept[key].append((value, beside))
        self.values = dict(values)
        for key, pairs in kept.items():
            if len(values[key]) < 2:
                continue
            tables: dict[Hashable, list[Counter[str]]] = {}
            for value, beside in pairs:
                of_value = tables.setdefault(value, [Counter() for _ in beside])
                for counter, name in zip(of_value, beside, strict=True):
                    counter[name] += 1
            self.beside[key] = tables
        return self

    def best(self, key: Hashable, beside: Sequence[str]) -> tuple[Hashable, float, int] | None:
        """(the value, its probability, occurrences of the key); ties go to the value seen first. None: never seen."""
        counts = self.values.get(key)
        if counts is None:
            return None
        total = counts.total()
        if len(counts) == 1:
            return next(iter(counts)), 1.0, total
        scores = {value: math.log(count) for value, count in counts.items()}
        tables = self.beside[key]
        for place, name in enumerate(beside):
            distinct = len(set().union(*(tables[value][place] for value in tables))) + 1
            for value in scores:
                seen = tables[value][place][name]
                scores[value] += math.log((seen + SMOOTH) / (counts[value] + SMOOTH * distinct))
        top = max(scores, key=lambda value: scores[value])
        mass = sum(math.exp(max(score - scores[top], -700.0)) for score in scores.values())
        return top, 1.0 / mass, total
