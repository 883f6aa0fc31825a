"""A contest from a competition that is prepared already, as MLE-bench does: `public/` for contestants, `private/` with answers.

What is asked (target, metric, header, classes) is read from the public files by Podium's own intake; the hidden table is
found by its columns: the submission's ids, and the targets or the submission's own answer columns.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from podium import tasks
from podium.arena import contest as noun
from podium.arena.contest import SPLIT, Contest
from podium.arena.dealing import public_part
from podium.arena.making import Terms, keep_metric, labels
from podium.competition.intake import intake
from podium.competition.table import format_of, read_table
from podium.errors import IntakeError, Unplayable, UserError
from podium.records import Competition
from podium.tasks import sheet

LOOSE_FILES = 50  # of a folder; more are offered as one archive


def make_prepared(source: Path, terms: Terms, overrides: Mapping[str, str], *, public: Path, private: Path) -> Contest:
    """Copy the public files and keep the answers apart. `overrides`: intake's keys, such as `metric`.

    Raises UserError: no such folders, answers that are not found or do not fit; Unplayable: a kind that is not scored here.
    """
    home = next((one for one in (source, source / "prepared") if (one / "public").is_dir()), None)
    if home is None or not (home / "private").is_dir():
        raise UserError(
            f"{source} is no prepared competition", expected="the folders public and private", remedy="check --from"
        )
    competition = replace(intake(home / "public", overrides), data_dir="", inputs=("table",))  # scoring sees no inputs
    why = tasks.obstacle(competition)
    if not why and competition.task_type not in tasks.ROWS:
        why = "the arena scores rows of numbers and labels"
    if why:
        raise Unplayable(competition, why)
    task = tasks.for_competition(competition)
    answers = _answers(home / "private", competition)
    truth = task.encode(labels(answers, competition))
    strata = truth.tolist() if competition.classes and truth.ndim == 1 else None
    shown = public_part(answers.height, terms.public_share, terms.seed, strata)
    contest = Contest(
        terms.title or competition.competition, competition, terms.quota, terms.deadline,
        terms.rules, terms.final_selections, terms.max_bytes,
    )  # fmt: skip
    _copy(home / "public", public)
    noun.write(private, contest)
    keep_metric(competition.metric, private)
    split = pl.Series(contest.split_key, np.where(shown, "public", "private"))
    answers.with_columns(split).write_csv(private / noun.ANSWERS)
    return contest


def _answers(folder: Path, competition: Competition) -> pl.DataFrame:
    """Ids and targets of all test rows, as train spells them."""
    tables = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if format_of(path.name))
    n_answers = _n_answers(competition)
    columns = sheet.answer_columns(competition, n_answers)
    keys = sheet.id_columns(competition, columns)
    targets = list(competition.target_columns)
    for ref in tables:
        frame = read_table(folder, ref, [*keys, *(targets if competition.classes else [])]).frame
        if not set(keys) <= set(frame.columns):
            continue
        if set(targets) <= set(frame.columns):
            return _usable(frame.select(*keys, *targets), keys, ref)
        if set(columns) <= set(frame.columns):
            return _usable(_from_sheet(frame, keys, columns, competition), keys, ref)
    raise UserError(
        "no table with the answers",
        expected=f"columns {', '.join([*keys, *targets])} (or {', '.join(columns[:5])})",
        found=", ".join(tables[:8]) or "no table in private/",
        remedy="put the answers there as a CSV file",
    )


def _n_answers(competition: Competition) -> int:
    if competition.task_type == "multiclass_classification" and competition.submission_kind == "probability":
        return len(competition.classes)
    return len(competition.target_columns)


def _from_sheet(frame: pl.DataFrame, keys: list[str], columns: list[str], competition: Competition) -> pl.DataFrame:
    """Answers given in the shape of a submission: a column a class (its 1 is the answer), or the targets by other names."""
    targets = competition.target_columns
    if len(columns) == len(targets):
        return frame.select(*keys, *(pl.col(have).alias(name) for have, name in zip(columns, targets, strict=True)))
    if len(columns) != len(competition.classes):
        raise UserError("the answers have neither a column a target nor one a class", found=", ".join(columns[:8]))
    codes = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy().argmax(axis=1)
    return frame.select(keys).with_columns(pl.Series(targets[0], [competition.classes[code] for code in codes]))


def _usable(answers: pl.DataFrame, keys: list[str], ref: str) -> pl.DataFrame:
    if SPLIT in answers.columns:
        raise UserError(f"a column of the answers cannot be called {SPLIT!r}", remedy="rename it")
    if answers.select(keys).n_unique() != answers.height:
        raise IntakeError(f"private/{ref} names a test row twice", remedy="correct the answers")
    return answers


def _copy(source: Path, target: Path) -> None:
    """Files as they are; a folder of many files becomes one archive. Symbolic links are left out."""
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_file():
            shutil.copyfile(path, target / path.name)
            continue
        files = sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        if len(files) <= LOOSE_FILES:
            for one in files:
                (target / one.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(one, target / one.relative_to(source))
            continue
        with zipfile.ZipFile(target / f"{path.name}.zip", "w", zipfile.ZIP_STORED) as archive:
            for one in files:
                archive.write(one, one.relative_to(source).as_posix())
