"""The private score of a submission file: by the competition's own grade.py, or by the arena's grader."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import zlib
from functools import cached_property
from pathlib import Path

import numpy as np

from peers.contests import Contest
from podium.arena.grading import Grader
from podium.errors import InvalidPredictions

RESAMPLES = 200
SAME = 1e-5  # relative: a grade.py and our metric agree


class Judge:
    def __init__(self, contest: Contest) -> None:
        self._contest = contest

    @cached_property
    def _own(self) -> Grader | None:
        return None if self._contest.private is None else Grader(self._contest.private)

    def score(self, file: Path) -> float:
        """Raises InvalidPredictions for a file that is no submission."""
        if self._contest.grader is None:
            assert self._own is not None
            score = self._own.scores(file).private
            if score is None:
                raise InvalidPredictions("the metric is not defined for these answers")
            return score
        argv = [sys.executable, str(self._contest.grader), str(file)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        try:
            found = json.loads(done.stdout)
        except json.JSONDecodeError as problem:
            raise RuntimeError(f"{self._contest.grader}: {done.stderr[-300:]}") from problem
        if not found.get("valid", True) or found.get("score") is None or not math.isfinite(found["score"]):
            raise InvalidPredictions(str(found.get("error") or found.get("message") or "not valid"))
        return float(found["score"])

    def resampled(self, file: Path) -> list[float] | None:
        """Scores on `RESAMPLES` draws of the private test rows, with replacement, the same draws for every file of this
        competition. None where answers cannot be read row by row, or the competition's own score is another."""
        if self._own is None:
            return None
        try:
            decided = self._own.decided(file)
        except InvalidPredictions:  # stricter than the competition's own grader, which has the say
            return None
        rows = np.flatnonzero(self._own.split("private"))
        if self._contest.grader is not None:
            ours = self._own.score(decided, rows)
            if ours is None or not math.isclose(ours, self.score(file), rel_tol=SAME, abs_tol=SAME):
                return None
        rng = np.random.default_rng(zlib.crc32(self._contest.name.encode()))
        scores = [self._own.score(decided, rng.choice(rows, len(rows))) for _ in range(RESAMPLES)]
        known = [score for score in scores if score is not None]
        return [float(f"{score:.7g}") for score in known] if len(known) == RESAMPLES else None
