"""A contest from a labelled table: answers hidden in `private/`, files for contestants in `public/`.

public/    description.md  train.csv  test.csv  sample_submission.csv
private/   answers.csv (id, targets, split: public or private)   contest.json
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from podium import metrics, tasks
from podium.arena import contest as noun
from podium.arena.contest import SPLIT, Contest
from podium.arena.dealing import Dealt, deal
from podium.arena.sheets.rows import labels
from podium.errors import UserError
from podium.metrics import custom
from podium.records import Competition

MOST_CLASSES = 100  # a whole-numbered target with more values is taken for a quantity
FEW_VALUES = 20
OF_A_TABLE = (
    "binary_classification",
    "multiclass_classification",
    "multilabel_classification",
    "regression",
    "ordinal_regression",
)  # what a labelled table is split into; contests of other kinds are prepared in two folders


@dataclass(frozen=True)
class Terms:
    """What a host may say beside the table, target and metric."""

    title: str
    about: str = ""
    rules: str = ""
    test_share: float = 0.25
    public_share: float = 0.3
    quota: int | None = None
    deadline: str | None = None
    final_selections: int = 2
    max_bytes: int = field(default=Contest.max_bytes)
    id_column: str | None = None
    group: str | None = None
    time: str | None = None
    seed: int = 0


def create(
    folder: Path,
    frame: pl.DataFrame,
    *,
    title: str,
    target: str | Sequence[str],
    metric: str,
    task_type: str = "",
    about: str = "",
    test_share: float = 0.25,
    public_share: float = 0.3,
    quota: int | None = None,
    seed: int = 0,
) -> Path:
    """`make` in `folder/public` and `folder/private`, dealt at random. Returns the public folder."""
    terms = Terms(title, about, test_share=test_share, public_share=public_share, quota=quota, seed=seed)
    targets = (target,) if isinstance(target, str) else tuple(target)
    make(folder.name, frame, targets, metric, terms, task_type, public=folder / "public", private=folder / "private")
    return folder / "public"


def make(
    name: str,
    frame: pl.DataFrame,
    targets: Sequence[str],
    metric: str,
    terms: Terms,
    task_type: str = "",
    *,
    public: Path,
    private: Path,
) -> Contest:
    """Write both folders. Raises UserError: a column that is not there or has missing values, a metric of another kind."""
    frame = _usable(frame, targets)
    task_type = task_type or guess_task(frame, targets, metric)
    strata = (
        frame[targets[0]].to_list() if task_type in ("binary_classification", "multiclass_classification") else None
    )
    dealt = deal(
        frame, test_share=terms.test_share, public_share=terms.public_share, seed=terms.seed, group=terms.group,
        time=terms.time, strata=strata,
    )  # fmt: skip
    frame, id_ = _with_id(frame, dealt, terms.id_column, targets)
    train, test = frame[dealt.train], frame[dealt.test]
    competition = _competition(name, public, train, targets, metric, task_type, id_, terms)
    task = tasks.for_competition(competition)
    truth = task.encode(labels(train, competition))
    task.encode(labels(test, competition))  # a class that train lacks is told now, and not to each contestant
    contest = Contest(
        terms.title, competition, terms.quota, terms.deadline, terms.rules, terms.final_selections, terms.max_bytes
    )
    decided = task.decide(task.baseline(truth, test.height), {})
    _write_public(public, train, test, contest, terms.about, task.write(decided, test[id_]))
    split = pl.Series(contest.split_key, np.where(dealt.public, "public", "private"))
    noun.write(private, contest)
    keep_metric(competition.metric, private)
    test.select(id_, *targets).with_columns(split).write_csv(private / noun.ANSWERS)
    return contest


def guess_task(frame: pl.DataFrame, targets: Sequence[str], metric: str) -> str:
    """The kind of task that target and metric make likely; a host may say otherwise with `--task`."""
    column, asked = frame[targets[0]], metrics.get(metric)
    fits = [name for name in OF_A_TABLE if name in asked.task_types]
    whole = column.dtype.is_integer() or column.dtype == pl.Boolean
    classes = column.n_unique() if whole or column.dtype == pl.String else MOST_CLASSES + 1
    if len(targets) > 1:
        wanted = ["multilabel_classification" if whole else "regression", "multilabel_classification"]
    elif classes == 2:
        wanted = ["binary_classification", "multiclass_classification"]
    elif metric.endswith("qwk") or (column.dtype.is_numeric() and classes > FEW_VALUES):
        wanted = ["ordinal_regression" if classes <= FEW_VALUES else "regression", "regression"]
    else:
        wanted = ["multiclass_classification" if classes <= MOST_CLASSES else "regression", "regression"]
    found = [name for name in wanted if name in fits] or fits
    if not found:
        raise UserError(f"metric {metric!r} scores no task that can be hosted", remedy="name another with --metric")
    return found[0]


def keep_metric(metric: str, private: Path) -> None:
    """A host's own metric.py lies beside the answers: graders load it from there, and nobody else does."""
    if custom.is_users(metric):
        custom.keep(metric, private)


