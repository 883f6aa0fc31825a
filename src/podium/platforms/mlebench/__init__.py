"""MLE-bench: prepared competitions in, submissions and grading reports of its form out.

The project is openai/mle-bench (Chan et al. 2024); file layouts, report fields and the medal rule are its own.
"""

from __future__ import annotations

from podium.platforms.mlebench.grading import grade
from podium.platforms.mlebench.medals import Thresholds, known, of_leaderboard
from podium.platforms.mlebench.prepared import Prepared, find
from podium.platforms.mlebench.report import CompetitionReport, aggregate, submissions_jsonl

__all__ = [
    "CompetitionReport", "Prepared", "Thresholds", "aggregate", "find", "grade", "known", "of_leaderboard",
    "submissions_jsonl",
]  # fmt: skip
