"""The baseline: by condition, all words, the first sentence, or the words that answers usually hold."""

from __future__ import annotations

from collections import Counter

import numpy as np

from podium.protocol import Context
from podium.recipes.spans.marks import Marks
from podium.recipes.spans.model import Ints, SpanModel, Weighted
from podium.recipes.spans.passages import Passages
from podium.tasks.span_choice import best_run

SMOOTH = 4.0  # pseudo-counts of a word's share
RULES = ("whole", "words")


class SpanRules(SpanModel):
    """For each value of the conditions the rule that overlaps most with the training answers."""

    def _fit(self, passages: Passages, marks: Marks, ctx: Context) -> None:
        inside = marks.inside(passages)
        keys = self._words(passages)
        seen, within = Counter(keys), Counter(key for key, is_in in zip(keys, inside, strict=True) if is_in)
        condition = passages.condition[passages.row]
        of_all = float(inside.mean())
        self.share_of = {int(c): float(inside[condition == c].mean()) for c in np.unique(condition)} | {0: of_all}
        self.share = {
            key: (within[key] + SMOOTH * self.share_of.get(key[0], of_all)) / (count + SMOOTH)
            for key, count in seen.items()
            if count > 1
        }
        self.rule = {}
        merits = {rule: marks.overlap(*self._runs(passages, rule)) for rule in RULES}
        for code in (*np.unique(passages.condition), 0):
            here = passages.condition == code if code else np.ones(len(passages), dtype=bool)
            self.rule[int(code)] = max(RULES, key=lambda rule: float(merits[rule][here].mean()))
        self.notes |= {"whole": sum(rule == "whole" for rule in self.rule.values()), "conditions": len(self.rule)}

    def _spans(self, passages: Passages, ctx: Context) -> Weighted:
        runs = {rule: self._runs(passages, rule) for rule in RULES}
        whole = np.array([self.rule.get(int(code), self.rule[0]) == "whole" for code in passages.condition], dtype=bool)
        rows = np.flatnonzero(passages.sizes > 0)
        first, last = (np.where(whole, runs["whole"][end], runs["words"][end])[rows] for end in (0, 1))
        return Weighted(rows, first, last, np.ones(len(rows)))

    def _words(self, passages: Passages) -> list[tuple[int, str]]:
        condition = passages.condition[passages.row].tolist()
        return [(code, word.lower()) for code, word in zip(condition, passages.words, strict=True)]

    def _runs(self, passages: Passages, rule: str) -> tuple[Ints, Ints]:
        if rule == "whole":
            return np.zeros(len(passages), dtype=np.int64), passages.sizes - 1
        table = np.zeros((len(passages), max(1, int(passages.sizes.max(initial=1)))))
        table[passages.row, passages.place] = [
            self.share.get(key, self.share_of.get(key[0], self.share_of[0])) for key in self._words(passages)
        ]
        return best_run(table, passages.sizes)
