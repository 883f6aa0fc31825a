"""What happened, for people and agents who watch. Views only: no decision ever reads an event."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.registry.database import Database


@dataclass(frozen=True)
class Event:
    id: int
    at: float
    alive_s: float
    round: int
    kind: str
    payload: Mapping[str, Any]


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, alive_s: float, round_: int, kind: str, payload: Mapping[str, Any]) -> None:
        with self._database.write() as db:
            db.execute(
                "INSERT INTO events (at, alive_s, round, kind, payload) VALUES (?,?,?,?,?)",
                (time.time(), alive_s, round_, kind, json.dumps(payload)),
            )

    def after(self, id_: int, limit: int = 500) -> list[Event]:
        rows = self._database.rows("SELECT * FROM events WHERE id>? ORDER BY id LIMIT ?", id_, limit)
        return [_event(row) for row in rows]

    def newest(self, limit: int) -> list[Event]:
        rows = self._database.rows("SELECT * FROM events ORDER BY id DESC LIMIT ?", limit)
        return [_event(row) for row in reversed(rows)]


def _event(row: Any) -> Event:
    return Event(row["id"], row["at"], row["alive_s"], row["round"], row["kind"], json.loads(row["payload"]))
