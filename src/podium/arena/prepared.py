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
from numpy.typing import NDArray

from podium import tasks
from podium.arena import contest as noun
from podium.arena import sheets
from podium.arena.contest import SPLIT, Contest
from podium.arena.dealing import public_part
from podium.arena.making import Terms, keep_metric
from podium.arena.sheets import Sheet
from podium.competition.intake import intake
from podium.competition.table import format_of, read_table
from podium.errors import IntakeError, Unplayable, UserError

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
    found = intake(home / "public", overrides)
    played = tasks.TASKS.get(found.task_type)  # scoring sees no inputs: any that such a task reads will do
    competition = replace(found, data_dir="", inputs=found.inputs if played is None else played.inputs[:1])
    why = tasks.obstacle(competition) or sheets.obstacle(competition)
    if why:
        raise Unplayable(competition, why)
    sheet = sheets.sheet_of(competition)
    answers = _answers(home, sheet)
    sheet.truth(answers)  # what does not fit is told now
    public_rows = _public(sheet, answers, terms)
    contest = Contest(
        terms.title or competition.competition, competition, terms.quota, terms.deadline,
        terms.rules, terms.final_selections, terms.max_bytes,
    )  # fmt: skip
    _copy(home / "public", public)
    noun.write(private, contest)
    keep_metric(competition.metric, private)
    split = pl.Series(contest.split_key, np.where(public_rows, "public", "private"))
    answers.with_columns(split).write_csv(private / noun.ANSWERS)
    return contest


def _answers(home: Path, sheet: Sheet) -> pl.DataFrame:
    """The answers of all test rows, as they are kept."""
    competition, folder = sheet.competition, home / "private"
    tables = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if format_of(path.name))
    texts = [*sheet.keys, *(competition.target_columns if competition.classes else [])]
    for ref in tables:
        read = read_table(folder, ref, all_text=True) if sheet.spelled else read_table(folder, ref, texts)
        kept = sheet.hidden(read.frame, home / "public")
        if kept is not None:
            return _usable(kept, sheet, ref)
    raise UserError(
        "no table with the answers",
        expected=f"columns {', '.join(competition.submission_columns[:8])}",
        found=", ".join(tables[:8]) or "no table in private/",
        remedy="put the answers there as a CSV file",
    )


def _usable(kept: pl.DataFrame, sheet: Sheet, ref: str) -> pl.DataFrame:
    if SPLIT in kept.columns:
        raise UserError(f"a column of the answers cannot be called {SPLIT!r}", remedy="rename it")
    if sheet.once and kept.select(sheet.keys).n_unique() != kept.height:
        raise IntakeError(f"private/{ref} names a test row twice", remedy="correct the answers")
    return kept


def _public(sheet: Sheet, answers: pl.DataFrame, terms: Terms) -> NDArray[np.bool_]:
    """Of each row, whether its unit is public."""
    whose = sheet.together(answers).cast(pl.String).fill_null("")
    units = whose.unique(maintain_order=True)
    strata = sheet.strata(answers) if len(units) == answers.height else None
    shown = public_part(len(units), terms.public_share, terms.seed, strata)
    return whose.is_in(units.filter(pl.Series(shown)).to_list()).to_numpy()


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
