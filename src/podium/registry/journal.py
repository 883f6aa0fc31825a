"""The journal: replay the recorded result, else run, then record. A recorded step is never done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from podium.records import dumps, from_json
from podium.registry.database import Database

T = TypeVar("T")


class Journal:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> Any | None:
        """The recorded result of a step as plain JSON values, or None."""
        row = self._database.row("SELECT result FROM steps WHERE key=?", key)
        return None if row is None else json.loads(row["result"])

    def step(
        self,
        round_: int,
        phase: str,
        kind: type[T],
        run: Callable[[], T],
        record: Callable[[T], None] = lambda result: None,
        *,
        part: str = "",
    ) -> T:
        """`run()`'s result, from the journal when it is there. `record` writes what follows from the result, in the
        transaction that journals it; it must write to the registry alone."""
        key = f"R{round_:02d}_{phase}{part}"
        recorded = self.find(key)
        if recorded is not None:
            return from_json(kind, recorded)
        result = run()
        with self._database.write() as db:
            db.execute("INSERT INTO steps VALUES (?,?,?,?,?)", (key, round_, phase, dumps(result), time.time()))
            record(result)
        return from_json(kind, self.find(key))  # as a replay reads it: key order and number types are then the same

    def last_finished_round(self) -> int:
        """The newest round whose last phase is recorded; -1 before round 0 is over."""
        row = self._database.row("SELECT max(round) AS r FROM steps WHERE phase IN ('learn', 'eda')")
        return -1 if row is None or row["r"] is None else int(row["r"])

    def steps(self, round_: int) -> dict[str, Any]:
        """Phase → result of the steps recorded for one round."""
        rows = self._database.rows("SELECT phase, result FROM steps WHERE round=? ORDER BY rowid", round_)
        return {row["phase"]: json.loads(row["result"]) for row in rows}
