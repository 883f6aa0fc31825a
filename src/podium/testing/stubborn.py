"""A builder that only ever tunes one family, as minds left to themselves do; and a reviewer that lets everything pass."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from podium.records import Brief, Competition, DataFacts, Hardware, Recipe, Reply, Review
from podium.team.builtin import BuiltinSeat
from podium.team.builtin.stock import Catalog, shipped_catalog


@dataclass(frozen=True)
class OneFamily:
    """The catalog as somebody sees it who knows one family."""

    whole: Catalog
    family: str

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
        return tuple(one for one in self.whole.portfolio(facts, competition, hardware) if one.model == self.family)

    def families(self, facts: DataFacts, competition: Competition) -> tuple[str, ...]:
        return (self.family,)

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


class Stubborn:
    """Plans and builds `family` alone; where the reviewer says REVISE it does as it is told."""

    name = "stubborn"

    def __init__(self, family: str = "lightgbm") -> None:
        self._family = family
        self._own = BuiltinSeat(catalog=OneFamily(shipped_catalog(), family))
        self._told = BuiltinSeat()

    def play(self, brief: Brief) -> Reply:
        if brief.phase != "plan":
            return self._told.play(brief)
        facts = brief.facts
        hypotheses = tuple(one for one in facts.hypotheses if one.family == self._family)
        experiments = tuple(one for one in facts.experiments if one.family == self._family)
        blinkered = replace(facts, hypotheses=hypotheses, experiments=experiments, reopened=())
        return self._own.play(replace(brief, facts=blinkered))


class Lenient:
    """Approves every plan; the retro is the built-in one's."""

    name = "lenient"

    def __init__(self) -> None:
        self._builtin = BuiltinSeat()

    def play(self, brief: Brief) -> Reply:
        if brief.phase != "review":
            return self._builtin.play(brief)
        return Reply(Review("APPROVED", "let pass", (), "# Review\n\nLet pass.\n"))
