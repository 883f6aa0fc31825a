"""The JSON of the fake's answers, by the service's own names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from podium.testing.fake_kaggle.contest import Contest
from podium.testing.fake_kaggle.state import Accepted, Denied, State

Json = dict[str, Any]


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def page(items: list[Json], request: Json, default: int = 20) -> tuple[list[Json], str]:
    """(one page, the token of the next one or "")."""
    size = int(request.get("pageSize") or default)
    if size < 1:
        raise Denied(400, "pageSize must be positive")
    start = int(request.get("pageToken") or (int(request.get("page") or 1) - 1) * size)
    return items[start : start + size], str(start + size) if start + size < len(items) else ""


def competition(state: State, contest: Contest) -> Json:
    return {
        "id": 1, "ref": f"https://www.kaggle.com/competitions/{contest.slug}", "title": contest.title,
        "url": f"https://www.kaggle.com/competitions/{contest.slug}", "description": contest.pages.get("abstract", ""),
        "category": "Playground", "reward": "Swag", "deadline": moment(contest.deadline),
        "teamCount": len(contest.others) + bool(state.of(contest.slug)), "userHasEntered": contest.entered,
        "maxDailySubmissions": contest.daily, "maxTeamSize": 5, "evaluationMetric": contest.metric,
        "isKernelsSubmissionsOnly": contest.code_only, "submissionsDisabled": contest.closed,
    }  # fmt: skip


def submission(state: State, contest: Contest, one: Accepted, username: str) -> Json:
    pending = (state.clock.now() - one.at).total_seconds() < contest.scoring_s
    status = "PENDING" if pending else "COMPLETE" if one.scores else "ERROR"
    scores = one.scores if not pending else None
    over = state.clock.now() >= contest.deadline
    return {
        "ref": one.ref, "totalBytes": one.size, "date": moment(one.at), "description": one.description,
        "errorDescription": "" if pending else one.error, "fileName": one.file_name,
        "publicScore": str(scores.public) if scores else "",
        "privateScore": str(scores.private) if scores and scores.private is not None and over else "",
        "status": status, "submittedBy": username, "submittedByRef": username, "teamName": username,
        "url": f"https://www.kaggle.com/submissions/{one.ref}/{one.ref}.raw",
    }  # fmt: skip


def leaderboard(state: State, contest: Contest, username: str) -> list[Json]:
    """Best first; this account by its best public score."""
    own = [one.scores.public for one in state.of(contest.slug) if one.scores]
    best = max if contest.higher_is_better else min
    rows = [*contest.others.items(), *([(username, best(own))] if own else [])]
    rows.sort(key=lambda row: row[1], reverse=contest.higher_is_better)
    at = moment(state.clock.now())
    return [
        {"teamId": 100 + place, "teamName": name, "submissionDate": at, "score": f"{score:.5f}"}
        for place, (name, score) in enumerate(rows)
    ]
