"""Experiments, their gates, verdicts and scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podium.records import ExperimentFact, ExperimentSpec, Status, Verdict, dumps, from_json, to_json
from podium.registry.database import Database, by_merit


@dataclass(frozen=True)
class Experiment:
    """A solution with a hypothesis, parents and a seed, as the registry holds it."""

    id: str
    round: int
    spec: ExperimentSpec
    seed: int
    fingerprint: str
    solution_sha: str
    builtin: bool  # written by the built-in builder and unedited: may run at a weaker sandbox level
    static_cost_s: float  # all folds, one core
    allowance_s: float | None = None  # wall seconds a run may take; None where time must not decide
    status: Status = "queued"
    verdict: Verdict | None = None
    score: float | None = None
    stderr: float | None = None
    fold_scores: tuple[float | None, ...] = ()
    merit: float | None = None  # by the surrogate, more is better; None where the competition has none
    message: str = ""
    external: Mapping[str, float] = field(default_factory=dict)  # sources from elsewhere → weight of their rows

    @property
    def valid(self) -> bool:
        """Whether a blend may draw from it."""
        return self.verdict in ("pooled", "champion")

    @property
    def asks(self) -> tuple[str, ...]:
        """Experiments whose predictions its recipe wants among its columns."""
        models = self.spec.recipe.features.get("models") if self.spec.recipe is not None else None
        return tuple(map(str, models)) if isinstance(models, (list, tuple)) else ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Those that it is dealt: only what the built-in builder wrote reads others (`campaign/stacked.py`)."""
        return self.asks if self.builtin else ()


