"""What `mlebench grade` reads and writes: submissions as JSON lines, a report a competition, and the sums over them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.platforms.mlebench.medals import Thresholds
from podium.records import to_json


@dataclass(frozen=True)
class CompetitionReport:
    """The fields of MLE-bench's own report, in its order; thresholds are None where they are not known, as is the score
    of a submission that is missing or invalid. `graded_by` and `message` are Podium's."""

    competition_id: str
    score: float | None
    gold_threshold: float | None
    silver_threshold: float | None
    bronze_threshold: float | None
    median_threshold: float | None
    any_medal: bool
    gold_medal: bool
    silver_medal: bool
    bronze_medal: bool
    above_median: bool
    submission_exists: bool
    valid_submission: bool
    is_lower_better: bool | None
    created_at: str  # ISO 8601
    submission_path: str | None
    graded_by: str = ""
    message: str = ""

    @property
    def medal(self) -> str:
        """For people: gold, silver, bronze, none, or – where thresholds are not known."""
        if self.gold_threshold is None and self.silver_threshold is None and self.bronze_threshold is None:
            return "–"
        held = (("gold", self.gold_medal), ("silver", self.silver_medal), ("bronze", self.bronze_medal))
        return next((name for name, has in held if has), "none")


def judged(
    id_: str,
    submission: Path | None,
    score: float | None,
    thresholds: Thresholds | None,
    at: str,
    by: str,
    message: str,
) -> CompetitionReport:
    """A score (None: not valid) held against the thresholds; it is rounded to 5 decimals first, as MLE-bench does."""
    score = None if score is None else round(score, 5)
    medal = None if score is None or thresholds is None else thresholds.medal(score)
    return CompetitionReport(
        competition_id=id_,
        score=score,
        gold_threshold=thresholds.gold if thresholds else None,
        silver_threshold=thresholds.silver if thresholds else None,
        bronze_threshold=thresholds.bronze if thresholds else None,
        median_threshold=thresholds.median if thresholds else None,
        any_medal=medal is not None,
        gold_medal=medal == "gold",
        silver_medal=medal == "silver",
        bronze_medal=medal == "bronze",
        above_median=score is not None and thresholds is not None and thresholds.above_median(score),
        submission_exists=submission is not None,
        valid_submission=score is not None,
        is_lower_better=thresholds.lower_is_better if thresholds else None,
        created_at=at,
        submission_path=None if submission is None else str(submission),
        graded_by=by,
        message=message,
    )


def aggregate(reports: Sequence[CompetitionReport]) -> dict[str, Any]:
    """The grading report as `mlebench grade` writes it."""
    sums = {
        "total_runs": len(reports),
        "total_runs_with_submissions": sum(r.submission_exists for r in reports),
        "total_valid_submissions": sum(r.valid_submission for r in reports),
        "total_medals": sum(r.any_medal for r in reports),
        "total_gold_medals": sum(r.gold_medal for r in reports),
        "total_silver_medals": sum(r.silver_medal for r in reports),
        "total_bronze_medals": sum(r.bronze_medal for r in reports),
        "total_above_median": sum(r.above_median for r in reports),
    }
    return {**sums, "competition_reports": [to_json(report) for report in reports]}


def submissions_jsonl(submissions: Mapping[str, Path | None]) -> str:
    """A line a competition, as `mlebench grade --submission` reads them; null where there is no submission."""
    lines = [
        json.dumps({"competition_id": id_, "submission_path": None if path is None else str(path)})
        for id_, path in submissions.items()
    ]
    return "".join(f"{line}\n" for line in lines)


__all__ = ["CompetitionReport", "aggregate", "judged", "submissions_jsonl"]
