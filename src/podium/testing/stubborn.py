"""A builder that only ever tunes one family, as minds left to themselves do; and a reviewer that lets everything pass."""

from __future__ import annotations

from dataclasses import replace

from podium.records import Brief, Reply, Review
from podium.team.builtin import BuiltinSeat
from podium.team.builtin.stock import shipped_catalog
from podium.testing.catalogs import OneFamily


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
