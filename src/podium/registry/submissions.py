"""Submissions: an intent first, then the send, then what the platform's own list says. Never twice, never lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

from podium.registry.database import Database

State = Literal["intent", "sent", "confirmed", "ambiguous", "failed"]


@dataclass(frozen=True)
class SubmissionRow:
    tag: str  # unique to the intent; travels in the platform's message
    round: int
    file: str  # relative to the campaign
    sha256: str
    state: State
    expected: float | None  # the honest estimate when it was sent
    stderr: float | None
    remote_id: str | None = None
    public_score: float | None = None
    private_score: float | None = None
    at: float = 0.0


class Submissions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, row: SubmissionRow) -> None:
        with self._database.write() as db:
            db.execute(
                "INSERT INTO submissions (tag, round, file, sha256, state, expected, stderr, at) "
                "VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (tag) DO UPDATE SET state='intent' WHERE state='failed'",
                (row.tag, row.round, row.file, row.sha256, "intent", row.expected, row.stderr, time.time()),
            )

    def settle(self, tag: str, state: State, remote_id: str | None = None) -> None:
        with self._database.write() as db:
            db.execute(
                "UPDATE submissions SET state=?, remote_id=coalesce(?, remote_id) WHERE tag=?", (state, remote_id, tag)
            )

    def set_scores(self, tag: str, public: float | None, private: float | None) -> None:
        with self._database.write() as db:
            db.execute(
                "UPDATE submissions SET public_score=coalesce(?, public_score), "
                "private_score=coalesce(?, private_score) WHERE tag=?",
                (public, private, tag),
            )

    def all(self) -> list[SubmissionRow]:
        return [_submission(row) for row in self._database.rows("SELECT * FROM submissions ORDER BY rowid")]

    def standing(self, before_round: int | None = None) -> SubmissionRow | None:
        """The newest that was sent or may have been; None before there is any. `before_round`: of earlier rounds alone."""
        found = self._database.row(
            "SELECT * FROM submissions WHERE state != 'failed' AND (?1 IS NULL OR round < ?1) ORDER BY rowid DESC LIMIT 1",
            before_round,
        )
        return None if found is None else _submission(found)

    def unsettled(self) -> list[SubmissionRow]:
        rows = self._database.rows("SELECT * FROM submissions WHERE state IN ('intent', 'ambiguous') ORDER BY rowid")
        return [_submission(row) for row in rows]

    def has_file(self, sha256: str) -> bool:
        """Whether this very file was submitted before, or may have been."""
        return self._database.row("SELECT 1 FROM submissions WHERE sha256=? AND state != 'failed'", sha256) is not None


def _submission(row: Any) -> SubmissionRow:
    return SubmissionRow(**dict(row))
