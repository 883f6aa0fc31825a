"""The score of a submission: read, matched to the hidden answers by id, scored on one split and on the other.

What is refused is refused by what every contestant can see (header, ids, type and range of all rows), so no refusal
tells anything of an answer, nor of which rows are private.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.arena import contest as noun
from podium.arena.contest import Contest
from podium.arena.sheets import sheet_of
from podium.errors import InvalidPredictions
from podium.metrics import custom


@dataclass(frozen=True)
class Scores:
    """None where the metric is not defined on that part (one value for all of its rows, say)."""

    public: float | None
    private: float | None


class Grader:
    """One contest's answers, held in memory."""

    def __init__(self, private: Path) -> None:
        self.contest: Contest = noun.read(private)
        competition = self.contest.competition
        if custom.is_users(competition.metric):
            custom.restore(competition.metric, private)
        self.sheet = sheet_of(competition)
        self.task = self.sheet.task
        self._kept = self.sheet.read(private / noun.ANSWERS)
        self._truth = self.sheet.truth(self._kept)
        self._public = self.sheet.public(self._kept)
        self._ids = self._kept.select(self.sheet.keys)

    def scores(self, file: Path) -> Scores:
        """Raises InvalidPredictions with what every contestant may know."""
        decided = self.decided(file)
        return Scores(self.score(decided, self._public), self.score(decided, ~self._public))

    def score(self, decided: Any, rows: NDArray[np.bool_ | np.int64] | None = None) -> float | None:
        """On these units (a mask, or positions), None: all."""
        keep = slice(None) if rows is None else rows
        score = float(self.task.score(self._truth[keep], decided[keep]))
        return score if math.isfinite(score) else None

    def split(self, name: str) -> NDArray[np.bool_]:
        return self._public if name == "public" else ~self._public

    def decided(self, file: Path) -> Any:
        """The submission's answers in the order of the hidden ones, as the metric takes them."""
        return self.sheet.decided(file, self._kept)


def grade(contest: Path, submission: Path, split: str | None = "private") -> float:
    """The score of a submission file on one split (None: all test rows), where a contest lies in one folder.

    Raises InvalidPredictions, never says why an answer is wrong.
    """
    grader = Grader(contest / "private")
    score = grader.score(grader.decided(submission), None if split is None else grader.split(split))
    if score is None:
        raise InvalidPredictions("the metric is not defined for these answers")
    return score


__all__ = ["Grader", "Scores", "grade"]
