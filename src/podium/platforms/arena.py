"""A contest of our own on this machine: answers hidden in `private/`, files for contestants in `public/`.

    <contest>/public/    description.md  train.csv  test.csv  sample_submission.csv
    <contest>/private/   answers.csv (id, targets, split: public or private)   contest.json   submissions.jsonl

A contestant is told the public score of what it sent; the private score is for the end, by `grade`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import metrics, tasks
from podium.errors import IntakeError, InvalidPredictions, Refused, UserError
from podium.platforms.platform import Quota, RemoteSubmission
from podium.records import Competition, from_json, to_json

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Contest:
    """What the host fixes: how submissions are read and scored, and how many a day are taken."""

    title: str
    competition: Competition
    quota: int | None = None


def create(
    folder: Path,
    frame: pl.DataFrame,
    *,
    title: str,
    target: str,
    metric: str,
    task_type: str,
    about: str = "",
    test_share: float = 0.25,
    public_share: float = 0.3,
    quota: int | None = None,
    seed: int = 0,
) -> Path:
    """Make a contest from a labelled frame; rows are dealt at random. Returns the public folder.

    Raises UserError for a target that is not there or holds nulls.
    """
    import polars as pl

    if target not in frame.columns or frame[target].null_count():
        raise UserError(
            f"no usable target {target!r}",
            expected=f"one of {', '.join(frame.columns)}, without nulls",
            remedy="pass --target",
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(frame.height)
    frame = (
        frame[order]
        .with_columns(pl.Series("id", np.arange(frame.height)), pl.col(target))
        .select("id", pl.exclude("id", target), target)
    )
    n_test = round(frame.height * test_share)
    test, train = frame.head(n_test), frame.tail(frame.height - n_test)
    labels = tuple(sorted(str(v) for v in train[target].unique().to_list())) if "classification" in task_type else ()
    probability = metrics.get(metric).needs in ("probability", "score") and bool(labels)
    matrix = probability and len(labels) > 2
    columns = ("id", *labels) if matrix else ("id", target)
    competition = Competition(
        competition=folder.name,
        data_dir=str(folder / "public"),
        task_type=task_type,
        metric=metric,
        metric_direction=metrics.get(metric).direction,
        target_columns=(target,),
        id_column="id",
        submission_columns=columns,
        submission_kind="probability" if probability else ("label" if labels else "value"),
        classes=labels,
    )
    _write_public(folder / "public", train, test, competition, title, about)
    _write_private(
        folder / "private", test, target, Contest(title, competition, quota), rng.random(n_test) < public_share
    )
    return folder / "public"


def _write_public(
    folder: Path, train: pl.DataFrame, test: pl.DataFrame, competition: Competition, title: str, about: str
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = competition.target_columns[0]
    train.write_csv(folder / "train.csv")
    test.drop(target).write_csv(folder / "test.csv")
    task = tasks.for_competition(competition)
    truth = task.encode(_labels(train, competition))
    decided = task.decide(task.baseline(truth, test.height), {})
    task.write(decided, test["id"]).write_csv(folder / "sample_submission.csv")
    described = metrics.get(competition.metric)
    text = [
        f"# {title}", about, "## Target", f"`{target}`", "## Metric", f"**{described.title}** ({competition.metric})",
        "## Submission", f"A CSV with the header `{','.join(competition.submission_columns)}`, one row for each test row.",
    ]  # fmt: skip
    (folder / "description.md").write_text("\n\n".join(part for part in text if part) + "\n")


def _write_private(folder: Path, test: pl.DataFrame, target: str, contest: Contest, public: Any) -> None:
    import polars as pl

    folder.mkdir(parents=True, exist_ok=True)
    split = pl.Series("split", np.where(public, "public", "private"))
    test.select("id", target).with_columns(split).write_csv(folder / "answers.csv")
    (folder / "contest.json").write_text(json.dumps(to_json(contest), indent=1))


def grade(contest: Path, submission: Path, split: str | None = "private") -> float:
    """The score of a submission file on one split (None: all test rows). Raises InvalidPredictions, never says why an
    answer is wrong: only schema and ids are told."""
    import polars as pl

    held = from_json(Contest, json.loads((contest / "private" / "contest.json").read_text()))
    competition = held.competition
    task = tasks.for_competition(competition)
    answers = pl.read_csv(contest / "private" / "answers.csv")
    try:
        frame = pl.read_csv(submission, infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeError) as problem:
        raise InvalidPredictions("expected a CSV file in UTF-8") from problem
    if frame.columns != list(competition.submission_columns):
        raise InvalidPredictions(f"expected the header {','.join(competition.submission_columns)}")
    if frame["id"].n_unique() != frame.height or set(frame["id"]) != set(answers["id"]):
        raise InvalidPredictions(f"expected each of the {answers.height} test ids once")
    frame = answers.select("id", "split").join(  # the ids are equal as numbers, maybe not as types
        frame.with_columns(pl.col("id").cast(answers["id"].dtype)), on="id", how="left", maintain_order="left"
    )
    keep = np.ones(frame.height, dtype=bool) if split is None else (answers["split"] == split).to_numpy()
    truth = task.encode(_labels(answers, competition))
    return task.score(truth[keep], _decided(frame, competition, task)[keep])


def _labels(frame: pl.DataFrame, competition: Competition) -> pl.DataFrame:
    import polars as pl

    kind = pl.String if competition.classes else pl.Float64
    return frame.select(pl.col(list(competition.target_columns)).cast(kind))


def _decided(frame: pl.DataFrame, competition: Competition, task: tasks.Task) -> Any:
    import polars as pl

    columns = list(competition.submission_columns[1:])
    try:
        if competition.submission_kind == "label":
            return task.encode(_labels(frame.rename({columns[0]: competition.target_columns[0]}), competition))
        values = frame.select(columns).to_numpy().astype(np.float64)
    except (IntakeError, TypeError, ValueError, pl.exceptions.PolarsError) as problem:
        raise InvalidPredictions("expected labels as spelled in train, or numbers") from problem
    if not np.isfinite(values).all():
        raise InvalidPredictions("expected finite numbers")
    return values


class LocalArena:
    """The contest as a platform: quota a day in UTC, public scores at once. Passes the platform conformance suite."""

    name = "arena"
    has_list = True

    def __init__(self, contest: Path) -> None:
        self._contest = contest
        self._log = contest / "private" / "submissions.jsonl"
        self._held = from_json(Contest, json.loads((contest / "private" / "contest.json").read_text()))

    def fetch(self, into: Path) -> Path:
        return self._contest / "public"

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        quota = self.quota()
        if quota is not None and quota.left <= 0:
            raise Refused(f"the quota of {self._held.quota} submissions a day is used up; it is renewed at 0:00 UTC")
        score = grade(self._contest, file, "public")
        remote = RemoteSubmission(tag, tag, datetime.now(UTC).isoformat(), "complete", public_score=score)
        with self._log.open("a") as log:
            log.write(json.dumps({**to_json(remote), "message": message}) + "\n")
        return remote

    def submissions(self) -> list[RemoteSubmission]:
        if not self._log.exists():
            return []
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [from_json(RemoteSubmission, {k: v for k, v in line.items() if k != "message"}) for line in lines]

    def quota(self) -> Quota | None:
        if self._held.quota is None:
            return None
        today = datetime.now(UTC).date()
        made = sum(remote.at.startswith(today.isoformat()) for remote in self.submissions())
        tomorrow = datetime.combine(today + timedelta(days=1), time(), UTC)
        return Quota(self._held.quota - made, tomorrow.isoformat())

    def select(self, ids: Sequence[str]) -> bool:
        return False

    def leaderboard(self) -> list[tuple[str, float]]:
        better = max if self._held.competition.metric_direction == "higher" else min
        scores = [s.public_score for s in self.submissions() if s.public_score is not None]
        return [("you", better(scores))] if scores else []
