"""Numbered migrations, each applied in the transaction that records it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select, text

from podium.arena.store.tables import Utc, accounts, audit, contests, entrants, sessions, submissions, tokens
from podium.errors import UserError

LOCK = 7_263_541  # of PostgreSQL: two servers that start together migrate in turn

_applied = Table("migrations", MetaData(), Column("number", Integer, primary_key=True), Column("at", Utc))


def m001_arena(connection: Connection) -> None:
    """Accounts, contests, submissions, and an audit log that the database itself will not let anyone edit."""
    for table in (accounts, tokens, sessions, contests, entrants, submissions, audit):
        table.create(connection)
    if connection.dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
                )
            )
        return
    connection.execute(
        text(
            "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        )
    )
    connection.execute(
        text(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        )
    )


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (m001_arena,)


def apply(connection: Connection) -> None:
    """Bring the database up to date. Raises UserError where a newer Podium has written it."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    _applied.create(connection, checkfirst=True)
    done = connection.execute(select(func.coalesce(func.max(_applied.c.number), 0))).scalar_one()
    if done > len(MIGRATIONS):
        raise UserError("a newer Podium wrote this arena's database", remedy="update Podium")
    for number, migrate in enumerate(MIGRATIONS[done:], done + 1):
        migrate(connection)
        connection.execute(insert(_applied).values(number=number, at=datetime.now(UTC)))
