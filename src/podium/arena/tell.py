"""From what the server holds to what may be shown."""

from __future__ import annotations

from datetime import datetime

from podium import metrics
from podium.arena.store.contests import Held
from podium.arena.store.submissions import Kept
from podium.arena.views import ContestView, SubmissionView


def contest(held: Held, contestants: int, n_submissions: int, now: datetime) -> ContestView:
    fixed = held.contest
    asked = fixed.competition
    return ContestView(
        slug=held.slug,
        title=fixed.title,
        description=held.description,
        rules=fixed.rules,
        task_type=asked.task_type,
        metric=asked.metric,
        metric_title=asked.metric_title or metrics.get(asked.metric).title,
        direction=asked.metric_direction,
        columns=asked.submission_columns,
        rows=held.rows,
        quota=fixed.quota,
        final_selections=fixed.final_selections,
        max_bytes=fixed.max_bytes,
        created_at=held.created_at,
        deadline=held.deadline,
        ended=held.ended(now),
        contestants=contestants,
        submissions=n_submissions,
        files=held.files,
    )


def submission(kept: Kept, *, revealed: bool) -> SubmissionView:
    """`revealed`: whether the contest has ended, and private scores may be seen."""
    return SubmissionView(
        id=kept.id,
        contest=kept.contest,
        tag=kept.tag,
        message=kept.message,
        file_name=kept.file_name,
        sha256=kept.sha256,
        bytes=kept.bytes,
        at=kept.at,
        status=kept.status,
        error=kept.error,
        public_score=kept.public_score,
        private_score=kept.private_score if revealed else None,
        selected=kept.selected,
    )
