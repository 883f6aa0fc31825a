"""Builders without a sense of direction, to measure what the planner's is worth."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from podium.records import Brief, Competition, DataFacts, Hardware, Plan, Recipe, Reply
from podium.team.builtin import BuiltinSeat, batch
from podium.team.builtin.candidates import candidates
from podium.team.builtin.stock import Catalog, shipped_catalog


class Aimless:
    """Plans whatever is untried and fits, in an order drawn by lot: no expected gain, no cost, no breadth."""

    name = "aimless"

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._catalog = catalog or shipped_catalog()
        self._rest = BuiltinSeat(catalog=self._catalog)

    def play(self, brief: Brief) -> Reply:
        if brief.phase not in ("plan", "revise"):
            return self._rest.play(brief)
        rng = random.Random(f"aimless:{brief.facts.seed}:{brief.id}")
        drawn = candidates(brief.facts, self._catalog, rng)
        rng.shuffle(drawn)
        return Reply(Plan(batch.pack(drawn, brief.facts), f"# Round {brief.round}: plan\n\nBy lot.\n"))


@dataclass(frozen=True)
class Plain:
    """The catalog without what was learned elsewhere: each family once, as its library comes."""

    whole: Catalog

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
        first = {one.model: one for one in reversed(self.whole.portfolio(facts, competition, hardware))}
        return tuple(Recipe(one.kind, one.model, {}, {}) for _, one in sorted(first.items()))

    def families(self, facts: DataFacts, competition: Competition) -> tuple[str, ...]:
        return self.whole.families(facts, competition)

    def neighbours(self, recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
        return self.whole.neighbours(recipe, rng, facts, competition)

    def crossover(self, a: Recipe, b: Recipe, rng: random.Random) -> Recipe:
        return self.whole.crossover(a, b, rng)

    def cost_s(self, recipe: Recipe, facts: DataFacts, rows: int) -> float:
        return self.whole.cost_s(recipe, facts, rows)

    def as_made(self, recipe: Recipe, others: Iterable[Recipe]) -> Recipe:
        return self.whole.as_made(recipe, others)

    def fingerprint(self, recipe: Recipe) -> str:
        return self.whole.fingerprint(recipe)
