"""Contests and who entered them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from podium.arena.contest import Contest
from podium.arena.errors import Conflict
from podium.arena.store.tables import contests, entrants, submissions
from podium.arena.views import FileView
from podium.records import from_json, to_json


@dataclass(frozen=True)
class Held:
    """A contest as the server holds it: what the host fixed, and what may change."""

    slug: str
    contest: Contest
    files: tuple[FileView, ...]
    description: str
    rows: int
    created_at: datetime
    deadline: datetime | None

    def ended(self, now: datetime) -> bool:
        return self.deadline is not None and now >= self.deadline


def add(connection: Connection, held: Held) -> None:
    """Raises Conflict where the slug is taken."""
    values = {
        "slug": held.slug,
        "definition": json.dumps(to_json(held.contest)),
        "files": json.dumps([to_json(file) for file in held.files]),
        "description": held.description,
        "rows": held.rows,
        "created_at": held.created_at,
        "deadline": held.deadline,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(contests).values(values))
    except IntegrityError as problem:
        raise Conflict(f"there is a contest {held.slug!r} already") from problem


def get(connection: Connection, slug: str) -> Held | None:
    row = connection.execute(select(contests).where(contests.c.slug == slug)).first()
    return None if row is None else _held(row)


def listing(connection: Connection) -> list[Held]:
    """Newest first."""
    return [_held(row) for row in connection.execute(select(contests).order_by(contests.c.created_at.desc()))]


def set_deadline(connection: Connection, slug: str, deadline: datetime) -> None:
    connection.execute(update(contests).where(contests.c.slug == slug).values(deadline=deadline))


def enter(connection: Connection, account_id: int, slug: str, now: datetime) -> bool:
    """Accept the rules. False where they were accepted before."""
    try:
        with connection.begin_nested():
            connection.execute(insert(entrants).values(account_id=account_id, contest=slug, accepted_at=now))
    except IntegrityError:
        return False
    return True


def entered(connection: Connection, account_id: int, slug: str, *, lock: bool = False) -> bool:
    """Whether the rules are accepted. `lock`: until the transaction ends, nobody else counts this entrant's quota."""
    query = select(entrants.c.contest).where(entrants.c.account_id == account_id, entrants.c.contest == slug)
    return connection.execute(query.with_for_update() if lock else query).first() is not None


def crowds(connection: Connection, slugs: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(contestants, submissions) of each contest."""
    found = {slug: [0, 0] for slug in slugs}
    for at, table in enumerate((entrants, submissions)):
        query = select(table.c.contest, func.count()).where(table.c.contest.in_(slugs)).group_by(table.c.contest)
        for slug, count in connection.execute(query):
            found[slug][at] = count
    return {slug: (people, files) for slug, (people, files) in found.items()}


def _held(row: object) -> Held:
    values = row._mapping  # type: ignore[attr-defined]
    return Held(
        values["slug"],
        _contest(values["definition"]),
        _files(values["files"]),
        values["description"],
        values["rows"],
        values["created_at"],
        values["deadline"],
    )


@lru_cache(256)  # every request asks, and what a host fixed does not change
def _contest(definition: str) -> Contest:
    return from_json(Contest, json.loads(definition))


@lru_cache(256)
def _files(listed: str) -> tuple[FileView, ...]:
    return tuple(from_json(FileView, one) for one in json.loads(listed))
