"""Small generated competitions, one module a kind, each with a planted difficulty that a team must find to do well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Planted:
    """`public`: what a contestant gets. `score`: the private score of a submission file, by the published definition.

    `naive`: what is reached without seeing the difficulty; `reach`: what a team that sees it reaches, with room to spare.
    """

    public: Path
    score: Callable[[Path], float]
    higher: bool
    naive: float
    reach: float
    difficulty: str

    def met(self, submission: Path) -> bool:
        found = self.score(submission)
        return found >= self.reach if self.higher else found <= self.reach


__all__ = ["Planted"]
