"""The built-in seat: it plays every phase that asks for a deliverable, without an LLM."""

from __future__ import annotations

from podium.errors import SeatError
from podium.records import Brief, Deliverable, Reply
from podium.team.builtin import builder, cto, manager, planner, qa, reflector, researcher, retro, reviewer, uploader
from podium.team.builtin.stock import Catalog, SourceOf, shipped_catalog, shipped_source


class BuiltinSeat:
    """Each deliverable is a pure function of the brief: no clock, no registry, one random stream keyed by seed and
    brief. It spends no tokens and reports no time, so that a replayed campaign equals the first.

    `catalog` and `source_of` default to the recipes this package ships.
    """

    def __init__(
        self, name: str = "builtin", catalog: Catalog | None = None, source_of: SourceOf | None = None
    ) -> None:
        self.name, self._catalog, self._source_of = name, catalog, source_of

    def play(self, brief: Brief) -> Reply:
        """Raises SeatError for a phase that no role plays, and for a plan whose specs have no recipe to build."""
        return Reply(self._deliverable(brief))

    def _deliverable(self, brief: Brief) -> Deliverable:
        match brief.phase:
            case "charter":
                return manager.charter(brief)
            case "stack":
                return cto.stack(brief)
            case "checks":
                return qa.checks(brief)
            case "research":
                return researcher.research(brief, self.catalog)
            case "plan":
                return planner.plan(brief, self.catalog)
            case "review":
                return reviewer.review(brief, self.catalog)
            case "revise":
                return planner.revise(brief, self.catalog)
            case "build":
                return builder.build(brief, self._source_of or shipped_source())
            case "learn":
                return reflector.learn(brief)
            case "submit":
                return uploader.wish(brief)
            case "retro":
                return retro.retro(brief, self.catalog)
            case _:
                raise SeatError(
                    f"phase {brief.phase!r}: expected one that a role plays; the engine itself does this one"
                )

    @property
    def catalog(self) -> Catalog:
        return self._catalog or shipped_catalog()
