"""Data from elsewhere: what a source is, whose leave it has, what was fetched, how it is used, and whether its rows pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from podium.records import ExternalSource
from podium.registry.database import Database

State = Literal["proposed", "approved", "fetching", "failed", "used", "refused"]
Outcome = Literal["", "pays", "no proof", "hurts", "failed", "no time"]


@dataclass(frozen=True)
class External:
    """`source`: a URL, or the name of a file the user brought. `round`: the first whose experiments have it.

    `state`: proposed (waits for the user's leave), approved, fetching (the intent of a download, reconciled on a resume),
    failed (approving it once more tries again), used, refused. `used_as`: rows, table. `dropped`: rows left out."""

    id: str  # X01 …
    source: str
    what: str
    why: str
    licence: str
    state: State
    sha256: str = ""  # of the file as it came
    file: str = ""  # relative to the campaign
    round: int | None = None
    used_as: str = ""
    rows: int = 0
    dropped: int = 0
    message: str = ""  # what was left out and why, or why it failed


@dataclass(frozen=True)
class Trial:
    """The experiment `against` run again with a source's rows at `weight`, all else equal. `gain` is that of the rows, in the
    metric's unit; `p`: one-sided, of "they do not help". `outcome`: empty until it is decided; after no time there may be
    another trial at this weight."""

    experiment: str
    source: str
    weight: float
    against: str
    round: int
    outcome: Outcome = ""
    gain: float | None = None
    stderr: float | None = None
    p: float | None = None
    message: str = ""


class ExternalData:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: ExternalSource, state: State) -> External | None:
        """A new source, by the next number; None where this one is known."""
        with self._database.write() as db:
            if db.execute("SELECT 1 FROM external WHERE source=?", (source.url,)).fetchone():
                return None
            number = db.execute("SELECT count(*) FROM external").fetchone()[0] + 1
            values = (f"X{number:02d}", source.url, source.what, source.why, source.licence, state)
            db.execute("INSERT INTO external (id, source, what, why, licence, state) VALUES (?,?,?,?,?,?)", values)
        return self.get(values[0])

    def put(self, one: External) -> None:
        """The row as it is now."""
        with self._database.write() as db:
            db.execute("INSERT OR REPLACE INTO external VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", tuple(vars(one).values()))

    def set_state(self, id_: str, state: State, message: str = "") -> None:
        with self._database.write() as db:
            db.execute("UPDATE external SET state=?, message=? WHERE id=?", (state, message, id_))

    def approve(self, id_: str) -> bool:
        """Whether there was such a source to approve: proposed, or failed before."""
        with self._database.write() as db:
            done = db.execute(
                "UPDATE external SET state='approved' WHERE id=? AND state IN ('proposed', 'failed')", (id_,)
            )
            return done.rowcount == 1

    def all(self) -> list[External]:
        return [_external(row) for row in self._database.rows("SELECT * FROM external ORDER BY id")]

    def get(self, id_: str) -> External | None:
        row = self._database.row("SELECT * FROM external WHERE id=?", id_)
        return None if row is None else _external(row)

    def waiting(self) -> list[External]:
        """Approved and not yet here, in order."""
        return [one for one in self.all() if one.state in ("approved", "fetching")]

    def put_trial(self, trial: Trial) -> None:
        """The trial as it is now."""
        with self._database.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO external_trials VALUES (?,?,?,?,?,?,?,?,?,?)", tuple(vars(trial).values())
            )

    def trials(self) -> list[Trial]:
        """Oldest first."""
        rows = self._database.rows("SELECT * FROM external_trials ORDER BY round, rowid")
        return [Trial(**dict(row)) for row in rows]

    def standing(self, round_: int) -> dict[str, float]:
        """Source → weight of those whose rows were shown to pay before this round: what its experiments are fitted on."""
        return {one.source: one.weight for one in self.trials() if one.outcome == "pays" and one.round < round_}

    def until(self, round_: int) -> list[External]:
        """What experiments of this round may use, in order."""
        return [one for one in self.all() if one.state == "used" and one.round is not None and one.round <= round_]


def _external(row: Any) -> External:
    return External(**dict(row))
