"""Catalogs as somebody sees them who knows less: for benches that ask what the rest is worth."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.records import Competition, DataFacts, Hardware, Recipe
from podium.team.builtin.stock import Catalog


@dataclass(frozen=True)
class Seen:
    """The whole catalog. Subclasses show less of it."""

    whole: Catalog

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
        return self.whole.portfolio(facts, competition, hardware)

    def families(self, facts: DataFacts, competition: Competition) -> tuple[str, ...]:
        return self.whole.families(facts, competition)

    def neighbours(self, recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
        return self.whole.neighbours(recipe, rng, facts, competition)

    def crossover(self, a: Recipe, b: Recipe, rng: random.Random) -> Recipe:
        return self.whole.crossover(a, b, rng)

    def second_level(self, models: Sequence[str], facts: DataFacts, competition: Competition) -> Recipe | None:
        return self.whole.second_level(models, facts, competition)

    def heeds(self, recipe: Recipe, option: str) -> bool:
        return self.whole.heeds(recipe, option)

    def cost_s(self, recipe: Recipe, facts: DataFacts, rows: int) -> float:
        return self.whole.cost_s(recipe, facts, rows)

    def as_made(self, recipe: Recipe, others: Iterable[Recipe]) -> Recipe:
        return self.whole.as_made(recipe, others)

    def fingerprint(self, recipe: Recipe) -> str:
        return self.whole.fingerprint(recipe)


@dataclass(frozen=True)
class OneFamily(Seen):
    """The recipes of one family."""

    family: str

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
        return tuple(one for one in self.whole.portfolio(facts, competition, hardware) if one.model == self.family)

    def families(self, facts: DataFacts, competition: Competition) -> tuple[str, ...]:
        return (self.family,)


@dataclass(frozen=True)
class OneLevel(Seen):
    """No models on models."""

    def second_level(self, models: Sequence[str], facts: DataFacts, competition: Competition) -> Recipe | None:
        return None


@dataclass(frozen=True)
class Plain(Seen):
    """Each family once, as its library comes: nothing that was learned elsewhere."""

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
        first = {one.model: one for one in reversed(self.whole.portfolio(facts, competition, hardware))}
        return tuple(Recipe(one.kind, one.model, {}, {}) for _, one in sorted(first.items()))
