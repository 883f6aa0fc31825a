"""A submission file that waits: it is written and checked, and may not be sent now. submission.csv is then that file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from podium.campaign import deadline
from podium.records import from_json
from podium.registry.submissions import SubmissionRow

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry import Registry

KEY = "waiting"


@dataclass(frozen=True)
class Waiting:
    file: str  # relative to the campaign
    round: int
    expected: float
    stderr: float
    reason: str


def find(registry: Registry) -> Waiting | None:
    stored = registry.setting(KEY)
    return None if stored is None else from_json(Waiting, stored)


def why(engine: Engine, *, at_the_end: bool) -> str:
    """Why nothing may be sent now; "" where it may. The day's last submission is kept for the campaign's end."""
    binding = engine.competition.brought.deadline
    if deadline.passed(binding):
        return f"the deadline ({deadline.shown(binding)}) is over"
    quota = engine.competition.max_submissions_per_day
    if quota is None:
        return ""
    made = made_today(engine.registry)
    if made >= quota:
        return f"the quota of {quota} submissions a day is used up (UTC)"
    if made >= quota - 1 and not at_the_end:
        return f"the last of {quota} submissions a day is kept for the campaign's end"
    return ""


def made_today(registry: Registry) -> int:
    """Submissions of this UTC day that arrived, or may have."""
    today = datetime.now(UTC).date()
    rows = registry.submissions.all()
    return sum(row.state != "failed" and datetime.fromtimestamp(row.at, UTC).date() == today for row in rows)


def newest(registry: Registry) -> SubmissionRow | None:
    """What a new blend is held against: the file that waits, else the standing submission."""
    held = find(registry)
    if held is None:
        return registry.submissions.standing()
    return SubmissionRow("waiting", held.round, held.file, "", "intent", held.expected, held.stderr)
