"""What may be sent now: the deadline, an outage, the quota of the platform's day, and the pace.

The platform's own count and clock decide wherever it tells them. Where only `max_submissions_per_day` is known, days are
those of `submission_time_zone`, submissions are placed by the platform's times where its list has them, and the moment is
ours, corrected by how far the platform's clock was from ours at the newest send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from podium.campaign.submission import deadline

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.platforms.platform import RemoteSubmission
    from podium.registry import Registry
    from podium.registry.submissions import SubmissionRow

PACE_S = 3600.0  # between two submissions where they are scarce; the campaign's end waits for nothing
HIDDEN_S = 48 * 3600.0  # an unlisted send counts against the days that end so long after its own did
RESET_MARGIN_S = 600.0  # the end must come so much later than the reset for today's last one to be free


@dataclass(frozen=True)
class Room:
    """`left`: None where no limit is known. `resets_at`: ISO 8601 in UTC. `told`: by the platform itself."""

    left: int | None = None
    resets_at: str | None = None
    told: bool = False
    limit: int | None = None

    def used_up(self) -> str:
        of = "today's submissions are" if self.limit is None else f"the quota of {self.limit} submissions a day is"
        return f"{of} used up; the next day begins {shown(self.resets_at)}"


def room(engine: Engine, listed: Sequence[RemoteSubmission] | None) -> Room:
    """What is left of today. `listed`: the platform's list, None where there is none. Raises Unreachable."""
    told = engine.platform.quota()
    rows = engine.registry.submissions.all()
    if told is not None:
        return Room(told.left - _hidden(rows, listed, told.resets_at), told.resets_at, True)
    limit = engine.competition.max_submissions_per_day
    if limit is None:
        return Room()
    zone = ZoneInfo(engine.competition.brought.submission_time_zone)
    now = engine.wall_s() + skew_s(rows)
    made = made_on(rows, listed or (), now, zone)
    return Room(limit - made, next_midnight(now, zone).isoformat(), limit=limit)


def why_not(engine: Engine, here: Room, *, at_the_end: bool) -> str:
    """Why nothing may be sent now; "" where it may. Some of the day is kept for the campaign's end, which waits for no pace."""
    binding = engine.competition.brought.deadline
    if deadline.passed(binding, datetime.fromtimestamp(engine.wall_s(), UTC)):
        return f"the deadline ({deadline.shown(binding)}) is over"
    if here.left is None:
        return ""
    if here.left <= 0:
        return here.used_up()
    if at_the_end:
        return ""
    if here.left == 1 and _ends_today(engine, here):
        return "the day's last submission is kept for the campaign's end"
    return "one submission an hour" if pace_left_s(engine, here) > 0 else ""


def pace_left_s(engine: Engine, here: Room) -> float:
    """Seconds until the pace allows another; 0 where submissions are not scarce, or where time must decide nothing."""
    rows = [row for row in engine.registry.submissions.all() if row.state != "intent" and row.counts]
    if not rows or not (here.told or (here.left is not None and engine.purse.timed)):
        return 0.0
    passed = max(engine.clock.alive_s() - rows[-1].alive_s, engine.wall_s() - rows[-1].at)
    return max(0.0, PACE_S - passed)


def made_today(registry: Registry, wall_s: float, zone: str = "UTC") -> int:
    """Submissions of this day that arrived, or may have."""
    rows = registry.submissions.all()
    return made_on(rows, (), wall_s + skew_s(rows), ZoneInfo(zone))


def made_on(rows: list[SubmissionRow], listed: Sequence[RemoteSubmission], now: float, zone: ZoneInfo) -> int:
    """How many of the day of `now`: ours, and whatever else the account's list has. A clock that went back hides none."""
    today = day_of(now, zone)
    own = {row.tag for row in rows}
    ahead = skew_s(rows)
    ours = sum(row.counts and _day(row.remote_at, row.at + ahead, zone) >= today for row in rows)
    others = sum(remote.tag not in own and _day(remote.at, now, zone) >= today for remote in listed)
    return ours + others


def skew_s(rows: list[SubmissionRow]) -> float:
    """How far the platform's clock is ahead of ours, as the newest send that it dated tells."""
    dated = [(there, row.at) for row in rows if (there := _known(row.remote_at)) is not None]
    return dated[-1][0] - dated[-1][1] if dated else 0.0


def day_of(seconds: float, zone: ZoneInfo) -> int:
    """The ordinal of the civil day: days of 23 and of 25 hours are days."""
    return datetime.fromtimestamp(seconds, zone).toordinal()


def next_midnight(seconds: float, zone: ZoneInfo) -> datetime:
    """In UTC; the first moment of the next civil day of the zone."""
    tomorrow = datetime.fromtimestamp(seconds, zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def moment(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time; without an offset it is UTC."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def shown(text: str | None) -> str:
    return f"{datetime.fromtimestamp(moment(text), UTC):%Y-%m-%d %H:%M} UTC" if text else "tomorrow"


def _known(text: str | None) -> float | None:
    """None for what is no time: a web page says what it likes."""
    try:
        return moment(text) if text else None
    except ValueError:
        return None


def _day(text: str | None, otherwise: float, zone: ZoneInfo) -> int:
    known = _known(text)
    return day_of(otherwise if known is None else known, zone)


def _hidden(rows: list[SubmissionRow], listed: Sequence[RemoteSubmission] | None, resets_at: str) -> int:
    """Sends that the platform's count may not hold yet: what is in doubt, and what its list does not show so far."""

    def recent(row: SubmissionRow) -> bool:
        return row.resets_at is None or moment(resets_at) - moment(row.resets_at) < HIDDEN_S

    there = {remote.tag for remote in listed or ()}
    doubtful = ("sent", "ambiguous") if listed is None else ("sent", "ambiguous", "confirmed")
    return sum(row.state in doubtful and row.tag not in there and recent(row) for row in rows)


def _ends_today(engine: Engine, here: Room) -> bool:
    """Whether the campaign's end may come before the platform's day is over; unknown means yes."""
    if not engine.purse.timed or here.resets_at is None:
        return True
    now = engine.wall_s() + skew_s(engine.registry.submissions.all())
    return engine.purse.left_s() < moment(here.resets_at) - now + RESET_MARGIN_S
