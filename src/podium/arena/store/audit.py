"""The audit log: appended in the transaction of what it tells of, and never edited (a trigger sees to that)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from podium.arena.store.tables import audit
from podium.arena.views import AuditLine


def append(
    connection: Connection,
    now: datetime,
    actor: str,
    action: str,
    *,
    contest: str = "",
    subject: str = "",
    address: str = "",
    **detail: Any,
) -> None:
    values = {
        "at": now, "actor": actor[:40], "address": address[:64], "action": action, "contest": contest[:64],
        "subject": subject[:200], "detail": json.dumps(detail),
    }  # fmt: skip
    connection.execute(insert(audit).values(values))


def lines(connection: Connection, contest: str | None = None, after: int = 0, limit: int = 1000) -> list[AuditLine]:
    """Oldest first, from after line `after`."""
    query = select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(limit)
    if contest is not None:
        query = query.where(audit.c.contest == contest)
    return [
        AuditLine(row.id, row.at, row.actor, row.address, row.action, row.contest, row.subject, json.loads(row.detail))
        for row in connection.execute(query)
    ]
