"""The competition's deadline: nothing is sent after it, and a campaign's time ends before it.

It is the config's own, as intake left it: ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

MARGIN_S = 60.0  # between the end of a campaign and the deadline, for the last upload


def left_s(deadline: str | None, now: datetime | None = None) -> float | None:
    """Seconds until the deadline, negative after it; None where there is none."""
    return None if not deadline else (datetime.fromisoformat(deadline) - (now or datetime.now(UTC))).total_seconds()


def passed(deadline: str | None, now: datetime | None = None) -> bool:
    left = left_s(deadline, now)
    return left is not None and left < 0


def shown(deadline: str | None) -> str:
    """As people are told it: `2026-04-30 23:59 UTC`."""
    return f"{datetime.fromisoformat(deadline):%Y-%m-%d %H:%M} UTC" if deadline else "none"


def capped(time_s: float | None, deadline: str | None, now: datetime | None = None) -> tuple[float | None, str]:
    """(a campaign's time, why it was cut or ""): it ends before the deadline. After the deadline nothing is cut: who
    plays on does it for the figures."""
    left = left_s(deadline, now)
    if time_s is None or left is None or left <= 2 * MARGIN_S or time_s <= left - MARGIN_S:
        return time_s, ""
    cut = left - MARGIN_S
    return cut, f"the time is cut from {time_s:.0f} s to {cut:.0f} s: the deadline is {shown(deadline)}"
