"""Accounts, their tokens and their sessions: who somebody is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from podium.arena import names, secret
from podium.arena.errors import Banned, Unauthorised
from podium.arena.store import accounts, audit
from podium.arena.store.database import Database
from podium.arena.views import Account, Session

SESSION = timedelta(days=14)


def utc_now() -> datetime:
    return datetime.now(UTC)


class AccountService:
    """Secrets are given out once, and kept as hashes."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self.database, self.clock = database, clock

    def register(self, name: str, address: str = "") -> tuple[Account, str]:
        """A new account and its token, which is shown this once. Raises BadInput, Conflict."""
        shown, token, now = names.account(name), secret.new_token(), self.clock()
        with self.database.write() as connection:
            account = accounts.add(connection, shown, now)
            accounts.add_token(connection, account, secret.hashed(token), now)
            audit.append(connection, now, account.name, "register", address=address)
        return account, token

    def account_of(self, token: str) -> Account:
        """Whose token this is. Raises Unauthorised, Banned."""
        with self.database.read() as connection:
            return _admitted(accounts.by_token(connection, secret.hashed(token)))

    def rotate(self, account: Account, address: str = "") -> str:
        """A new token; all others and all sessions of the account end."""
        token, now = secret.new_token(), self.clock()
        with self.database.write() as connection:
            accounts.revoke_tokens(connection, account, now)
            accounts.add_token(connection, account, secret.hashed(token), now)
            audit.append(connection, now, account.name, "rotate_token", address=address)
        return token

    def revoke(self, account: Account, address: str = "") -> None:
        """End all tokens and sessions; only the host can let the account in again."""
        now = self.clock()
        with self.database.write() as connection:
            accounts.revoke_tokens(connection, account, now)
            audit.append(connection, now, account.name, "revoke_token", address=address)

    def login(self, token: str, address: str = "") -> Session:
        """A browser's session in exchange for a token. Raises Unauthorised, Banned."""
        cookie, now = secret.new_token(), self.clock()
        with self.database.write() as connection:
            known = accounts.by_token(connection, secret.hashed(token))
            account = _admitted(known)
            assert known is not None
            accounts.add_session(connection, secret.hashed(cookie), known.token_hash, now + SESSION, now)
            audit.append(connection, now, account.name, "login", address=address)
        return Session(cookie, secret.csrf_of(cookie), now + SESSION)

    def account_of_session(self, cookie: str) -> Account:
        """Whose session this is. Raises Unauthorised, Banned."""
        with self.database.read() as connection:
            return _admitted(accounts.by_session(connection, secret.hashed(cookie), self.clock()))

    def csrf_of(self, cookie: str) -> str:
        """What each form of this session must carry as `csrf`; compare with `podium.arena.secret.same`."""
        return secret.csrf_of(cookie)

    def logout(self, cookie: str) -> None:
        with self.database.write() as connection:
            accounts.end_session(connection, secret.hashed(cookie))


def _admitted(known: accounts.Known | None) -> Account:
    if known is None:
        raise Unauthorised("no such token; register, or log in again")
    if known.banned:
        raise Banned("the host has banned this account")
    return known.account
