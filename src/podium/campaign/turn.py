"""One role's turn: brief, seat, check, record. Where the seat cannot, the built-in one plays and we say so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from podium.campaign import briefs, checks
from podium.campaign.views import write_views
from podium.errors import SeatError
from podium.records import Brief, Deliverable, Phase, Plan, Role, Usage
from podium.team.roles import ROLE_OF
from podium.team.seat import Seat

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

D = TypeVar("D", bound=Deliverable)
UNBUILT = "unbuilt"  # the newest round whose builder planned and then could not build


def play(
    engine: Engine,
    round_: int,
    phase: Phase,
    kind: type[D],
    record: Callable[[D], None] = lambda deliverable: None,
    *,
    step: str = "",
    **known: Any,
) -> D:
    """The phase's deliverable, journalled with what it cost and all that `record` says follows from it.

    `known`: deliverables of this round that the brief shows. `step`: what the journal calls it, where the engine's own part
    of the phase has its name. A seat's usage is charged in the transaction that records
    the phase, once: after a crash before it, the seat is asked again and hands back what it was already paid for.
    """
    name = step or phase
    if engine.registry.journal.find(f"R{round_:02d}_{name}") is None:  # a replay does not take the campaign back there
        engine.enter(round_, phase)
    role = ROLE_OF[phase]
    spent: list[Usage] = []
    seat, why = _player(engine, role, round_)
    failed = False

    def ask() -> D:
        nonlocal failed
        brief = briefs.brief(engine, round_, phase, role, **known)
        if why:
            text = f"{role} ({engine.seats[role].name}): {why}; built-in plays"
            engine.event("warning", message=text, fell_back=f"{role}:{phase}")
        if seat is engine.fallback:
            return _own(engine, brief, kind, spent)
        try:
            return _ask(seat, brief, kind, spent)
        except SeatError as problem:
            if problem.usage is not None:
                spent.append(problem.usage)
            text = f"{role} ({seat.name}) could not play {phase}: {problem}; built-in plays"
            engine.event("warning", message=text, fell_back=f"{role}:{phase}")
            failed = True
        return _own(engine, brief, kind, spent)

    def keep(deliverable: D) -> None:
        for usage in spent:
            engine.registry.ledger.charge_usage(round_, f"{role}:{phase}", usage)
        if failed and phase == "build":
            engine.registry.set(UNBUILT, round_)
        record(deliverable)

    deliverable = engine.registry.journal.step(round_, name, kind, ask, keep)
    write_views(engine.campaign, engine.registry)
    return deliverable


def _player(engine: Engine, role: Role, round_: int) -> tuple[Seat, str]:
    """The role's own seat; the built-in one, and why, once the caps are reached, and in the round after a builder planned
    what it could not build: else a campaign whose builder always fails would end with nothing."""
    seat = engine.seats[role]
    if seat is engine.fallback:
        return seat, ""
    if spent := engine.purse.seats_spent(engine.registry.ledger):
        return engine.fallback, spent
    if role == "builder" and engine.registry.setting(UNBUILT) == round_ - 1:
        return engine.fallback, f"it planned round {round_ - 1} and did not build it"
    return seat, ""


def _ask(seat: Seat, brief: Brief, kind: type[D], spent: list[Usage]) -> D:
    """Raises SeatError: no deliverable, one of another type, or one that its check refuses."""
    deliverable = _handed(seat, brief, kind, spent)
    checks.check(deliverable, brief)
    return deliverable


def _own(engine: Engine, brief: Brief, kind: type[D], spent: list[Usage]) -> D:
    """What the built-in seat hands in. Nobody stands behind it, and asked again it would say the same: an experiment of its
    plan that the check refuses is left out, said aloud, and the others go on. Where none stands, the check raises."""
    deliverable: Any = _handed(engine.fallback, brief, kind, spent)
    if isinstance(deliverable, Plan):
        standing, refused = checks.sound(deliverable, brief)
        for why in refused:
            engine.event("warning", message=f"built-in {brief.role}: {why}; left out of round {brief.round}")
        deliverable = standing if standing.experiments else deliverable
    checks.check(deliverable, brief)
    return cast(D, deliverable)


def _handed(seat: Seat, brief: Brief, kind: type[D], spent: list[Usage]) -> D:
    started = time.monotonic()
    reply = seat.play(brief)
    wall_s = reply.usage.wall_s or time.monotonic() - started
    spent.append(replace(reply.usage, wall_s=wall_s))
    if not isinstance(reply.deliverable, kind):
        raise SeatError(f"{brief.phase}: expected a {kind.__name__}; found a {type(reply.deliverable).__name__}")
    return reply.deliverable
