"""One submission graded, for a process that no campaign shares: by the competition's own `grade.py`, else by its metric.

MLE-bench's graders are code a competition and come with its harness; `submissions.jsonl` is for them. What is here
grades where that harness is not: `grade.py SUBMISSION` beside the competition, which prints JSON with `score` and `valid`,
or the metric that intake found in the public files, over the answers in `private/`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import tasks
from podium.competition.keys import with_key
from podium.errors import PodiumError, UserError
from podium.platforms.mlebench.medals import known
from podium.platforms.mlebench.prepared import Prepared
from podium.platforms.mlebench.report import CompetitionReport, judged
from podium.records import Competition
from podium.tasks.sheet import answer_columns

if TYPE_CHECKING:
    import polars as pl

GRADER = "grade.py"
TIMEOUT_S = 1800


def grade(
    prepared: Prepared, submission: Path | None, competition: Competition | None, leaderboards: Path | None = None
) -> CompetitionReport:
    """The report of one submission (None: there is none). `competition`: as intake understood the public files.

    A submission that cannot be graded is reported as not valid, with why; no exception is a submission's fault."""
    thresholds = known(prepared, leaderboards)
    score: float | None = None
    by, message = "", "no submission"
    if submission is not None:
        by = GRADER if (prepared.home / GRADER).is_file() else "metric"
        try:
            score, message = _score(prepared, submission, competition)
        except PodiumError as problem:
            message = str(problem)
    at = datetime.now().isoformat(timespec="seconds")
    return judged(prepared.id, submission, score, thresholds, at, by, message)


def _score(prepared: Prepared, submission: Path, competition: Competition | None) -> tuple[float | None, str]:
    if (prepared.home / GRADER).is_file():
        return _own(prepared.home / GRADER, submission)
    if competition is None:
        raise UserError(
            "the metric is not known", expected=f"a {GRADER}, or a campaign that understood the competition"
        )
    return by_metric(prepared.private, submission, competition), ""


def _own(grader: Path, submission: Path) -> tuple[float | None, str]:
    """The competition's own grader, in its folder."""
    done = subprocess.run(
        [sys.executable, grader.name, str(submission.resolve())], cwd=grader.parent, capture_output=True, text=True,
        check=False, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
        score = float(told["score"]) if told["valid"] else None
    except (ValueError, LookupError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it printed no JSON"])[-1]
        raise UserError(f"{grader} failed", expected="JSON with score and valid", found=last[:200]) from None
    return score, str(told.get("error", ""))


def by_metric(private: Path, submission: Path, competition: Competition) -> float:
    """The competition's metric of a submission over the answers. Raises UserError, InvalidPredictions, IntakeError."""
    import polars as pl

    if not tasks.scored_alone(competition):
        kind = competition.task_type.replace("_", " ")
        raise UserError(
            f"a {kind} is not scored from its sheet alone", remedy="put its grade.py beside public and private"
        )
    task = tasks.for_competition(competition)
    answers = _answers(private, competition)
    sheet = _read(submission)
    if list(sheet.columns) != list(competition.submission_columns):
        raise UserError(
            "the submission has another header", expected=", ".join(competition.submission_columns),
            found=", ".join(sheet.columns),
        )  # fmt: skip
    key = competition.id_column
    sheet, answers = with_key(sheet, competition.id_columns), with_key(answers, competition.id_columns)
    if key is not None and key in sheet.columns and key in answers.columns:
        if sheet[key].n_unique() != sheet.height or set(sheet[key]) != set(answers[key]):
            raise UserError(
                "the submission has other ids than the answers", expected=f"{answers.height} ids, each once"
            )
        sheet = answers.select(pl.col(key)).join(sheet, on=key, how="left", maintain_order="left")
    elif sheet.height != answers.height:
        raise UserError(
            "the submission has other rows than the answers", expected=f"{answers.height}", found=f"{sheet.height}"
        )
    one = competition.submission_kind == "label" and competition.task_type != "multilabel_classification"
    columns = answer_columns(competition, 1 if one else task.n_outputs())
    return task.score(_truth(answers, competition, task, columns), _decided(sheet, competition, task, columns))


def _answers(private: Path, competition: Competition) -> pl.DataFrame:
    """The table of `private/` that has the targets, else the submission's own columns."""
    wanted: Sequence[Sequence[str]] = (competition.target_columns, competition.submission_columns)
    tables = [_read(file) for file in sorted(private.glob("*.csv"))]
    for names in wanted:
        for table in tables:
            if all(name in table.columns for name in names):
                return table
    raise UserError(f"no answers in {private}", expected=f"a CSV with {', '.join(competition.target_columns)}")


def _read(file: Path) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_csv(file, infer_schema=False)
    except (OSError, UnicodeError, pl.exceptions.PolarsError) as problem:
        first = (str(problem).splitlines() or ["unreadable"])[0]
        raise UserError(f"{file.name} cannot be read", expected="CSV in UTF-8", found=first[:160]) from problem


def _truth(answers: pl.DataFrame, competition: Competition, task: tasks.Task, columns: Sequence[str]) -> NDArray[Any]:
    import polars as pl

    targets = list(competition.target_columns)
    if all(name in answers.columns for name in targets):
        kind = pl.String if competition.classes else pl.Float64
        return task.encode(answers.select(pl.col(targets).cast(kind)))
    return np.asarray(_numbers(answers, columns).argmax(axis=1))  # a column a class, 1 in the true one


def _decided(sheet: pl.DataFrame, competition: Competition, task: tasks.Task, columns: Sequence[str]) -> NDArray[Any]:
    import polars as pl

    if competition.submission_kind == "label":
        named = sheet.select(pl.col(columns[0]).alias(competition.target_columns[0]))
        return task.encode(named)
    return _numbers(sheet, columns)


def _numbers(frame: pl.DataFrame, columns: Sequence[str]) -> NDArray[np.float64]:
    import polars as pl

    values = frame.select(pl.col(list(columns)).cast(pl.Float64, strict=False)).to_numpy()
    if not np.isfinite(values).all():
        raise UserError("the submission holds what is no finite number", expected=f"numbers in {', '.join(columns)}")
    return np.asarray(values, dtype=np.float64)


__all__ = ["by_metric", "grade"]
