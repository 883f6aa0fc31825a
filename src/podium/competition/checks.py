"""What must agree between train, test and sample submission."""

from __future__ import annotations

import polars as pl

from podium.competition import relation
from podium.competition.keys import JOINT
from podium.competition.source import Source
from podium.competition.target import Target
from podium.errors import IntakeError


def check_ids(source: Source, id_column: str | None) -> None:
    """Ids are there, unique, and the sample's are test's."""
    if id_column is None or id_column not in source.test.columns:
        if source.sample is not None and source.sample.height != source.test.height:
            raise IntakeError(
                "the sample submission disagrees with test",
                expected=f"{source.test.height} rows",
                found=str(source.sample.height),
                remedy="download them again, or name the id with `--id`",
            )
        return
    for which, frame in (("test", source.test), ("train", source.train)):
        if id_column in frame.columns:
            _check_unique(which, frame[id_column])
    if source.sample is not None and id_column in source.sample.columns:
        known = source.train[id_column].cast(pl.String) if id_column in source.train.columns else None
        _check_same(source.sample[id_column], source.test[id_column].cast(pl.String), known)


def _check_unique(which: str, ids: pl.Series) -> None:
    if ids.null_count():
        raise IntakeError(f"{ids.name!r} is empty in {ids.null_count()} rows of {which}", expected="an id in every row")
    if ids.n_unique() < len(ids):
        twice = str(ids.filter(ids.is_duplicated())[0])
        raise IntakeError(
            f"duplicate ids in {which}",
            expected=f"one row for each {ids.name}",
            found=f"{twice.replace(JOINT, ' and ')!r} more than once",
            remedy="drop the copies"
            if ids.n_unique() > 0.9 * len(ids)
            else "name all columns that name a row with `--id A,B`, or set `task_type` if rows are boxes, events or the like",
        )


def _check_same(asked: pl.Series, given: pl.Series, trained: pl.Series | None) -> None:
    lost = asked.filter(~asked.is_in(given.implode()))
    if trained is not None and len(lost) == len(asked) > 0 and asked.is_in(trained.implode()).all():
        raise IntakeError(
            "the sample submission asks for train's rows, and for none of test's",
            expected=f"test's {given.name}",
            found=f"{asked[0]!r}, which is in train",
            remedy="check that train and test are not mixed up, or name them with `train_file` and `test_file`",
        )
    extra = given.filter(~given.is_in(asked.implode()))
    if len(lost) or len(extra) or len(asked) != len(given):
        which = (
            f"{len(lost)} ids test lacks (like {lost[0]!r})"
            if len(lost)
            else f"{len(given)} test rows, {len(asked)} in the sample"
        )
        raise IntakeError(
            "the sample submission disagrees with test",
            expected=f"the same {given.name} in both",
            found=which,
            remedy="download both again: they are of different versions"
            if len(lost)
            else "download both again; where the sample shows the form alone, move it away: every test row is then answered",
        )


def check_columns(source: Source, target: Target, id_column: str | None) -> None:
    """Test has no feature that train lacks, train has rows enough, and a feature is left to learn from."""
    train = [c for c in source.train.columns if c not in target.columns and c != id_column]
    alien = [c for c in source.test.columns if c not in source.train.columns and c != id_column]
    if alien:
        near = {c.strip().lower(): c for c in train if c not in source.test.columns}
        other = near.get(alien[0].strip().lower())
        raise IntakeError(
            f"test has column {alien[0]!r} that train lacks",
            expected="the features of train: " + ", ".join(train[:12]),
            found=", ".join(alien[:12]),
            remedy=f"train spells it {other!r}: rename one of them"
            if other
            else "drop it from test, or name the right tables with `train_file` and `test_file`",
        )
    structured = (
        id_column is not None
        and id_column in source.train.columns
        and id_column in source.test.columns
        and relation.id_is_feature(source.train[id_column], source.test[id_column])
    )
    if not structured and not [c for c in train if c in source.test.columns]:
        raise IntakeError(
            "train and test share no feature",
            expected="a column of both beside the id",
            found=", ".join(source.test.columns[:12]),
        )


def check_rows(n_train: int, folds: int) -> None:
    if n_train < max(2 * folds, 4):
        raise IntakeError(
            f"train has {n_train} row{'s' if n_train != 1 else ''}",
            expected=f"{2 * folds} at least for {folds} folds",
            remedy="check train, or lower `cv_folds`",
        )
