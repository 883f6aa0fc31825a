"""One database, SQLite or PostgreSQL: how it is opened, how a transaction begins, which migrations it has had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, ProgrammingError

from podium.arena.store import migrations
from podium.errors import UserError

BUSY_S = 30
POOL = 50  # connections at most: more than the threads that serve requests
WRITES = "podium_writes"


class Database:
    """`read()` and `write()` give a connection in a transaction of its own; leaving a write without an error commits it.

    SQLite has one writer at a time, so writers of this process queue at a lock instead of polling the file's.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self.sqlite = self._engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = threading.Lock() if self.sqlite else nullcontext()
        with self._opening(), self.write() as connection:
            migrations.apply(connection)

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'arena.db'}")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._turn, self._engine.connect() as connection, connection.execution_options(**{WRITES: True}).begin():
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, ProgrammingError) as problem:
            why = " ".join(str(problem.orig).split())[:200]
            raise UserError("the arena's database cannot be opened", found=why, remedy="check --database") from problem


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise UserError("the arena cannot use that database", expected="sqlite:///FILE or postgresql+psycopg://…")
        engine = create_engine(
            parsed, pool_size=10, max_overflow=POOL - 10, pool_timeout=BUSY_S,
            pool_pre_ping=parsed.get_backend_name() == "postgresql",  # it may have been restarted
        )  # fmt: skip
    except (ArgumentError, NoSuchModuleError) as problem:
        raise UserError(
            "no such kind of database", expected="sqlite:///FILE or postgresql+psycopg://…", remedy="check --database"
        ) from problem
    except ImportError as problem:
        raise UserError(
            "a driver of that database is not installed", found=str(problem), remedy="pip install 'podium[postgres]'"
        ) from problem
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late: reads before it are outside
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_S * 1000}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")  # upgrading a read is what deadlocks


def healthy(database: Database) -> bool:
    """Whether the database answers."""
    with database.read() as connection:
        return connection.execute(text("SELECT 1")).scalar() == 1
