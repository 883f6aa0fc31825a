"""PODIUM_HOME/learnings.json: read whole, changed under a lock, replaced whole. An empty PODIUM_HOME: no memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from podium.errors import UserError
from podium.execution import boot
from podium.records import from_json
from podium.team.memory.file import locked, replaced
from podium.team.memory.rules import LONGEST, Remembered, merged, seeded

FILE = "learnings.json"
VERSION = 1
MOST = 2000  # rules a file may hold


class Home:
    """The learnings of this user. `folder` need not exist: until something is remembered it holds the seeded seven."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    @classmethod
    def of_user(cls) -> Home | None:
        """PODIUM_HOME, by default ~/.podium; None where PODIUM_HOME is set and empty: nothing is remembered."""
        return None if os.environ.get("PODIUM_HOME") == "" else cls(boot.home())

    def rules(self) -> tuple[Remembered, ...]:
        """The seeded ones first, the rest in the order they came. Raises UserError where the file is damaged."""
        if not self.path.is_file():
            return seeded()
        return merged(seeded(), read(self.path))

    def merge(self, newer: Iterable[Remembered]) -> tuple[Remembered, ...]:
        """Add a campaign's own evidence, which stands for its data set from now on; whole or not at all, also while other
        campaigns end. Raises UserError, OSError."""
        with locked(self.path.parent):
            rules = merged(self.rules(), newer)
            write(self.path, rules)
        return rules

    def take_in(self, theirs: Iterable[Remembered]) -> tuple[Remembered, ...]:
        """Add what somebody else knows; for a data set that is known here, this home's word stands. Raises likewise."""
        with locked(self.path.parent):
            rules = merged(theirs, self.rules())
            write(self.path, rules)
        return rules


def read(path: Path) -> tuple[Remembered, ...]:
    """The rules of a file that `write` made, here or elsewhere. Raises UserError where it is something else."""
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["version"] > VERSION:
            raise UserError(f"{path} was written by a newer Podium", remedy="upgrade Podium")
        rules = from_json(_Rules, {"learnings": found["learnings"]}).learnings
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise UserError(
            f"{path} holds no learnings",
            expected="a file of `podium learnings export`",
            found=f"{type(problem).__name__}: {problem}",
            remedy="restore it, or move it away",
        ) from problem
    _check(path, rules)
    return rules


def write(path: Path, rules: Iterable[Remembered]) -> None:
    """Whole or not at all."""
    replaced(path, {"version": VERSION, "learnings": list(rules)})


@dataclass(frozen=True)
class _Rules:
    learnings: tuple[Remembered, ...]


def _check(path: Path, rules: tuple[Remembered, ...]) -> None:
    """What came from elsewhere reaches prompts: it is kept short, plain and countable. Raises UserError."""
    texts = [(one.id, text) for one in rules for text in (one.rule, *(e.text for e in one.evidence))]
    wrong = next((id_ for id_, text in texts if len(text) > LONGEST or not text.isprintable()), None)
    negative = next((r.id for r in rules for e in r.evidence if e.support < 0 or e.contradicted < 0), None)
    if len(rules) > MOST or wrong is not None or negative is not None:
        raise UserError(
            f"{path} holds learnings that cannot be used",
            expected=f"at most {MOST} rules, texts of one line and {LONGEST} characters, counts from 0",
            found=f"{len(rules)} rules" if len(rules) > MOST else f"{wrong or negative} is otherwise",
        )
