"""Submissions: written before they are graded, never edited after but for the selection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from podium.arena.store.tables import accounts, submissions
from podium.arena.views import Graded


@dataclass(frozen=True)
class Kept:
    """A row of the table. It holds the private score: only what leaves the service hides it."""

    seq: int
    id: str
    account_id: int
    contest: str
    tag: str
    message: str
    file_name: str
    sha256: str
    bytes: int
    at: datetime
    status: Graded
    error: str
    public_score: float | None
    private_score: float | None
    selected: bool


@dataclass(frozen=True)
class Scored:
    """What a leaderboard is made of."""

    seq: int
    account_id: int
    name: str
    at: datetime
    public: float
    private: float | None  # None: the metric is not defined for it there
    selected: bool


def add(connection: Connection, values: dict[str, object]) -> Kept:
    connection.execute(insert(submissions).values(status="pending", error="", selected=False, **values))
    kept = by_id(connection, str(values["id"]))
    assert kept is not None
    return kept


def by_id(connection: Connection, id_: str) -> Kept | None:
    return _one(connection.execute(select(submissions).where(submissions.c.id == id_)).first())


def by_tag(connection: Connection, account_id: int, slug: str, tag: str) -> Kept | None:
    mine = (submissions.c.account_id == account_id) & (submissions.c.contest == slug)
    return _one(connection.execute(select(submissions).where(mine, submissions.c.tag == tag)).first())


def of_account(connection: Connection, account_id: int, slug: str) -> list[Kept]:
    """In the order they were received."""
    mine = (submissions.c.account_id == account_id) & (submissions.c.contest == slug)
    rows = connection.execute(select(submissions).where(mine).order_by(submissions.c.seq))
    return [kept for row in rows if (kept := _one(row)) is not None]


def of_contest(connection: Connection, slug: str) -> list[Kept]:
    """Everybody's, in the order they were received."""
    rows = connection.execute(select(submissions).where(submissions.c.contest == slug).order_by(submissions.c.seq))
    return [kept for row in rows if (kept := _one(row)) is not None]


def used(connection: Connection, account_id: int, slug: str, day: str) -> int:
    """Of the day's quota. What could not be scored for the file's own fault does not count."""
    mine = (submissions.c.account_id == account_id) & (submissions.c.contest == slug) & (submissions.c.day == day)
    query = select(func.count()).select_from(submissions).where(mine, submissions.c.status != "error")
    return int(connection.execute(query).scalar_one())


def received(connection: Connection, account_id: int, slug: str, day: str) -> int:
    """All of the day, whatever became of them."""
    mine = (submissions.c.account_id == account_id) & (submissions.c.contest == slug) & (submissions.c.day == day)
    return int(connection.execute(select(func.count()).select_from(submissions).where(mine)).scalar_one())


def pending(connection: Connection, limit: int = 100) -> list[Kept]:
    """The oldest that wait to be graded."""
    query = select(submissions).where(submissions.c.status == "pending").order_by(submissions.c.seq).limit(limit)
    return [kept for row in connection.execute(query) if (kept := _one(row)) is not None]


def n_pending(connection: Connection, slug: str) -> int:
    waiting = (submissions.c.contest == slug) & (submissions.c.status == "pending")
    return int(connection.execute(select(func.count()).select_from(submissions).where(waiting)).scalar_one())


def settle(
    connection: Connection,
    id_: str,
    now: datetime,
    *,
    scores: tuple[float, float | None] | None = None,
    error: str = "",
) -> bool:
    """Write (public, private) or why there are none, once: False where it is settled already."""
    values: dict[str, object] = {"status": "error", "error": error[:500]}
    if scores is not None:
        values = {"status": "complete", "public_score": scores[0], "private_score": scores[1]}
    waiting = (submissions.c.id == id_) & (submissions.c.status == "pending")
    return connection.execute(update(submissions).where(waiting).values(graded_at=now, **values)).rowcount == 1


def select_only(connection: Connection, account_id: int, slug: str, ids: Collection[str]) -> None:
    """These are the account's final ones, and no others."""
    mine = (submissions.c.account_id == account_id) & (submissions.c.contest == slug)
    connection.execute(update(submissions).where(mine).values(selected=submissions.c.id.in_(list(ids))))


def scored(connection: Connection, slug: str) -> list[Scored]:
    """All scored submissions of accounts that are not banned, oldest first."""
    columns = submissions.c
    query = (
        select(
            columns.seq, columns.account_id, accounts.c.name, columns.at, columns.public_score, columns.private_score,
            columns.selected,
        )
        .join(accounts, accounts.c.id == columns.account_id)
        .where(columns.contest == slug, columns.status == "complete", accounts.c.banned_at.is_(None))
        .order_by(columns.seq)
    )  # fmt: skip
    return [Scored(*row) for row in connection.execute(query)]


def _one(row: Row[tuple[object, ...]] | None) -> Kept | None:
    if row is None:
        return None
    values = dict(row._mapping)
    return Kept(**{name: values[name] for name in Kept.__dataclass_fields__})
