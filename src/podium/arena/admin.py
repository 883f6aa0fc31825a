"""What the host does, on the server's own machine: make contests, extend, ban, look into the log, take results out."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from podium.arena import contest as noun
from podium.arena import names, secret
from podium.arena.account_service import utc_now
from podium.arena.contest import Contest
from podium.arena.errors import BadInput, Conflict, NotFound
from podium.arena.places import Places
from podium.arena.store import accounts, audit, contests
from podium.arena.store.contests import Held
from podium.arena.store.database import Database
from podium.arena.views import Account, AuditLine, FileView

ADMIN = "admin"
Build = Callable[[Path, Path], Contest]  # writes (public, private)


class ArenaAdmin:
    """Each act is written to the audit log in the transaction that does it. A running server sees it at once."""

    def __init__(self, database: Database, places: Places, clock: Callable[[], datetime] = utc_now) -> None:
        self.database, self.places, self.clock = database, places, clock

    def create(self, slug: str, build: Build) -> Held:
        """A contest from what `build` writes into two empty folders. Raises BadInput, Conflict, and what `build` does.

        Files come first, the row last: a crash leaves folders that the next try replaces.
        """
        names.slug(slug)
        with self.database.read() as connection:
            if contests.get(connection, slug) is not None:
                raise Conflict(f"there is a contest {slug!r} already")
        self.places.make()
        staging = self.places.data / f".new-{secrets.token_hex(6)}"
        try:
            contest = build(staging / "public", staging / "private")
            held = self._held(slug, contest, staging)
            for made, final in (("public", self.places.public(slug)), ("private", self.places.private(slug))):
                shutil.rmtree(final, ignore_errors=True)
                (staging / made).rename(final)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        with self.database.write() as connection:
            contests.add(connection, held)
            audit.append(connection, held.created_at, ADMIN, "create", contest=slug)
        return held

    def extend(self, slug: str, deadline: datetime) -> None:
        """Move the deadline. Raises NotFound, BadInput: private scores have been shown already, or it would end at once."""
        with self.database.write() as connection:
            now, held = self.clock(), _found(connection, slug)
            if held.ended(now):
                raise BadInput(f"{slug} has ended and its private scores have been shown: it cannot be opened again")
            if deadline <= now:
                raise BadInput(f"the deadline {deadline.isoformat()} has passed already")
            contests.set_deadline(connection, slug, deadline)
            audit.append(connection, now, ADMIN, "extend", contest=slug, deadline=deadline.isoformat())

    def ban(self, name: str, banned: bool = True) -> None:
        """A banned account is let in nowhere and stands on no leaderboard. Raises NotFound."""
        with self.database.write() as connection:
            now, account = self.clock(), _account(connection, name)
            accounts.set_banned(connection, account, now if banned else None)
            audit.append(connection, now, ADMIN, "ban" if banned else "unban", subject=account.name)

    def new_token(self, name: str, *, new: bool = False) -> str:
        """For who lost theirs: all earlier ones end. `new`: the account is made. Raises NotFound, BadInput, Conflict."""
        token = secret.new_token()
        with self.database.write() as connection:
            now = self.clock()
            account = accounts.add(connection, names.account(name), now) if new else _account(connection, name)
            accounts.revoke_tokens(connection, account, now)
            accounts.add_token(connection, account, secret.hashed(token), now)
            audit.append(connection, now, ADMIN, "new_token", subject=account.name)
        return token

    def accounts(self) -> list[tuple[Account, bool]]:
        """Oldest first, and whether each is banned."""
        with self.database.read() as connection:
            return accounts.listing(connection)

    def log(self, slug: str | None = None, after: int = 0, limit: int = 1000) -> list[AuditLine]:
        with self.database.read() as connection:
            return audit.lines(connection, slug, after, limit)

    def _held(self, slug: str, contest: Contest, staging: Path) -> Held:
        text = staging / "public" / "description.md"
        rows = pl.scan_csv(staging / "private" / noun.ANSWERS, infer_schema=False).select(pl.len()).collect().item()
        deadline = datetime.fromisoformat(contest.deadline).astimezone(UTC) if contest.deadline else None
        description = text.read_text() if text.is_file() else ""
        return Held(slug, contest, public_files(staging / "public"), description, rows, self.clock(), deadline)


def public_files(folder: Path) -> tuple[FileView, ...]:
    """All files of a folder, by name. Symbolic links are no files of it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return tuple(FileView(path.relative_to(folder).as_posix(), path.stat().st_size, _sha256(path)) for path in found)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _found(connection: Connection, slug: str) -> Held:
    held = contests.get(connection, slug)
    if held is None:
        raise NotFound(f"there is no contest {slug!r}")
    return held


def _account(connection: Connection, name: str) -> Account:
    account = accounts.by_name(connection, name)
    if account is None:
        raise NotFound(f"nobody is called {name!r}")
    return account
