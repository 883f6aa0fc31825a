"""The built-in seat: it plays every phase that asks for a deliverable, without an LLM."""

from __future__ import annotations

import time

from podium.errors import SeatError
from podium.records import Brief, Deliverable, Findings, Reply, ResearchBrief, Review, Usage
from podium.team.builtin import builder, planner
from podium.team.builtin.stock import Catalog, SourceOf, shipped_catalog, shipped_source


class BuiltinSeat:
    def __init__(self, name: str = "builtin", catalog: Catalog | None = None, source_of: SourceOf | None = None) -> None:
        self.name, self._catalog, self._source_of = name, catalog, source_of

    def play(self, brief: Brief) -> Reply:
        return Reply(self._deliver(brief), Usage())

    def _deliver(self, brief: Brief) -> Deliverable:
        catalog = self._catalog or shipped_catalog()
        match brief.phase:
            case "research":
                return ResearchBrief((), "# Research\n", "")
            case "plan" | "revise":
                return planner.plan(brief, catalog)
            case "review":
                return Review("APPROVED", "minimal", (), "# Review\nAPPROVED\n")
            case "build":
                return builder.build(brief, self._source_of or shipped_source())
            case "learn" | "retro" | "submit":
                return Findings(f"# {brief.phase}\n", submit=True)
            case _:
                raise SeatError(f"phase {brief.phase!r}: the built-in team has no role in it")
