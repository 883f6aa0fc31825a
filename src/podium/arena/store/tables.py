"""The arena's tables, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Utc(TypeDecorator[datetime]):
    """An aware time as ISO 8601 of fixed width in UTC: it sorts as text, and both databases give back what they got."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


meta = MetaData()

accounts = Table(
    "accounts",
    meta,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("key", String(40), nullable=False, unique=True),  # the name as names are compared: case folded
    Column("created_at", Utc, nullable=False),
    Column("banned_at", Utc),
)

tokens = Table(
    "tokens",
    meta,
    Column("hash", String(64), primary_key=True),  # SHA-256 of 256 random bits: no salt is needed
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("created_at", Utc, nullable=False),
    Column("revoked_at", Utc),
)

sessions = Table(
    "sessions",
    meta,
    Column("hash", String(64), primary_key=True),
    Column("token_hash", ForeignKey("tokens.hash"), nullable=False, index=True),  # it ends with its token
    Column("expires_at", Utc, nullable=False),
)

contests = Table(
    "contests",
    meta,
    Column("slug", String(64), primary_key=True),
    Column("definition", Text, nullable=False),  # JSON of podium.arena.contest.Contest
    Column("files", Text, nullable=False),  # JSON: the public files, as they may be asked for
    Column("description", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("deadline", Utc),
)

entrants = Table(
    "entrants",
    meta,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("contest", ForeignKey("contests.slug"), primary_key=True),
    Column("accepted_at", Utc, nullable=False),
)

submissions = Table(
    "submissions",
    meta,
    Column("seq", Integer, primary_key=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("contest", ForeignKey("contests.slug"), nullable=False),
    Column("tag", String(100), nullable=False),
    Column("message", String(500), nullable=False),
    Column("file_name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("at", Utc, nullable=False),
    Column("day", String(10), nullable=False),  # of `at`, in UTC: what the quota counts by
    Column("status", String(10), nullable=False),  # pending, complete, error
    Column("error", String(500), nullable=False, default=""),
    Column("public_score", Float),
    Column("private_score", Float),
    Column("graded_at", Utc),
    Column("selected", Boolean, nullable=False, default=False),
    UniqueConstraint("account_id", "contest", "tag"),  # the idempotency key
    Index("submissions_of_contest", "contest", "status"),
    Index("submissions_of_day", "account_id", "contest", "day"),
)

audit = Table(
    "audit",
    meta,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("contest", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False),
)
