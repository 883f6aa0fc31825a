"""The queue of what might be submitted next: in order of worth, with what became of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from podium.records import dumps
from podium.registry.database import Database
from podium.registry.submissions import Purpose

CandidateState = Literal["queued", "held", "sent", "dropped"]


@dataclass(frozen=True)
class Candidate:
    """`gain`: over what stands, in standard errors (negative: worse). `information`: what its public score is expected to
    tell of how public scores go with ours, in nats; `tells` says it in words. `detail`: the blend's own record."""

    id: str
    purpose: Purpose
    round: int
    weights: Mapping[str, float]
    expected: float
    stderr: float
    gain: float
    information: float
    tells: str
    detail: Mapping[str, Any]
    state: CandidateState = "queued"
    reason: str = ""

    @property
    def worth(self) -> float:
        return max(0.0, self.gain) + self.information


class Candidates:
    def __init__(self, database: Database) -> None:
        self._database = database

    def refresh(self, candidates: Sequence[Candidate]) -> None:
        """These are the queue now. Others that were queued or held are dropped: superseded, and their record, which may be
        large, with them. What was held stays held."""
        ids = [one.id for one in candidates]
        marks = ",".join("?" * len(ids))
        with self._database.write() as db:
            db.execute(
                "UPDATE candidates SET state='dropped', reason='superseded', detail='{}' "
                f"WHERE state IN ('queued', 'held') AND id NOT IN ({marks})",
                ids,
            )
            for one in candidates:
                db.execute(
                    "INSERT INTO candidates VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
                    "gain=excluded.gain, information=excluded.information, tells=excluded.tells, detail=excluded.detail, "
                    "state=CASE state WHEN 'dropped' THEN 'queued' ELSE state END, "
                    "reason=CASE state WHEN 'dropped' THEN '' ELSE reason END",
                    (one.id, one.purpose, one.round, dumps(one.weights), one.expected, one.stderr, one.gain,
                     one.information, one.tells, one.state, one.reason, dumps(one.detail)),
                )  # fmt: skip

    def mark(self, id_: str, state: CandidateState, reason: str) -> None:
        with self._database.write() as db:
            db.execute("UPDATE candidates SET state=?, reason=? WHERE id=?", (state, reason, id_))

    def waiting(self) -> list[Candidate]:
        """What is queued or held, best first."""
        rows = self._database.rows("SELECT * FROM candidates WHERE state IN ('queued', 'held') ORDER BY rowid")
        found = [_candidate(row) for row in rows]
        return sorted(found, key=lambda one: (-one.worth, one.id))

    def all(self) -> list[Candidate]:
        return [_candidate(row) for row in self._database.rows("SELECT * FROM candidates ORDER BY rowid")]


def _candidate(row: Any) -> Candidate:
    values = dict(row)
    return Candidate(**{**values, "weights": json.loads(values["weights"]), "detail": json.loads(values["detail"])})
