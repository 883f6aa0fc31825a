"""Memory and rules: what was seen is answered as it was, what was not by a template of its shape, the rest is copied.

Most of a normalisation is memory (Gorman & Sproat 2016; the winners of Google's contests of 2017): the text decides, and
where it is ambiguous what stands beside it. Which of memory, template and copy to believe is learned on held-back rows,
by how often their key was seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from podium.protocol import Context
from podium.recipes.text_to_text.beliefs import Beliefs
from podium.recipes.text_to_text.model import TextModel
from podium.recipes.text_to_text.numbers import Numbers, harvested
from podium.recipes.text_to_text.pairs import Sources
from podium.recipes.text_to_text.templates import Template, aligned, filled, shape

HELD = 0.15  # of the rows, to learn whom to believe
LEAST = 2  # times that a template was seen
SUPPORTS = (1, 2, 4, 10)  # bounds of "how often was the key seen"
SURE = (0.6, 0.9, 0.99)  # bounds of "how probable is its best value"
PRIOR = {"memory": 0.9, "template": 0.7, "copy": 0.3}
WEIGHT = 2.0  # pseudo-rows of a prior
Proposal = tuple[str, str, tuple[int, int]]  # who, the answer, how well supported


class TextMemory(TextModel):
    """Exact look-up with what stands beside, templates induced from the training pairs, copying.

    rules    whether templates and number readings are used
    beside   whether neighbours and classes decide between several answers
    """

    def __init__(self, features: Mapping[str, Any] | None = None, rules: bool = True, beside: bool = True) -> None:
        super().__init__(features)
        self.rules, self.beside = rules, beside

    def _fit(self, sources: Sources, answers: Sequence[str], ctx: Context) -> None:
        held = np.random.default_rng(ctx.seed).random(len(sources)) < HELD
        self.trust: dict[tuple[str, tuple[int, int]], float] = {}
        if held.any() and not held.all():
            rest = np.flatnonzero(~held).tolist()
            self._learn(sources.take(rest), [answers[row] for row in rest])
            self.trust = self._judged(sources, answers, np.flatnonzero(held).tolist())
        self._learn(sources, answers)
        self.notes |= {"known": len(self.memory.values), "shapes": len(self.templates.values)}

    def _learn(self, sources: Sources, answers: Sequence[str]) -> None:
        beside = sources.beside if self.beside else [()] * len(sources)
        self.memory = Beliefs().fit(zip(sources.texts, answers, beside, strict=True))
        self.numbers, self.templates = Numbers(), Beliefs()
        if not self.rules:
            return
        pairs = dict.fromkeys(zip(sources.texts, answers, strict=True))
        self.numbers.fit(harvested((shape(s), s, a) for s, a in pairs))
        made: dict[tuple[str, str], Template | None] = {(s, a): aligned(s, a, self.numbers) for s, a in pairs}
        self.templates.fit(
            (shape(s), made[s, a], near)
            for s, a, near in zip(sources.texts, answers, beside, strict=True)
            if made[s, a] is not None
        )

    def _judged(
        self, sources: Sources, answers: Sequence[str], rows: Sequence[int]
    ) -> dict[tuple[str, tuple[int, int]], float]:
        """How often each of the three was right, by how well supported it was."""
        right: dict[tuple[str, tuple[int, int]], float] = defaultdict(float)
        asked: dict[tuple[str, tuple[int, int]], float] = defaultdict(float)
        for row in rows:
            for who, answer, support in self._proposals(sources.texts[row], sources.beside[row]):
                asked[who, support] += 1
                right[who, support] += answer == answers[row]
        return {key: (right[key] + WEIGHT * PRIOR[key[0]]) / (asked[key] + WEIGHT) for key in asked}

    def _proposals(self, source: str, beside: Sequence[str]) -> list[Proposal]:
        near = beside if self.beside else ()
        found: list[Proposal] = []
        known = self.memory.best(source, near)
        if known is not None:
            found.append(("memory", str(known[0]), _support(known[1], known[2])))
        program = self.templates.best(shape(source), near) if self.rules else None
        if program is not None and program[2] >= LEAST:
            answer = filled(source, program[0], self.numbers)  # type: ignore[arg-type]
            if answer is not None:
                found.append(("template", answer, _support(program[1], program[2])))
        found.append(("copy", source, (int(known is not None), int(source.isalpha()))))
        return found

    def _write(self, sources: Sources, ctx: Context) -> list[str]:
        return [self._answer(source, beside) for source, beside in zip(sources.texts, sources.beside, strict=True)]

    def _answer(self, source: str, beside: Sequence[str]) -> str:
        found = self._proposals(source, beside)
        return max(found, key=lambda one: self.trust.get((one[0], one[2]), PRIOR[one[0]]))[1]


def _support(probability: float, count: int) -> tuple[int, int]:
    return int(np.searchsorted(SUPPORTS, count, "right")), int(np.searchsorted(SURE, probability))
