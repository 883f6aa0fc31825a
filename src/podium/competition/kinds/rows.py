"""Rows to be classified or regressed: of a table, or files. What every competition is that no other kind claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from podium.competition import attached
from podium.competition.answer import Question
from podium.competition.checks import check_columns, check_ids, check_rows
from podium.competition.folder import TableFiles
from podium.competition.keys import key_name, keyed
from podium.competition.kinds import file_rows
from podium.competition.kinds.clues import MEDIA, Clues
from podium.competition.kinds.reading import Reading
from podium.competition.label_cells import FORM, columns_of
from podium.competition.question import find_question
from podium.competition.scoring import Scoring, check_users_metric, find_scoring
from podium.competition.source import Source
from podium.competition.splitting import FOLDS, find_split
from podium.competition.target import Target, find_id, find_target
from podium.records import Evidence


def read(clues: Clues) -> tuple[Reading, Scoring]:
    """What the rows ask, and how it is scored. Raises IntakeError: see `podium.competition.intake`."""
    source, files, notes = _source(clues)
    config, text = clues.config, clues.text
    check_rows(source.train.height, int(config.get("cv_folds", FOLDS)))
    header = tuple(source.sample.columns) if source.sample is not None else ()
    ids, id_evidence = find_id(source, config)
    shipped, source, id_column = source, keyed(source, ids), key_name(ids) or None
    check_ids(source, id_column)
    target = find_target(source, id_column, config, text)
    scoring = find_scoring(config, text, source, target)
    question = find_question(source, target, scoring.metric, id_column, config, text)
    check_users_metric(scoring, source, target, question)
    inputs, told = _inputs(clues, source, id_column, target)
    if "table" in inputs:
        check_columns(source, target, id_column)
    several = len(ids) > 1  # then each of them may tell of groups or time, their joint name never
    split = find_split(
        *((shipped, target, question, None) if several else (source, target, question, id_column)), config, text
    )
    evidence = {"id_column": id_evidence, "target_column": target.evidence, **split.evidence}
    evidence |= {"inputs": told, **_classes(question)}
    for at, note in enumerate(notes):
        evidence[f"files_{at + 1}"] = Evidence("", note, 0.9)
    columns, classes, name = _answers(source, target, question)
    return Reading(
        question.task_type, question.evidence.why, question.evidence.confidence, columns, tuple(ids),
        header or _header(ids, target, question), question.submission_kind, evidence, inputs=inputs,
        target_name=name, classes=classes, files=files, group_column=split.group_column, time_column=split.time_column,
        label_side_columns=tuple(c for c in source.train_only if c not in target.columns and c != id_column),
        cv_strategy=split.strategy, cv_folds=split.folds, cv_gap=split.gap, cv_horizon=split.horizon, notices=source.notices,
    ), scoring  # fmt: skip


def _answers(source: Source, target: Target, question: Question) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Target columns, classes and the answer's name: where cells list labels, a 0/1 column of each is a target."""
    if question.sets is None:
        return target.columns, question.classes, ""
    cell = target.columns[0]
    return columns_of(question.classes, cell, {*source.train.columns, *source.test.columns}), (), cell


def _classes(question: Question) -> dict[str, Evidence]:
    """How the classes are spelled, and which of two a cell's probability is of; how cells list several."""
    if not question.classes:
        return {}
    if question.sets is not None:
        return {FORM: question.sets.form.evidence(question.sets.example)}
    shown = ", ".join(question.classes[:12])
    why = "labels of train, as spelled"
    if question.form is not None:
        example = question.form.join(question.classes[:3])
        return {"classes": Evidence(shown, why, 0.95), FORM: question.form.evidence(example)}
    if len(question.classes) == 2 and question.submission_kind == "probability":
        why += f"; a cell holds the probability of {question.classes[1]!r}"
    return {"classes": Evidence(shown, why, 0.95)}


def _source(clues: Clues) -> tuple[Source, TableFiles, tuple[str, ...]]:
    """Tables as shipped; rows of files where train or test has no table and there are files enough."""
    if clues.media and not (clues.files.train and clues.files.test):
        return file_rows.source(clues)
    files = clues.plain  # raises where one is missing
    assert clues.source is not None
    return clues.source, replace(files, one_in=clues.source.one_in), ()


def _inputs(clues: Clues, source: Source, id_column: str | None, target: Target) -> tuple[tuple[str, ...], Evidence]:
    """What a row's features are: columns of the table, files that its id or a path names, or both."""
    found = attached.find_files(clues.contents, source.train, source.test, id_column)
    paths = {f.name for f in found}
    features = [
        c for c in source.test.columns
        if c in source.train.columns and c != id_column and c not in target.columns and c not in paths and not _is_path(source, c)
    ]  # fmt: skip
    kinds = list(dict.fromkeys(kind for f in found if (kind := _kind([r for r in f.refs if r]))))
    if not features and not kinds:
        kinds = list(clues.media)
    if not kinds:
        return ("table",), Evidence("table", f"{len(features)} columns that train and test share", 0.98)
    table = ("table",) if features else ()
    columns = f"{len(features)} columns of the table and " if features else ""
    why = f"a row's features are {columns}files: " + ", ".join(_example(clues, kind) for kind in kinds)
    return (*table, *kinds), Evidence(", ".join((*table, *kinds)), why, 0.95)


def _kind(refs: Sequence[str]) -> str:
    suffix = PurePosixPath(refs[0]).suffix.lower() if refs else ""
    return next((kind for kind, suffixes in MEDIA if suffix in suffixes), "file" if refs else "")


def _example(clues: Clues, kind: str) -> str:
    refs = clues.media.get(kind)
    return f"{len(refs):,} like {refs[0]}" if refs else kind


def _is_path(source: Source, name: str) -> bool:
    """A column of file names, though not every file was found."""
    series = source.test[name]
    suffixes = "|".join(s[1:] for _, kinds in MEDIA for s in kinds)
    return series.dtype == pl.String and bool(series.drop_nulls().head(50).str.contains(rf"(?i)\.({suffixes})$").all())


def _header(ids: Sequence[str], target: Target, question: Question) -> tuple[str, ...]:
    """Where there is no sample submission: the id, then a column for each class or target."""
    many = question.submission_kind == "probability" and len(question.classes) > 2
    return (*ids, *(question.classes if many else target.columns))
