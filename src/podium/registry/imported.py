"""The untrusted pool: predictions the user brought, and each round's blend with them. Never part of the honest estimate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from podium.records import dumps
from podium.registry.blends import BlendRow
from podium.registry.database import Database

State = Literal["pooled", "suspicious", "refused"]


@dataclass(frozen=True)
class Imported:
    """One pair of files. `score` is the engine's own figure on its folds; nobody knows whether it was blind."""

    id: str  # X001 …: never an experiment's
    name: str  # the files' name without its ending
    state: State
    oof_sha: str | None = None
    holdout_sha: str | None = None
    score: float | None = None
    stderr: float | None = None
    fold_scores: tuple[float | None, ...] = ()
    message: str = ""  # why it is refused or suspicious


class ImportedPool:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, member: Imported) -> None:
        values = (member.id, member.name, member.state, member.oof_sha, member.holdout_sha, member.score, member.stderr,
                  dumps(member.fold_scores), member.message)  # fmt: skip
        with self._database.write() as db:
            db.execute("INSERT OR REPLACE INTO imported VALUES (?,?,?,?,?,?,?,?,?)", values)

    def all(self) -> list[Imported]:
        return [_member(row) for row in self._database.rows("SELECT * FROM imported ORDER BY id")]

    def get(self, id_: str) -> Imported | None:
        row = self._database.row("SELECT * FROM imported WHERE id=?", id_)
        return None if row is None else _member(row)

    def best(self, limit: int, higher_is_better: bool) -> list[Imported]:
        """The pooled ones, best first."""
        order = "DESC" if higher_is_better else "ASC"
        rows = self._database.rows(
            f"SELECT * FROM imported WHERE state='pooled' ORDER BY score {order}, id LIMIT ?", limit
        )
        return [_member(row) for row in rows]

    def add_blend(self, blend: BlendRow) -> None:
        values = (blend.round, dumps(blend.weights), blend.space, blend.score, blend.stderr, blend.vault_score,
                  dumps(blend.detail))  # fmt: skip
        with self._database.write() as db:
            db.execute("INSERT OR IGNORE INTO imported_blends VALUES (?,?,?,?,?,?,?)", values)

    def replace_blend(self, blend: BlendRow) -> None:
        """Beside a round's blend that was made anew."""
        with self._database.write() as db:
            db.execute("DELETE FROM imported_blends WHERE round=?", (blend.round,))
            self.add_blend(blend)

    def blend(self, round_: int) -> BlendRow | None:
        """The blend with the untrusted pool that was made beside a round's own."""
        row = self._database.row("SELECT * FROM imported_blends WHERE round=?", round_)
        if row is None:
            return None
        values: dict[str, Any] = {
            **dict(row),
            "weights": json.loads(row["weights"]),
            "detail": (detail := json.loads(row["detail"])),
            "merit": detail.get("merit"),
        }
        return BlendRow(**values)


def _member(row: Any) -> Imported:
    return Imported(**{**dict(row), "fold_scores": tuple(json.loads(row["fold_scores"]))})
