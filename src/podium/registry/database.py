"""The connection: WAL with full synchronisation, numbered migrations, and the epoch that fences a dead engine's writes."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from podium.errors import CampaignError, StaleEpoch


def by_merit(higher_is_better: bool) -> str:
    """What rows are ranked by, the most first: their merit, else their score. NULLs, which have neither, come last."""
    return f"coalesce(merit, {'' if higher_is_better else '-'}score)"


def sound(table: str) -> str:
    """Whether a row's `weights` are on nothing that was taken back: 1 or 0."""
    return (
        f"NOT EXISTS (SELECT 1 FROM json_each({table}.weights) AS member JOIN experiments ON experiments.id = member.key "
        "WHERE member.value > 0 AND experiments.verdict = 'invalid')"
    )


@functools.cache
def _migrations() -> tuple[Traversable, ...]:
    folder = resources.files("podium.registry") / "migrations"
    return tuple(sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name))


class Database:
    """One SQLite connection to `podium.db`. `epoch` None means: reads, and inbox rows, only."""

    def __init__(self, path: Path, *, epoch: int | None = None) -> None:
        """Raises CampaignError when the file is not a database."""
        self.path, self.epoch = path, epoch
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute("PRAGMA busy_timeout=30000")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA user_version").fetchone()  # reads the file: is it a database at all?
        except sqlite3.DatabaseError as problem:
            raise self._unusable(problem) from problem

    @classmethod
    def create(cls, path: Path) -> Database:
        """Create or migrate the file. Raises CampaignError when it is not one of ours or from a newer Podium."""
        database = cls(path)
        try:
            database._connection.execute("PRAGMA journal_mode=WAL")
            database._migrate()
        except sqlite3.DatabaseError as problem:
            raise database._unusable(problem) from problem
        return database

    def _unusable(self, problem: sqlite3.DatabaseError) -> CampaignError:
        return CampaignError(
            f"{self.path} cannot be used as a campaign's database ({problem})",
            remedy="restore it from a backup, or start a new campaign with --campaign DIR",
        )

    def _migrate(self) -> None:
        """Apply each migration in the transaction that records it."""
        scripts, done = _migrations(), self._version()
        for number, script in enumerate(scripts[done:], done + 1):
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {script.read_text()} PRAGMA user_version={number}; COMMIT;"
            )

    def _version(self) -> int:
        """How many migrations were applied. Raises CampaignError where they are more than this Podium knows."""
        done, known = int(self._connection.execute("PRAGMA user_version").fetchone()[0]), len(_migrations())
        if done > known:
            raise CampaignError(
                f"{self.path.parent} was made by a newer Podium",
                expected=f"a database of version {known} or older",
                found=f"version {done}",
                remedy="upgrade Podium",
            )
        return done

    def is_behind(self) -> bool:
        """Whether an older Podium made it, so that tables or columns are missing. Raises CampaignError: a newer one."""
        return self._version() < len(_migrations())

    def take_over(self) -> None:
        """Start a new epoch: every older engine's next write fails. Call with the engine's lock held."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(
            "INSERT INTO meta VALUES ('epoch', '1') "
            "ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
        )
        self.epoch = int(self._connection.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()[0])
        self._connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nested uses join the outer one. Raises StaleEpoch when a newer engine has taken over."""
        if self._connection.in_transaction:
            yield self._connection
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            row = self._connection.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
            if self.epoch is None or row is None or int(row[0]) != self.epoch:
                raise StaleEpoch("a newer engine has taken over this campaign; this one stops without writing")
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def append(self) -> Iterator[sqlite3.Connection]:
        """One transaction for rows that anyone may add (the inbox)."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """SQLite itself rolls back on some errors (a full disk); a second ROLLBACK would hide what went wrong."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads of one moment: what other connections write meanwhile is not seen until the end. Joins a transaction."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self._read(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._read(query, values).fetchone()
        return found

    def _read(self, query: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        """Raises CampaignError where what is asked for is missing because an engine of another version is at work."""
        try:
            return self._connection.execute(query, values)
        except sqlite3.OperationalError as problem:
            if not self.is_behind():
                raise
            raise CampaignError(
                f"{self.path.parent} is being made, or an older Podium is at work on it ({problem})",
                remedy="wait a moment; else look with that version, or `podium stop` it and resume with this one",
            ) from problem

    def close(self) -> None:
        self._connection.close()