def _usable(frame: pl.DataFrame, targets: Sequence[str]) -> pl.DataFrame:
    for name in targets:
        if name not in frame.columns or frame[name].null_count():
            raise UserError(
                f"no usable target {name!r}",
                expected=f"one of {', '.join(frame.columns)}, without nulls",
                remedy="pass --target",
            )
    if frame.columns.count(SPLIT) and SPLIT in targets:
        raise UserError(f"a target cannot be called {SPLIT!r}", remedy="rename the column")
    return frame


def _with_id(
    frame: pl.DataFrame, dealt: Dealt, id_column: str | None, targets: Sequence[str]
) -> tuple[pl.DataFrame, str]:
    """The table with its id column first and its targets last; without one, numbers in the order rows were dealt."""
    if id_column is None:
        id_column = next(name for name in ("id", "row_id", "podium_id") if name not in frame.columns)
        number = np.empty(frame.height, dtype=np.int64)
        number[np.concatenate([dealt.test, dealt.train])] = np.arange(frame.height)
        frame = frame.with_columns(pl.Series(id_column, number))
    elif id_column not in frame.columns or frame[id_column].null_count() or not frame[id_column].is_unique().all():
        raise UserError(
            f"--id {id_column!r} does not name each row once", remedy="name a column of unique values, or leave it out"
        )
    if id_column == SPLIT or id_column in targets:
        raise UserError(f"--id cannot be {id_column!r}", remedy="name another column")
    return frame.select(id_column, pl.exclude(id_column, *targets), *targets), id_column


def _competition(
    name: str,
    public: Path,
    train: pl.DataFrame,
    targets: Sequence[str],
    metric: str,
    task_type: str,
    id_: str,
    terms: Terms,
) -> Competition:
    asked, target = metrics.get(metric), targets[0]
    classes: tuple[str, ...] = ()
    if task_type in ("binary_classification", "multiclass_classification", "ordinal_regression"):
        values = train[target].unique().to_list()
        classes = tuple(str(v) for v in _ordered(train[target], values, task_type))
    kind: str = "value"
    if task_type.endswith("classification"):
        kind = "probability" if asked.needs in ("probability", "score") else "label"
    elif task_type == "ordinal_regression" and asked.needs == "label":
        kind = "label"
    matrix = kind == "probability" and len(classes) > 2
    base = Competition(
        competition=name,
        data_dir=str(public),
        task_type=task_type,
        metric=asked.name,
        metric_direction=asked.direction,
        target_columns=tuple(targets),
        id_column=id_,
        submission_columns=(id_, *(classes if matrix else targets)),
        submission_kind="value",
        classes=classes,
        group_column=terms.group,
        time_column=terms.time,
        deadline=terms.deadline,
        max_submissions_per_day=terms.quota,
        metric_title=asked.title if custom.is_users(asked.name) else "",
    )
    return replace(base, submission_kind=kind)  # type: ignore[arg-type]


def _ordered(column: pl.Series, values: list[object], task_type: str) -> list[object]:
    """Classes as `labels` spells them, in the order of a submission's columns."""
    spelled = pl.Series(values, dtype=column.dtype).cast(pl.String).to_list()
    return sorted(spelled, key=float if task_type == "ordinal_regression" else None)


def _write_public(
    folder: Path, train: pl.DataFrame, test: pl.DataFrame, contest: Contest, about: str, sample: pl.DataFrame
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    competition = contest.competition
    train.write_csv(folder / "train.csv")
    test.drop(competition.target_columns).write_csv(folder / "test.csv")
    sample.write_csv(folder / "sample_submission.csv")
    described = metrics.get(competition.metric)
    asked = ", ".join(f"`{name}`" for name in competition.target_columns)
    header = ",".join(competition.submission_columns)
    text = [
        f"# {contest.title}", about, "## Target", asked, "## Metric", f"**{described.title}** ({competition.metric})",
        *_how_dealt(competition), "## Submission", f"A CSV with the header `{header}`, one row for each test row.",
        _which_class(competition),
    ]  # fmt: skip
    (folder / "description.md").write_text("\n\n".join(part for part in text if part) + "\n")


def _which_class(competition: Competition) -> str:
    """Of two classes whose names do not say it, the one whose probability is asked."""
    if competition.submission_kind != "probability" or len(competition.classes) != 2 or not competition.target_columns:
        return ""
    return f"`{competition.target_columns[0]}` is the probability of `{competition.classes[1]}`."


def _how_dealt(competition: Competition) -> list[str]:
    """How test differs from train, as an honest host says."""
    if competition.time_column:
        return ["## Split", f"Test rows are later than all of train, by `{competition.time_column}`."]
    if competition.group_column:
        return ["## Split", f"No `{competition.group_column}` of train is in test."]
    return []
