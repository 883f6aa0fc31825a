"""Submissions: an intent first, then the send, then what the platform's own list says. Never twice, never lost.

intent     recorded, and the call to the platform has not begun
sent       the call has begun; what came of it is not known (a crash came)
ambiguous  the call ended without a clear answer
confirmed  the platform has it
failed     the platform does not have it (refused, never arrived), or could not score it (then it has a `remote_id`)
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from podium.records import dumps
from podium.registry.blends import BlendRow
from podium.registry.database import Database, sound

State = Literal["intent", "sent", "confirmed", "ambiguous", "failed"]
Purpose = Literal["best", "robust", "probe"]

_THERE = "(state != 'failed' OR remote_id IS NOT NULL)"  # on the platform, or perhaps


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
    at: float = 0.0  # seconds since 1970 by this machine's clock
    purpose: Purpose = "best"
    message: str = ""  # the platform's words, where it failed
    weights: Mapping[str, float] = field(default_factory=dict)  # experiment → weight
    alive_s: float = 0.0  # the campaign's clock as the call began, or ended without an answer
    remote_at: str | None = None  # ISO 8601, UTC, by the platform's clock
    resets_at: str | None = None  # when the platform's day of the send ended, as it told
    merit: float | None = None  # its blend's
    stands_after: int | None = None  # where it stands again: the newest row of that moment

    def is_of(self, blend: BlendRow) -> bool:
        """Whether it carries this blend: the same estimate, which two blends may share where the metric moves in steps, and
        the same weights, where they were recorded."""
        return self.expected == blend.score and (not self.weights or dict(self.weights) == dict(blend.weights))

    @property
    def counts(self) -> bool:
        """Whether it used up quota, or may have."""
        return self.state in ("sent", "ambiguous", "confirmed") or self.remote_id is not None


class Submissions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, row: SubmissionRow) -> None:
        """Record the intent. One that failed before with the same file is replaced, as the newest; any other stands."""
        with self._database.write() as db:
            db.execute("DELETE FROM submissions WHERE tag=? AND state='failed' AND remote_id IS NULL", (row.tag,))
            db.execute(
                "INSERT OR IGNORE INTO submissions (tag, round, file, sha256, state, expected, stderr, at, purpose, weights, "
                "alive_s, resets_at, merit) VALUES (?,?,?,?,'intent',?,?,?,?,?,?,?,?)",
                (row.tag, row.round, row.file, row.sha256, row.expected, row.stderr, row.at or time.time(), row.purpose,
                 dumps(row.weights), row.alive_s, row.resets_at, row.merit),
            )  # fmt: skip

    def settle(
        self,
        tag: str,
        state: State,
        remote_id: str | None = None,
        *,
        message: str = "",
        alive_s: float | None = None,
        remote_at: str | None = None,
    ) -> None:
        """What is given replaces what stood; what is left out stays."""
        with self._database.write() as db:
            db.execute(
                "UPDATE submissions SET state=?, remote_id=coalesce(?, remote_id), message=?, "
                "alive_s=coalesce(?, alive_s), remote_at=coalesce(?, remote_at) WHERE tag=?",
                (state, remote_id, message, alive_s, remote_at, tag),
            )

    def give_up(self, tag: str) -> None:
        """A person says that it never arrived. Nothing changes where it is known that it did."""
        row = self.get(tag)
        if row is not None and row.state in ("sent", "ambiguous"):
            self.settle(tag, "failed", message="a person says that it never arrived")

    def set_scores(self, tag: str, public: float | None, private: float | None) -> None:
        with self._database.write() as db:
            db.execute(
                "UPDATE submissions SET public_score=coalesce(?, public_score), "
                "private_score=coalesce(?, private_score) WHERE tag=?",
                (public, private, tag),
            )

    def all(self) -> list[SubmissionRow]:
        return [_submission(row) for row in self._database.rows("SELECT * FROM submissions ORDER BY rowid")]

    def get(self, tag: str) -> SubmissionRow | None:
        found = self._database.row("SELECT * FROM submissions WHERE tag=?", tag)
        return None if found is None else _submission(found)

    def standing(self, before_round: int | None = None) -> SubmissionRow | None:
        """The newest best blend that was sent or may have been, and rests on nothing that was taken back since; where none is
        left that does not, the newest; None before there is any. `before_round`: of earlier rounds alone. A robust or probing
        submission never stands, unless it was made to."""
        found = self._database.row(
            "SELECT * FROM submissions WHERE state != 'failed' AND purpose = 'best' AND (?1 IS NULL OR round < ?1) "
            f"ORDER BY {sound('submissions')} DESC, coalesce(stands_after, rowid) DESC, rowid LIMIT 1",
            before_round,
        )
        return None if found is None else _submission(found)

    def stand_again(self, sha256: str) -> SubmissionRow | None:
        """Let what was sent with this very file stand, whatever was sent since, until another best blend is. None where the
        platform could not score it, or where no such file was sent."""
        found = self._database.row("SELECT tag FROM submissions WHERE sha256=? AND state != 'failed'", sha256)
        if found is None:
            return None
        newest = "(SELECT max(rowid) FROM submissions WHERE state != 'failed')"
        with self._database.write() as db:
            db.execute("UPDATE submissions SET stands_after=NULL WHERE stands_after IS NOT NULL")  # one stands
            db.execute(f"UPDATE submissions SET purpose='best', stands_after={newest} WHERE tag=?", (found["tag"],))
        return self.get(found["tag"])

    def unsettled(self) -> list[SubmissionRow]:
        rows = self._database.rows(
            "SELECT * FROM submissions WHERE state IN ('intent', 'sent', 'ambiguous') ORDER BY rowid"
        )
        return [_submission(row) for row in rows]

    def has_file(self, sha256: str) -> bool:
        """Whether this very file was submitted before, or may have been; one that the platform could not score, too."""
        return self._database.row(f"SELECT 1 FROM submissions WHERE sha256=? AND {_THERE}", sha256) is not None


def _submission(row: Any) -> SubmissionRow:
    values = dict(row)
    return SubmissionRow(**{**values, "weights": json.loads(values["weights"])})
