"""What probes of experiments came to: one row for each experiment and probe."""

from __future__ import annotations

import json
from collections.abc import Iterable

from podium.records import Probed, dumps, from_json
from podium.registry.database import Database


class Probes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, experiment: str, probed: Iterable[Probed]) -> None:
        """What was skipped before may be probed later; what was probed stands."""
        with self._database.write() as db:
            for one in probed:
                db.execute(
                    "INSERT INTO probes VALUES (?,?,?,?) ON CONFLICT (experiment, probe) DO UPDATE SET "
                    "outcome=excluded.outcome, probed=excluded.probed WHERE probes.outcome='skipped'",
                    (experiment, one.probe, one.outcome, dumps(one)),
                )

    def of(self, experiment: str) -> tuple[Probed, ...]:
        """In the order they were recorded."""
        rows = self._database.rows("SELECT probed FROM probes WHERE experiment=? ORDER BY rowid", experiment)
        return tuple(from_json(Probed, json.loads(row["probed"])) for row in rows)

    def odd(self, newest: int) -> list[str]:
        """The newest experiments of which a probe failed or warned, oldest first."""
        rows = self._database.rows(
            "SELECT experiment, max(rowid) AS last FROM probes WHERE outcome IN ('failed', 'warned') "
            "GROUP BY experiment ORDER BY last DESC LIMIT ?",
            newest,
        )
        return [row["experiment"] for row in reversed(rows)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Probe → outcome → experiments."""
        found: dict[str, dict[str, int]] = {}
        for row in self._database.rows(
            "SELECT probe, outcome, count(*) AS n FROM probes GROUP BY probe, outcome ORDER BY min(rowid)"
        ):
            found.setdefault(row["probe"], {})[row["outcome"]] = row["n"]
        return found
