"""One role's turn: brief, seat, check, record. Where the seat cannot, the built-in one plays and we say so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from podium.campaign import briefs, checks
from podium.campaign.views import write_views
from podium.errors import SeatError
from podium.records import Brief, Deliverable, Phase, Usage
from podium.team.roles import ROLE_OF
from podium.team.seat import Seat

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

D = TypeVar("D", bound=Deliverable)


def play(
    engine: Engine,
    round_: int,
    phase: Phase,
    kind: type[D],
    record: Callable[[D], None] = lambda deliverable: None,
    **known: Any,
) -> D:
    """The phase's deliverable, journalled with what it cost and all that `record` says follows from it.

    `known`: deliverables of this round that the brief shows. A seat's usage is charged in the transaction that records
    the phase, once: after a crash before it, the seat is asked again and hands back what it was already paid for.
    """
    if engine.registry.journal.find(f"R{round_:02d}_{phase}") is None:  # a replay does not take the campaign back there
        engine.enter(round_, phase)
    role = ROLE_OF[phase]
    spent: list[Usage] = []

    def ask() -> D:
        brief = briefs.brief(engine, round_, phase, role, **known)
        for seat in (engine.seats[role], engine.fallback):
            if seat is not engine.fallback and (why := engine.purse.seats_spent(engine.registry.ledger)):
                engine.event("warning", message=f"{role} ({seat.name}): {why}; built-in plays")
                continue
            try:
                return _ask(seat, brief, kind, spent)
            except SeatError as problem:
                if problem.usage is not None:
                    spent.append(problem.usage)
                if seat is engine.fallback:
                    raise
                text = f"{role} ({seat.name}) could not play {phase}: {problem}; built-in plays"
                engine.event("warning", message=text)
        raise AssertionError("the fallback seat answers or raises")

    def keep(deliverable: D) -> None:
        for usage in spent:
            engine.registry.ledger.charge_usage(round_, f"{role}:{phase}", usage)
        record(deliverable)

    deliverable = engine.registry.journal.step(round_, phase, kind, ask, keep)
    write_views(engine.campaign, engine.registry)
    return deliverable


def _ask(seat: Seat, brief: Brief, kind: type[D], spent: list[Usage]) -> D:
    """Raises SeatError: no deliverable, one of another type, or one that its check refuses."""
    started = time.monotonic()
    reply = seat.play(brief)
    wall_s = reply.usage.wall_s or time.monotonic() - started
    spent.append(replace(reply.usage, wall_s=wall_s))
    if not isinstance(reply.deliverable, kind):
        raise SeatError(f"{brief.phase}: expected a {kind.__name__}; found a {type(reply.deliverable).__name__}")
    checks.check(reply.deliverable, brief)
    return reply.deliverable
