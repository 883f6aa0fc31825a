"""A platform that does not answer, or has no ear for this account: nothing is asked of it for a while, and the campaign
goes on.

The wait doubles with each failure in a row; where the platform named a time, it is kept. Both of our clocks are looked at,
and the wait is over when either says so: the campaign's stands still while no engine is alive, the machine's may jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.errors import Refused, UserError
from podium.platforms.platform import Unreachable
from podium.records import from_json

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry import Registry

KEY = "outage"
UNANSWERED = (Unreachable, UserError, Refused)  # the latter: a token that has run out, rules that nobody has accepted
FIRST_S = 30.0
LONGEST_S = 3600.0
PATIENCE_S = 120.0  # what the campaign's end waits, in all, for a platform to come back
NAP_S = 30.0


@dataclass(frozen=True)
class Outage:
    """`asked_s`: the wait that the platform asked for; `wait_s`: ours, at least as long. Both from the moment it began."""

    reason: str
    tries: int
    asked_s: float
    wait_s: float
    alive_s: float
    at: float


def find(registry: Registry) -> Outage | None:
    stored = registry.setting(KEY)
    return None if stored is None else from_json(Outage, stored)


def note(engine: Engine, problem: Exception) -> str:
    """Remember the failure and say so; returns the reason for which nothing is sent."""
    before = find(engine.registry)
    tries = 1 if before is None else before.tries + 1
    asked = max(0.0, getattr(problem, "retry_after_s", None) or 0.0)
    wait = max(asked, min(FIRST_S * 2 ** (tries - 1), LONGEST_S))
    reason = " ".join(str(problem).split()) or "no answer"
    found = Outage(reason, tries, asked, wait, engine.clock.alive_s(), engine.wall_s())
    engine.registry.set(KEY, found)
    engine.event(
        "warning", message=f"the platform cannot be reached ({reason}); it is asked again in {wait:.0f} s or later"
    )
    return _held(found)


def over(engine: Engine) -> None:
    if find(engine.registry) is not None:
        engine.registry.set(KEY, None)


def left_s(engine: Engine, *, at_the_end: bool = False) -> float:
    """Seconds for which nothing may be asked; the end of a campaign keeps only what the platform asked for."""
    found = find(engine.registry)
    if found is None:
        return 0.0
    wait = found.asked_s if at_the_end else found.wait_s
    return max(0.0, wait - max(engine.clock.alive_s() - found.alive_s, engine.wall_s() - found.at))


def holds(engine: Engine, *, at_the_end: bool = False) -> str:
    """Why the platform is not asked now; "" where it may be."""
    found = find(engine.registry)
    return _held(found) if found is not None and left_s(engine, at_the_end=at_the_end) > 0 else ""


def said(registry: Registry) -> str:
    """The outage in words, over or not; "" where there is none."""
    found = find(registry)
    return "" if found is None else _held(found)


def wait_out(engine: Engine, at_most_s: float) -> float:
    """At the campaign's end: sleep until the platform may be asked again, where that is soon enough. Returns the seconds slept;
    0 where there is no outage, or a longer one."""
    if find(engine.registry) is None:
        return 0.0
    wait = max(left_s(engine, at_the_end=True), NAP_S)
    if wait > at_most_s:
        return 0.0
    engine.sleep(wait)
    return wait


def _held(found: Outage) -> str:
    return f"the platform cannot be reached: {found.reason}"
