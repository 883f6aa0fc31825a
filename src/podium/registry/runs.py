"""Runs and attempts. Only a run whose outcome is `done` is a result; a time-out or a crash is an attempt, tried again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podium.records import RunExit, RunKind, dumps, from_json
from podium.registry.database import Database


@dataclass(frozen=True)
class RunRow:
    key: str
    experiment: str
    kind: RunKind
    part: str  # prepare, fold_1 … fold_k, holdout_1 …, refit, vault, new_* (rows that came later), probe_*
    folder: str  # relative to the campaign
    exit: RunExit


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> RunRow | None:
        row = self._database.row("SELECT * FROM runs WHERE key=?", key)
        return None if row is None else _run(row)

    def of(self, experiment: str) -> list[RunRow]:
        return [
            _run(row) for row in self._database.rows("SELECT * FROM runs WHERE experiment=? ORDER BY part", experiment)
        ]

    def twin(self, run: RunRow) -> str | None:
        """The oldest member of the pool whose run of the same part predicted the same, to the last bit; None where none did."""
        row = self._database.row(
            "SELECT e.id FROM runs AS r JOIN experiments AS e ON e.id = r.experiment WHERE r.part=? AND e.id<>? AND "
            "e.verdict IN ('pooled', 'champion') AND json_extract(r.exit, '$.files.\"predictions.npy\"')=? ORDER BY e.rowid",
            run.part, run.experiment, run.exit.files.get("predictions.npy"),
        )  # fmt: skip
        return None if row is None else str(row["id"])

    def add(self, run: RunRow) -> None:
        """Recorded once: a second row of the same key is ignored, the first stands."""
        with self._database.write() as db:
            values = (run.key, run.experiment, run.kind, run.part, run.folder, dumps(run.exit), time.time())
            db.execute("INSERT OR IGNORE INTO runs VALUES (?,?,?,?,?,?,?)", values)
            db.execute("UPDATE attempts SET exit=? WHERE folder=?", (dumps(run.exit), run.folder))

    def open_attempt(self, key: str, experiment: str, folder: str, alive_s: float) -> None:
        """`alive_s`: the campaign's clock as the run starts, so that an adopted run can be charged."""
        with self._database.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO attempts (key, experiment, folder, alive_s, at) VALUES (?,?,?,?,?)",
                (key, experiment, folder, alive_s, time.time()),
            )

    def close_attempt(self, folder: str, exit_: RunExit) -> None:
        with self._database.write() as db:
            db.execute("UPDATE attempts SET exit=? WHERE folder=?", (dumps(exit_), folder))

    def attempts(self, key: str) -> list[tuple[str, RunExit | None]]:
        """(folder, exit) of every attempt at this run, oldest first; the exit is None while it is under way."""
        rows = self._database.rows("SELECT folder, exit FROM attempts WHERE key=? ORDER BY id", key)
        return [(r["folder"], None if r["exit"] is None else from_json(RunExit, json.loads(r["exit"]))) for r in rows]

    def started_s(self, folder: str) -> float:
        """The campaign's clock as the attempt in this folder began."""
        row = self._database.row("SELECT alive_s FROM attempts WHERE folder=?", folder)
        return 0.0 if row is None else float(row["alive_s"])

    def open_attempts(self) -> list[tuple[str, float]]:
        """(folder, campaign clock at the start) of the attempts that no engine has seen the end of."""
        rows = self._database.rows("SELECT folder, alive_s FROM attempts WHERE exit IS NULL")
        return [(row["folder"], row["alive_s"]) for row in rows]

    def cpu_seconds(self, experiments: Sequence[str]) -> Mapping[str, float]:
        """Experiment → CPU seconds over all its attempts, probes left out: they are no part of what the idea costs."""
        marks = ",".join("?" * len(experiments))
        rows = self._database.rows(
            "SELECT experiment, total(json_extract(exit, '$.cpu_s')) AS s FROM attempts "
            f"WHERE exit IS NOT NULL AND folder NOT LIKE '%/probe%' AND experiment IN ({marks}) GROUP BY 1",
            *experiments,
        )
        return {row["experiment"]: row["s"] for row in rows}

    def fit_seconds(self, newest: int = 100) -> Mapping[str, tuple[float, float, int]]:
        """Family → (measured wall seconds, static estimate over all folds, how many) of the newest fits, `prepare` with them,
        that were finished or stopped at their limit: what was stopped took at least so long."""
        rows = self._database.rows(
            "SELECT json_extract(e.spec, '$.family') AS family, total(json_extract(a.exit, '$.wall_s')) AS measured, "
            "total(e.static_cost_s * (a.folder LIKE '%/fold%')) AS estimated, count(*) AS n "
            "FROM (SELECT * FROM attempts WHERE (folder LIKE '%/fold%' OR folder LIKE '%/prepare%') "
            "AND json_extract(exit, '$.outcome') IN ('done', 'timeout') ORDER BY id DESC LIMIT ?) AS a "
            "JOIN experiments AS e ON e.id = a.experiment WHERE e.static_cost_s > 0 GROUP BY 1",
            newest,
        )
        return {row["family"]: (row["measured"], row["estimated"], row["n"]) for row in rows}

    def predict_seconds(self, newest: int = 50) -> float:
        """Mean wall seconds of the newest finished predictions; 0 before there are any."""
        row = self._database.row(
            "SELECT total(s) / max(1, count(*)) AS mean FROM (SELECT json_extract(exit, '$.wall_s') AS s FROM runs "
            "WHERE kind='predict' AND part NOT LIKE 'probe%' ORDER BY rowid DESC LIMIT ?)",
            newest,
        )
        return 0.0 if row is None else float(row["mean"])

    def probe_seconds(self, *, dear: bool) -> float:
        """Wall seconds of the probes' runs so far, finished or not: of the dear ones, or of the cheap ones."""
        row = self._database.row(
            "SELECT total(json_extract(exit, '$.wall_s')) AS s FROM attempts WHERE exit IS NOT NULL "
            f"AND folder LIKE '%/probe%' AND folder {'' if dear else 'NOT'} LIKE '%/probe_dear%'"
        )
        return 0.0 if row is None else float(row["s"])

    def probe_mean_seconds(self, newest: int = 20) -> float:
        """Mean wall seconds that the cheap probes of one experiment took lately; 0 before there are any."""
        row = self._database.row(
            "SELECT total(s) / max(1, count(*)) AS mean FROM ("
            "SELECT total(json_extract(exit, '$.wall_s')) AS s, max(id) AS newest FROM attempts "
            "WHERE exit IS NOT NULL AND folder LIKE '%/probe%' AND folder NOT LIKE '%/probe_dear%' "
            "GROUP BY experiment ORDER BY newest DESC LIMIT ?)",
            newest,
        )
        return 0.0 if row is None else float(row["mean"])

    def predict_wall_s(self, experiment: str) -> float:
        """Seconds that predicting the test rows takes by one of the experiment's models, or by a refit: the mean of those that
        ended, else the longest that did not; 0 before one was tried."""
        row = self._database.row(
            "SELECT avg(CASE WHEN json_extract(exit, '$.outcome')='done' THEN json_extract(exit, '$.wall_s') END) AS ended, "
            "max(json_extract(exit, '$.wall_s')) AS longest FROM attempts "
            "WHERE experiment=? AND exit IS NOT NULL AND (folder LIKE '%/holdout%' OR folder LIKE '%/refit%')",
            experiment,
        )
        return 0.0 if row is None else float(row["ended"] or row["longest"] or 0.0)

    def has_holdout(self, experiment: str) -> bool:
        """Whether test rows were predicted by every one of the experiment's models, or by its refit."""
        found = self._database.row(
            "SELECT count(DISTINCT CASE WHEN part LIKE 'holdout%' THEN part END) AS held, "
            "count(DISTINCT CASE WHEN part LIKE 'fold%' THEN part END) AS fitted, total(part='refit') AS refits "
            "FROM runs WHERE experiment=?",
            experiment,
        )
        return found is not None and (found["refits"] > 0 or 0 < found["fitted"] <= found["held"])

    def notes(self, experiment: str) -> Mapping[str, object]:
        """The notes of the experiment's first finished fold, as its solution recorded them."""
        row = self._database.row(
            "SELECT json_extract(exit, '$.notes') AS notes FROM runs WHERE experiment=? AND kind='fit' ORDER BY part",
            experiment,
        )
        found: Mapping[str, object] = json.loads(row["notes"]) if row is not None and row["notes"] else {}
        return found


def _run(row: Any) -> RunRow:
    return RunRow(
        key=row["key"],
        experiment=row["experiment"],
        kind=row["kind"],
        part=row["part"],
        folder=row["folder"],
        exit=from_json(RunExit, json.loads(row["exit"])),
    )
