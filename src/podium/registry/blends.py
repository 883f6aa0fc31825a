"""Blends, one a round, and the reads of the vault, each recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.records import dumps
from podium.registry.database import Database, by_merit, sound


@dataclass(frozen=True)
class BlendRow:
    round: int
    weights: Mapping[str, float]
    space: str
    score: float  # nested estimate
    stderr: float
    vault_score: float | None
    detail: Mapping[str, Any]
    merit: float | None = None  # of the nested predictions by the surrogate, more is better; None where there is none


class Blends:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, blend: BlendRow) -> None:
        values = (
            blend.round,
            dumps(blend.weights),
            blend.space,
            blend.score,
            blend.stderr,
            blend.vault_score,
            dumps(blend.detail),
            blend.merit,
        )
        with self._database.write() as db:
            db.execute("INSERT OR IGNORE INTO blends VALUES (?,?,?,?,?,?,?,?)", values)

    def replace(self, blend: BlendRow) -> None:
        """The round's blend anew: one of its members was taken back before it was sent."""
        with self._database.write() as db:
            db.execute("DELETE FROM blends WHERE round=?", (blend.round,))
            self.add(blend)

    def newest(self, limit: int = 20) -> list[BlendRow]:
        """Newest last."""
        rows = self._database.rows("SELECT * FROM blends ORDER BY round DESC LIMIT ?", limit)
        return [_blend(row) for row in reversed(rows)]

    def best(self, higher_is_better: bool) -> BlendRow | None:
        """The best nested estimate of all rounds; the newer of two equals."""
        found = self.ranked(higher_is_better, 1)
        return found[0] if found else None

    def ranked(self, higher_is_better: bool, limit: int = 5) -> list[BlendRow]:
        """The best by nested estimate (merit, else score), best first, without those that carry weight of an invalid
        experiment."""
        rows = self._database.rows(
            f"SELECT * FROM blends WHERE {sound('blends')} ORDER BY {by_merit(higher_is_better)} DESC, round DESC LIMIT ?",
            limit,
        )
        return [_blend(row) for row in rows]

    def last(self) -> BlendRow | None:
        found = self.newest(1)
        return found[0] if found else None

    def of_round(self, round_: int) -> BlendRow | None:
        row = self._database.row("SELECT * FROM blends WHERE round=?", round_)
        return None if row is None else _blend(row)

    def set_vault_score(self, round_: int, score: float) -> None:
        """One read of the vault: recorded with what was read, and kept with the blend."""
        with self._database.write() as db:
            self.add_vault_read(round_, "blend", score)
            db.execute("UPDATE blends SET vault_score=? WHERE round=?", (score, round_))

    def add_vault_read(self, round_: int, what: str, score: float) -> None:
        with self._database.write() as db:
            db.execute("INSERT INTO vault_reads (round, what, score) VALUES (?,?,?)", (round_, what, score))


def _blend(row: Any) -> BlendRow:
    return BlendRow(
        round=row["round"],
        weights=json.loads(row["weights"]),
        space=row["space"],
        score=row["score"],
        stderr=row["stderr"],
        vault_score=row["vault_score"],
        detail=json.loads(row["detail"]),
        merit=row["merit"] if "merit" in row.keys() else None,  # noqa: SIM118 — an older engine's row; `in row` asks its values
    )