class Experiments:
    """Oldest first is the order of the rows, not of the ids: `E1000` sorts before `E999`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, experiment: Experiment) -> None:
        with self._database.write() as db:
            db.execute(
                "INSERT INTO experiments (id, round, spec, seed, fingerprint, solution_sha, builtin, static_cost_s, "
                "allowance_s, status, message, external) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    experiment.id,
                    experiment.round,
                    dumps(experiment.spec),
                    experiment.seed,
                    experiment.fingerprint,
                    experiment.solution_sha,
                    int(experiment.builtin),
                    experiment.static_cost_s,
                    experiment.allowance_s,
                    experiment.status,
                    experiment.message,
                    dumps(experiment.external),
                ),
            )

    def set_status(self, id_: str, status: Status, message: str = "") -> None:
        with self._database.write() as db:
            db.execute("UPDATE experiments SET status=?, message=? WHERE id=?", (status, message, id_))

    def set_score(
        self, id_: str, score: float, stderr: float, fold_scores: tuple[float | None, ...], merit: float | None = None
    ) -> None:
        with self._database.write() as db:
            db.execute(
                "UPDATE experiments SET score=?, stderr=?, fold_scores=?, merit=? WHERE id=?",
                (score, stderr, dumps(fold_scores), merit, id_),
            )

    def set_verdict(self, id_: str, verdict: Verdict, paired: Any, alarms: Any) -> None:
        """A new champion makes the old one pooled, in the same transaction."""
        with self._database.write() as db:
            if verdict == "champion":
                db.execute("UPDATE experiments SET verdict='pooled' WHERE verdict='champion'")
            db.execute(
                "UPDATE experiments SET verdict=?, paired=?, alarms=? WHERE id=?",
                (verdict, dumps(paired), dumps(alarms), id_),
            )

    def add_alarms(self, id_: str, alarms: Any) -> None:
        """Further ones, after the verdict."""
        if alarms:
            with self._database.write() as db:
                known = [*self.alarms(id_), *to_json(alarms)]
                db.execute("UPDATE experiments SET alarms=? WHERE id=?", (dumps(known), id_))

    def add_gate(self, id_: str, fold: int, gate: Any) -> None:
        with self._database.write() as db:
            db.execute("INSERT OR IGNORE INTO gates VALUES (?,?,?)", (id_, fold, dumps(gate)))

    def gate(self, id_: str) -> Mapping[str, Any] | None:
        row = self._database.row("SELECT gate FROM gates WHERE experiment=?", id_)
        return None if row is None else json.loads(row["gate"])

    def count(self) -> int:
        row = self._database.row("SELECT count(*) AS n FROM experiments")
        return 0 if row is None else int(row["n"])

    def champion(self) -> str | None:
        row = self._database.row("SELECT id FROM experiments WHERE verdict='champion'")
        return None if row is None else str(row["id"])

    def pool(self) -> list[Experiment]:
        """The valid experiments a blend may draw from, oldest first."""
        return self._select("WHERE verdict IN ('pooled', 'champion') ORDER BY rowid")

    def best_of_pool(self, limit: int, higher_is_better: bool) -> list[Experiment]:
        """The best of the pool, by merit where there is one, best first, the older of two equals first."""
        return self._select(
            "WHERE verdict IN ('pooled', 'champion') AND score IS NOT NULL "
            f"ORDER BY {by_merit(higher_is_better)} DESC, rowid LIMIT ?",
            limit,
        )

    def pool_scores(self) -> list[tuple[float, float, tuple[float, ...]]]:
        """(score, standard error, fold scores) of the pool, oldest first: without a look at what was tried."""
        rows = self._database.rows(
            "SELECT score, stderr, fold_scores FROM experiments WHERE verdict IN ('pooled', 'champion') "
            "AND score IS NOT NULL AND stderr IS NOT NULL ORDER BY rowid"
        )
        return [(row["score"], row["stderr"], tuple(json.loads(row["fold_scores"]))) for row in rows]

    def of_round(self, round_: int) -> list[Experiment]:
        return self._select("WHERE round=? ORDER BY rowid", round_)

    def get(self, id_: str) -> Experiment | None:
        found = self._select("WHERE id=?", id_)
        return found[0] if found else None

    def all(self) -> list[Experiment]:
        return self._select("ORDER BY rowid")

    def shortlist(self, best: int, newest: int, higher_is_better: bool) -> list[Experiment]:
        """The best and the newest, so that what a role reads stays flat as rounds pile up."""
        return self._select(
            "WHERE id IN (SELECT id FROM experiments WHERE verdict IS NOT NULL AND verdict != 'invalid' "
            f"ORDER BY {by_merit(higher_is_better)} DESC, rowid LIMIT ?) "
            "OR id IN (SELECT id FROM experiments ORDER BY rowid DESC LIMIT ?) ORDER BY rowid",
            best,
            newest,
        )

    def families(self) -> dict[str, int]:
        rows = self._database.rows(
            "SELECT json_extract(spec, '$.family') AS family, count(*) AS n FROM experiments GROUP BY 1 ORDER BY 1"
        )
        return {row["family"]: row["n"] for row in rows}

    def fingerprints(self) -> tuple[str, ...]:
        return tuple(
            row["fingerprint"] for row in self._database.rows("SELECT fingerprint FROM experiments ORDER BY rowid")
        )

    def paired_stderr(self, champion: str) -> float | None:
        """The median standard error of paired differences with the champion; None before there is any."""
        rows = self._database.rows(
            "SELECT json_extract(paired, '$.paired.stderr') AS s FROM experiments WHERE paired IS NOT NULL "
            "AND json_extract(paired, '$.paired.stderr') IS NOT NULL AND (id=? OR json_extract(paired, '$.against')=?) "
            "ORDER BY s",
            champion,
            champion,
        )
        return float(rows[len(rows) // 2]["s"]) if rows else None

    def challengers(self) -> list[float]:
        """The p-values of all that challenged the champion of their time, oldest first."""
        rows = self._database.rows(
            "SELECT json_extract(paired, '$.paired.p') AS p FROM experiments "
            "WHERE json_extract(paired, '$.level') IS NOT NULL ORDER BY rowid"
        )
        return [float(row["p"]) for row in rows]

    def alarms(self, id_: str) -> list[Mapping[str, Any]]:
        row = self._database.row("SELECT alarms FROM experiments WHERE id=?", id_)
        return [] if row is None else list(json.loads(row["alarms"]))

    def _select(self, clause: str, *values: object) -> list[Experiment]:
        return [_experiment(row) for row in self._database.rows(f"SELECT * FROM experiments {clause}", *values)]


def _experiment(row: Any) -> Experiment:
    return Experiment(
        id=row["id"],
        round=row["round"],
        spec=from_json(ExperimentSpec, json.loads(row["spec"])),
        seed=row["seed"],
        fingerprint=row["fingerprint"],
        solution_sha=row["solution_sha"],
        builtin=bool(row["builtin"]),
        static_cost_s=row["static_cost_s"],
        allowance_s=row["allowance_s"],
        status=row["status"],
        verdict=row["verdict"],
        score=row["score"],
        stderr=row["stderr"],
        fold_scores=tuple(json.loads(row["fold_scores"])),
        merit=row["merit"] if "merit" in row.keys() else None,  # noqa: SIM118 — an older engine's row; `in row` asks its values
        message=row["message"],
        external=json.loads(row["external"]),
    )


def fact(experiment: Experiment, *, cost_s: float, correlation: float | None = None, weight: float = 0.0,
         notes: Mapping[str, Any] | None = None, twin: str | None = None) -> ExperimentFact:  # fmt: skip
    """The experiment as a role sees it."""
    spec = experiment.spec
    return ExperimentFact(
        id=experiment.id,
        round=experiment.round,
        name=spec.name,
        family=spec.family,
        operator=spec.operator,
        hypothesis=spec.hypothesis,
        parents=spec.parents,
        status=experiment.status,
        verdict=experiment.verdict,
        score=experiment.score,
        stderr=experiment.stderr,
        fold_scores=experiment.fold_scores,
        cost_s=cost_s,
        expected_gain=spec.expected_gain,
        recipe=spec.recipe,
        correlation=correlation,
        blend_weight=weight,
        notes=notes or {},
        message=experiment.message,
        twin=twin,
        merit=experiment.merit,
    )
