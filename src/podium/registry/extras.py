"""Experiments handed in from outside the rounds (`podium experiment run`). The next build takes them, in order."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from podium.errors import Refused
from podium.records import ExperimentSpec, dumps, from_json
from podium.registry.database import Database


@dataclass(frozen=True)
class Extra:
    id: int
    spec: ExperimentSpec
    solution: str  # the file's text


class Extras:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, spec: ExperimentSpec, solution: str, fingerprint: str) -> None:
        """Anyone may call this, with or without a live engine. Raises Refused: it was handed in before."""
        sha = hashlib.sha256(solution.encode()).hexdigest()
        try:
            with self._database.append() as db:
                db.execute(
                    "INSERT INTO extras (spec, solution, sha256, fingerprint, at) VALUES (?,?,?,?,?)",
                    (dumps(spec), solution, sha, fingerprint, time.time()),
                )
        except sqlite3.IntegrityError as problem:
            raise Refused("this very solution was handed in before (names, comments and seeds apart)") from problem

    def pending(self) -> list[Extra]:
        """What no build has taken yet, oldest first."""
        rows = self._database.rows("SELECT * FROM extras WHERE experiment IS NULL ORDER BY id")
        return [Extra(row["id"], from_json(ExperimentSpec, json.loads(row["spec"])), row["solution"]) for row in rows]

    def take(self, extra: Extra, experiment: str) -> None:
        """From now on it is this experiment."""
        with self._database.write() as db:
            db.execute("UPDATE extras SET experiment=? WHERE id=?", (experiment, extra.id))

    def sources(self, experiments: Sequence[str]) -> dict[str, str]:
        """Experiment → solution, of those experiments that were handed in here."""
        rows = self._database.rows("SELECT experiment, solution FROM extras WHERE experiment IS NOT NULL ORDER BY id")
        return {row["experiment"]: row["solution"] for row in rows if row["experiment"] in experiments}
