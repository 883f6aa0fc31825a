"""Briefs that wait for an outside agent, and what it handed in. Published by the engine; anyone may hand in, once a brief."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from podium.errors import Refused
from podium.records import Brief, Deliverable, dumps, from_json
from podium.registry.database import Database


@dataclass(frozen=True)
class Session:
    """Which of the host's conversations a brief belongs to.

    `persistent`: a specialist that keeps its conversation from round to round; otherwise a fresh one for this brief
    alone. `respawn`: this is its last brief, and a hand-over is to come with the deliverable. `handover`: what the
    session before this one wrote for it.
    """

    name: str
    persistent: bool = False
    respawn: bool = False
    handover: str = ""


@dataclass(frozen=True)
class Published:
    brief: Brief
    session: Session
    at: float  # when it was first published, seconds since the epoch


@dataclass(frozen=True)
class Delivery:
    """`deliverable`: plain JSON values; None where the host declined, with its reason in `declined`."""

    brief: str
    deliverable: Any | None
    declined: str
    handover: str
    at: float


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, brief: Brief, session: Session) -> None:
        """As the engine gives it. Given again (its figures are newer), it keeps the time of the first."""
        with self._database.write() as db:
            db.execute(
                "INSERT INTO host_briefs VALUES (?,?,?,?,?,?,?) "
                "ON CONFLICT (id) DO UPDATE SET brief=excluded.brief, session=excluded.session",
                (brief.id, brief.role, brief.phase, brief.round, dumps(brief), dumps(session), time.time()),
            )

    def published(self, id_: str) -> Published | None:
        row = self._database.row("SELECT * FROM host_briefs WHERE id=?", id_)
        return None if row is None else _published(row)

    def waiting(self) -> str | None:
        """The id of the brief that waits for its host; None while none does."""
        row = self._database.row(
            "SELECT id FROM host_briefs WHERE id NOT IN (SELECT brief FROM deliveries) "
            "AND id NOT IN (SELECT key FROM steps) ORDER BY rowid DESC LIMIT 1"
        )
        return None if row is None else str(row["id"])

    def any(self) -> bool:
        """Whether an outside agent was ever asked."""
        return self._database.row("SELECT 1 FROM host_briefs LIMIT 1") is not None

    def is_closed(self, id_: str) -> bool:
        """Whether its phase is recorded: nothing that is handed in now would be read."""
        return self._database.row("SELECT 1 FROM steps WHERE key=?", id_) is not None

    def of(self, id_: str) -> Delivery | None:
        row = self._database.row("SELECT * FROM deliveries WHERE brief=?", id_)
        if row is None:
            return None
        deliverable = None if row["deliverable"] is None else json.loads(row["deliverable"])
        return Delivery(id_, deliverable, row["declined"], row["handover"], row["at"])

    def hand_in(self, id_: str, deliverable: Deliverable, handover: str = "") -> None:
        """Anyone may call this, under a live engine too. Raises Refused: something was handed in before."""
        self._add(id_, dumps(deliverable), "", handover)

    def decline(self, id_: str, reason: str) -> None:
        """The host cannot; the built-in seat will. Raises Refused: something was handed in before."""
        self._add(id_, None, reason, "")

    def _add(self, id_: str, deliverable: str | None, declined: str, handover: str) -> None:
        try:
            with self._database.append() as db:
                db.execute(
                    "INSERT INTO deliveries VALUES (?,?,?,?,?)", (id_, deliverable, declined, handover, time.time())
                )
        except sqlite3.IntegrityError as problem:
            raise Refused(f"{id_} was handed in before, and the first one stays; go on with `podium next`") from problem


def _published(row: Any) -> Published:
    brief, session = from_json(Brief, json.loads(row["brief"])), from_json(Session, json.loads(row["session"]))
    return Published(brief, session, row["at"])
