"""Messages to the engine from everyone else: stop, pause, resume, note, approve, score. Appended by them, consumed by it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from podium.registry.database import Database

Kind = Literal["stop", "pause", "resume", "note", "approve", "score", "invalidate", "lost"]


@dataclass(frozen=True)
class Message:
    id: int
    kind: Kind
    payload: Mapping[str, Any]


class Inbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, kind: Kind, payload: Mapping[str, Any]) -> None:
        """Anyone may call this, with or without a live engine."""
        with self._database.append() as db:
            db.execute("INSERT INTO inbox (kind, payload, at) VALUES (?,?,?)", (kind, json.dumps(payload), time.time()))

    def pending(self) -> list[Message]:
        rows = self._database.rows("SELECT id, kind, payload FROM inbox WHERE consumed_at IS NULL ORDER BY id")
        return [Message(row["id"], row["kind"], json.loads(row["payload"])) for row in rows]

    def consume(self, message: Message) -> None:
        with self._database.write() as db:
            db.execute("UPDATE inbox SET consumed_at=? WHERE id=?", (time.time(), message.id))

    def pass_over(self, *kinds: Kind) -> None:
        """Consume what is pending of these kinds unobeyed: it came too late, and is not meant for the next engine."""
        with self._database.write() as db:
            marks = ", ".join("?" * len(kinds))
            query = f"UPDATE inbox SET consumed_at=? WHERE consumed_at IS NULL AND kind IN ({marks})"
            db.execute(query, (time.time(), *kinds))

    def notes(self) -> tuple[str, ...]:
        """What people told the team, oldest first: `ROLE: text`."""
        rows = self._database.rows("SELECT payload FROM inbox WHERE kind='note' ORDER BY id DESC LIMIT 20")
        payloads = [json.loads(row["payload"]) for row in reversed(rows)]
        return tuple(f"{p.get('role', 'any')}: {p.get('text', '')}" for p in payloads)
