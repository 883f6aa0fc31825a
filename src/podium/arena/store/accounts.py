"""Accounts, their tokens and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from podium.arena import names
from podium.arena.errors import Conflict
from podium.arena.store.tables import accounts, sessions, tokens
from podium.arena.views import Account


@dataclass(frozen=True)
class Known:
    """An account as found by a secret. `token_hash` names the token it rests on."""

    account: Account
    token_hash: str
    banned: bool


def add(connection: Connection, name: str, now: datetime) -> Account:
    """Raises Conflict where a name that looks the same is taken."""
    values = {"name": name, "key": names.key(name), "created_at": now}
    try:
        with connection.begin_nested():
            number = connection.execute(insert(accounts).values(values)).inserted_primary_key
    except IntegrityError as problem:
        raise Conflict(f"the name {name!r} is taken") from problem
    assert number is not None
    return Account(number[0], name, now)


def by_name(connection: Connection, name: str) -> Account | None:
    row = connection.execute(select(accounts).where(accounts.c.key == names.key(name))).first()
    return None if row is None else Account(row.id, row.name, row.created_at)


def listing(connection: Connection) -> list[tuple[Account, bool]]:
    """All accounts, oldest first, and whether each is banned."""
    rows = connection.execute(select(accounts).order_by(accounts.c.id))
    return [(Account(row.id, row.name, row.created_at), row.banned_at is not None) for row in rows]


def set_banned(connection: Connection, account: Account, at: datetime | None) -> None:
    connection.execute(update(accounts).where(accounts.c.id == account.id).values(banned_at=at))


def add_token(connection: Connection, account: Account, token_hash: str, now: datetime) -> None:
    connection.execute(insert(tokens).values(hash=token_hash, account_id=account.id, created_at=now))


def revoke_tokens(connection: Connection, account: Account, now: datetime) -> None:
    """All tokens of the account, and with them its sessions."""
    mine = select(tokens.c.hash).where(tokens.c.account_id == account.id)
    connection.execute(delete(sessions).where(sessions.c.token_hash.in_(mine)))
    open_ = (tokens.c.account_id == account.id) & tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(open_).values(revoked_at=now))


def by_token(connection: Connection, token_hash: str) -> Known | None:
    """None for a token that nobody has, or that is revoked."""
    return _known(connection, tokens.c.hash == token_hash)


def by_session(connection: Connection, session_hash: str, now: datetime) -> Known | None:
    row = connection.execute(
        select(sessions.c.token_hash).where(sessions.c.hash == session_hash, sessions.c.expires_at > now)
    ).first()
    return None if row is None else by_token(connection, row.token_hash)


def add_session(connection: Connection, session_hash: str, token_hash: str, expires: datetime, now: datetime) -> None:
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(insert(sessions).values(hash=session_hash, token_hash=token_hash, expires_at=expires))


def end_session(connection: Connection, session_hash: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.hash == session_hash))


def _known(connection: Connection, which: object) -> Known | None:
    query = (
        select(accounts, tokens.c.hash)
        .join(tokens, tokens.c.account_id == accounts.c.id)
        .where(which, tokens.c.revoked_at.is_(None))  # type: ignore[arg-type]
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return Known(Account(row.id, row.name, row.created_at), row.hash, row.banned_at is not None)
