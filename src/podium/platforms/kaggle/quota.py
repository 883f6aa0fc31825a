"""What is left of Kaggle's day, which ends at 0:00 UTC of its own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from podium.errors import UserError
from podium.platforms.kaggle.client import Client
from podium.platforms.kaggle.submitted import submissions
from podium.platforms.platform import Quota


def left(client: Client) -> Quota | None:
    """By Kaggle's own count, which knows the team's other members and what failed; where it does not tell, the daily limit
    less what the list shows of today. None: no limit is told. Raises Unreachable, UserError."""
    try:
        limits = client.call("get_submission_limits", "asking for the quota", competition_name=client.slug)
        return Quota(max(0, int(limits.num_allowed_now)), _tomorrow(client))
    except UserError:  # no such question there; where it is the rules that say no, so will the next one
        return _counted(client)


def _counted(client: Client) -> Quota | None:
    about = client.call("get_competition", "asking for the quota", competition_name=client.slug)
    made = submissions(client)
    if not about.max_daily_submissions:
        return None
    today = client.now().astimezone(UTC).date().isoformat()
    return Quota(max(0, about.max_daily_submissions - sum(one.at.startswith(today) for one in made)), _tomorrow(client))


def _tomorrow(client: Client) -> str:
    return datetime.combine(client.now().astimezone(UTC).date() + timedelta(days=1), time(), UTC).isoformat()
