"""A builder without a sense of direction, to measure what the planner's is worth."""

from __future__ import annotations

import random

from podium.records import Brief, Plan, Reply
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
