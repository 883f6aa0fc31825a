"""What seats remember across rounds, crashes and restarts: each role's conversation, and answers that were paid for.

An answer is recorded before anything is done with it. After a crash the brief is given again, the seat asks for the same
keys, and gets the recorded answers: no call whose answer arrived is made twice.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from podium.records import Role
from podium.registry.database import Database


@dataclass(frozen=True)
class Conversation:
    """One role's running conversation with one seat.

    `state`: JSON that only the seat understands (message history, a CLI's session id). `generation` counts re-spawns;
    `handover` is what the former generation wrote for this one. `last_brief`: the newest brief it contains.
    """

    role: Role
    seat: str
    generation: int = 1
    since_round: int = 0
    last_brief: str = ""
    handover: str = ""
    state: Any = None


class Transcripts:
    def __init__(self, database: Database) -> None:
        self.database = database  # a host seat keeps its briefs and deliveries beside

    def conversation(self, role: Role) -> Conversation | None:
        row = self.database.row("SELECT * FROM conversations WHERE role=?", role)
        if row is None:
            return None
        return Conversation(
            role,
            row["seat"],
            row["generation"],
            row["since_round"],
            row["last_brief"],
            row["handover"],
            json.loads(row["state"]),
        )

    def keep(self, talk: Conversation) -> None:
        """The conversation as it now stands; it replaces what was kept before."""
        row = (talk.role, talk.seat, talk.generation, talk.since_round, talk.last_brief, talk.handover)
        with self.database.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO conversations VALUES (?,?,?,?,?,?,?,?)",
                (*row, json.dumps(talk.state), time.time()),
            )

    def answer(self, key: str) -> Any | None:
        """The recorded answer under this key, as JSON values; None where there is none yet."""
        row = self.database.row("SELECT answer FROM answers WHERE key=?", key)
        return None if row is None else json.loads(row["answer"])

    def record(self, key: str, role: Role, brief: str, answer: Any) -> None:
        """Keep an answer for good; the first one under a key stays."""
        with self.database.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO answers VALUES (?,?,?,?,?)", (key, role, brief, json.dumps(answer), time.time())
            )

    def answers(self, role: Role, brief: str) -> list[Any]:
        """All answers recorded for one brief, oldest first."""
        rows = self.database.rows("SELECT answer FROM answers WHERE role=? AND brief=? ORDER BY rowid", role, brief)
        return [json.loads(row["answer"]) for row in rows]
