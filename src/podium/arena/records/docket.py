"""The queue and its evidence, in SQLite: numbered as received, without gaps; what is recorded is never edited.

A submission's folder is stored under its hash before its row exists; its row and its number come in one transaction. A run
has a row before it starts. Kill the referee anywhere: nothing recorded is lost, and what was under way is done again.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podium.arena.records.facts import Purpose, RunFacts, Triage
from podium.arena.records.judge import Verdict
from podium.arena.records.submission import CLAIM, BadClaim, Claim, Submission
from podium.errors import EngineBusy, Refused, UserError
from podium.records import dumps, from_json

TABLES = """
CREATE TABLE submissions (number INTEGER PRIMARY KEY, received_at TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE,
  author TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE triage (number INTEGER PRIMARY KEY REFERENCES submissions, facts TEXT NOT NULL);
CREATE TABLE seeds (number INTEGER NOT NULL REFERENCES submissions, purpose TEXT NOT NULL, seed INTEGER NOT NULL,
  registered_at TEXT NOT NULL, PRIMARY KEY (number, purpose, seed));
CREATE TABLE runs (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, purpose TEXT NOT NULL, seed INTEGER NOT NULL,
  machine TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, outcome TEXT, facts TEXT,
  FOREIGN KEY (number, purpose, seed) REFERENCES seeds);
CREATE TABLE verdicts (id INTEGER PRIMARY KEY, number INTEGER NOT NULL REFERENCES submissions, decided_at TEXT NOT NULL,
  facts TEXT NOT NULL);
CREATE TABLE invalidations (number INTEGER PRIMARY KEY REFERENCES submissions, at TEXT NOT NULL, reason TEXT NOT NULL);
PRAGMA user_version = 1;
"""
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Entry:
    """A submission's place in the queue. `received_at`: UTC, ISO 8601."""

    number: int
    received_at: str
    sha256: str
    author: str
    name: str


@dataclass(frozen=True)
class Run:
    """A run as recorded; `facts` None while it has not ended, or was interrupted."""

    id: int
    number: int
    purpose: Purpose
    seed: int
    machine: str
    started_at: str
    ended_at: str | None
    outcome: str | None
    facts: RunFacts | None


class Docket:
    """`Docket(folder)` opens or makes it. Every method is one transaction."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, folder / "store"
        self.store.mkdir(exist_ok=True)
        self._db = sqlite3.connect(folder / "records.db", timeout=30, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        with self._write():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in TABLES.split(";\n"):
                    self._db.execute(statement)
            elif version > 1:
                raise UserError(
                    f"{folder} was made by a newer Podium", found=f"version {version}", remedy="upgrade Podium"
                )

    def close(self) -> None:
        self._db.close()

    # ------------------------------------------------------------ the queue

    def receive(self, submission: Submission, author: str, name: str) -> Entry:
        """Store it, give it the next number. Raises Refused where the very same folder is here already."""
        sha256 = submission.sha256
        self._keep(sha256, submission)
        with self._write():
            twin = self._db.execute("SELECT number FROM submissions WHERE sha256 = ?", (sha256,)).fetchone()
            if twin:
                raise Refused(f"this very folder is submission {twin['number']} already")
            number = self._db.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM submissions").fetchone()[0]
            entry = Entry(number, now(), sha256, author, name)
            self._db.execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?)", (number, entry.received_at, sha256, author, name)
            )
        return entry

    def entries(self) -> list[Entry]:
        return [Entry(**dict(row)) for row in self._db.execute("SELECT * FROM submissions ORDER BY number")]

    def entry(self, number: int) -> Entry:
        """Raises UserError where there is none."""
        row = self._db.execute("SELECT * FROM submissions WHERE number = ?", (number,)).fetchone()
        if row is None:
            last = self._db.execute("SELECT COUNT(*) FROM submissions").fetchone()[0]
            raise UserError(
                f"there is no submission {number}", expected=f"1 to {last}" if last else "one to be handed in first"
            )
        return Entry(**dict(row))

    def oldest_open(self) -> Entry | None:
        """The first that has no verdict: nothing is passed over."""
        row = self._db.execute(
            "SELECT * FROM submissions WHERE number NOT IN (SELECT number FROM verdicts) ORDER BY number LIMIT 1"
        ).fetchone()
        return None if row is None else Entry(**dict(row))

    def submission(self, number: int) -> Submission:
        """Its files, as handed in. Raises UserError where the store was tampered with."""
        sha256 = self.entry(number).sha256
        found = Submission.read(self.store / sha256, 1 << 40)
        if found.sha256 != sha256:
            raise UserError(
                f"store/{sha256} is not what was handed in as submission {number}", remedy="restore it from a copy"
            )
        return found

    def claim(self, number: int) -> Claim | None:
        """Its submission.json; None where that does not fit its schema."""
        path = self.store / self.entry(number).sha256 / CLAIM
        try:
            return Submission({CLAIM: path.read_bytes()}).claim()
        except (BadClaim, FileNotFoundError):
            return None

    # ------------------------------------------------------------ evidence

    def record_triage(self, number: int, triage: Triage) -> None:
        with self._write():
            self._db.execute("INSERT OR IGNORE INTO triage VALUES (?, ?)", (number, dumps(triage)))

    def triage(self, number: int) -> Triage | None:
        row = self._db.execute("SELECT facts FROM triage WHERE number = ?", (number,)).fetchone()
        return None if row is None else from_json(Triage, json.loads(row["facts"]))

    def register(self, number: int, purpose: Purpose, seeds: Sequence[int]) -> None:
        """Bind these seeds before any of them runs; those that are registered stay."""
        with self._write():
            for seed in seeds:
                self._db.execute("INSERT OR IGNORE INTO seeds VALUES (?, ?, ?, ?)", (number, purpose, seed, now()))

    def seeds(self, number: int, purpose: Purpose) -> list[int]:
        rows = self._db.execute(
            "SELECT seed FROM seeds WHERE number = ? AND purpose = ? ORDER BY rowid", (number, purpose)
        )
        return [int(row["seed"]) for row in rows]

    def start(self, number: int, purpose: Purpose, seed: int, machine: str) -> int:
        """A run's row, before it starts. One of the same seed that never ended is marked as interrupted, and stays."""
        with self._write():
            self._db.execute(
                "UPDATE runs SET outcome = ? WHERE number = ? AND purpose = ? AND seed = ? AND outcome IS NULL",
                (INTERRUPTED, number, purpose, seed),
            )
            done = self._db.execute(
                "INSERT INTO runs (number, purpose, seed, machine, started_at) VALUES (?, ?, ?, ?, ?)",
                (number, purpose, seed, machine, now()),
            )
        return int(done.lastrowid or 0)

    def finish(self, run: int, facts: RunFacts | None, outcome: str) -> None:
        """Raises ValueError where it has an end already: what is recorded is never edited."""
        told = None if facts is None else dumps(facts)
        with self._write():
            done = self._db.execute(
                "UPDATE runs SET ended_at = ?, outcome = ?, facts = ? WHERE id = ? AND outcome IS NULL",
                (now(), outcome, told, run),
            )
            if done.rowcount != 1:
                raise ValueError(f"run {run} has ended already")

    def runs(self, number: int) -> list[Run]:
        """Every run of it that was ever started, in order."""
        found = []
        for row in self._db.execute("SELECT * FROM runs WHERE number = ? ORDER BY id", (number,)):
            told = dict(row)
            told["facts"] = None if told["facts"] is None else from_json(RunFacts, json.loads(told["facts"]))
            found.append(Run(**told))
        return found

    # ------------------------------------------------------------ verdicts

    def decide(self, number: int, verdict: Verdict) -> None:
        """A later verdict on the same submission stands beside the earlier, which stays."""
        with self._write():
            self._db.execute(
                "INSERT INTO verdicts (number, decided_at, facts) VALUES (?, ?, ?)", (number, now(), dumps(verdict))
            )

    def verdict(self, number: int) -> Verdict | None:
        """The latest."""
        row = self._db.execute(
            "SELECT facts FROM verdicts WHERE number = ? ORDER BY id DESC LIMIT 1", (number,)
        ).fetchone()
        return None if row is None else from_json(Verdict, json.loads(row["facts"]))

    def verdicts(self, number: int) -> list[tuple[str, Verdict]]:
        """(when, what), oldest first."""
        rows = self._db.execute("SELECT * FROM verdicts WHERE number = ? ORDER BY id", (number,))
        return [(row["decided_at"], from_json(Verdict, json.loads(row["facts"]))) for row in rows]

    def invalidate(self, number: int, reason: str) -> None:
        """Take a decided submission back, with the reason. Raises UserError where it cannot be."""
        if self.verdict(self.entry(number).number) is None:
            raise UserError(
                f"submission {number} has no verdict yet", remedy="review it first: podium arena record review"
            )
        with self._write():
            self._db.execute("INSERT OR IGNORE INTO invalidations VALUES (?, ?, ?)", (number, now(), reason))

    def invalidations(self) -> dict[int, str]:
        return {row["number"]: row["reason"] for row in self._db.execute("SELECT * FROM invalidations")}

    # ------------------------------------------------------------ parts

    @contextmanager
    def reviewing(self) -> Iterator[None]:
        """One reviewer at a time; the lock goes with its process. Raises EngineBusy."""
        fd = os.open(self.folder / "review.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise EngineBusy(f"another reviewer is at work on {self.folder}") from None
        finally:
            os.close(fd)

    @contextmanager
    def _write(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _keep(self, sha256: str, submission: Submission) -> None:
        """The folder under its hash: whole, synced, then renamed into place."""
        place, part = self.store / sha256, self.store / f".{sha256}.{os.getpid()}"
        if place.exists():
            return
        for name, content in submission.files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        try:
            part.rename(place)
        except OSError:
            if not place.is_dir():  # else somebody handed in the same at the same moment
                raise
        folder = os.open(self.store, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


__all__: list[Any] = ["Docket", "Entry", "Run", "now"]
