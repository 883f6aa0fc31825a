"""Intake: from a folder of files to a `Competition`, each value with its evidence, or one clear refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from podium.competition import description as prose
from podium.competition import relation, unsupported
from podium.competition.config import NAME, Config, load_config, names
from podium.competition.folder import TableFiles, choose_tables, find_description, look
from podium.competition.question import Question, find_metric, find_question
from podium.competition.source import Source, read_source
from podium.competition.splitting import FOLDS, Split, find_split
from podium.competition.table import format_of
from podium.competition.target import Target, find_id, find_target
from podium.errors import IntakeError
from podium.records import Competition, Evidence

NOTHING: Mapping[str, str] = MappingProxyType({})
LONGEST_DESCRIPTION = 200_000  # characters kept in the record


def intake(path: Path, overrides: Mapping[str, str] = NOTHING) -> Competition:
    """The competition in the folder `path` (or of a file inside it). `overrides` are config.json's keys, as strings.

    Nothing is written. Raises IntakeError: what is missing, broken, contradictory, ambiguous or of a kind not built yet;
    the line names what was expected, what was found and the flag or key that settles it.
    """
    home, config = _open(path, overrides)
    folder = _data_folder(home, config)
    contents = look(folder)
    reference = find_description(contents) or find_description_at(home, folder)
    text = prose.read_description(*_split_reference(home, folder, reference)) if reference else ""
    asked = unsupported.task_type_asked(str(config.get("task_type", "")))
    unsupported.refuse_without_tables(contents, text, asked)
    files = choose_tables(contents, {k: str(v) for k, v in config.items() if k.endswith("_file")})
    source = read_source(folder, files, names(config.get("id_column")))
    unsupported.refuse_by_tables(contents, text, source.train, source.test, source.sample, asked)
    check_rows(source.train.height, int(config.get("cv_folds", FOLDS)))
    id_column, id_evidence = find_id(source, config)
    check_ids(source, id_column)
    target = find_target(source, id_column, config, text)
    if not asked:
        for name in target.columns:
            unsupported.refuse_text_target(name, source.train)
    metric, metric_evidence = find_metric(config, text)
    question = find_question(source, target, metric, id_column, config, text)
    check_columns(source, target, id_column)
    split = find_split(source, target, question, id_column, config, text)
    evidence = {
        "id_column": id_evidence,
        "target_column": target.evidence,
        "metric": metric_evidence,
        "metric_direction": Evidence(metric.direction, f"{metric.title}: {metric.direction} is better", 1.0),
        "task_type": question.evidence,
        **split.evidence,
        **_evidence_of_files(files, source),
    }
    return _competition(home, folder, config, files, source, id_column, target, question, split, metric.name, metric.direction,
                        text, evidence)  # fmt: skip


# ---------------------------------------------------------------- where things are


def _open(path: Path, overrides: Mapping[str, str]) -> tuple[Path, Config]:
    path = path.expanduser().absolute()
    if not path.exists():
        raise IntakeError(f"no such folder: {path}", expected="a competition's data", remedy="check the path")
    if path.is_dir():
        return path, load_config(path, overrides)
    home = path.parent
    if path.name == NAME or path.suffix.lower() in prose.SUFFIXES:
        return home, load_config(home, overrides)
    if format_of(path.name):
        return home, load_config(home, {"train_file": path.name, **overrides} if "train" in path.name else overrides)
    raise IntakeError(f"{path} is no competition", expected="a folder, its config.json or its train table")


def _data_folder(home: Path, config: Config) -> Path:
    for key in ("data_dir", "competition_dir"):
        if config.get(key):
            folder = Path(home, str(config[key])).absolute()
            if not folder.is_dir():
                raise IntakeError(
                    f"no such folder: {folder}",
                    expected=f"{key} of {home / NAME}",
                    remedy=f"correct {key}; it is relative to config.json",
                )
            return Path(folder.resolve())
    return home


def find_description_at(home: Path, folder: Path) -> str:
    """A description beside config.json, where the data lie elsewhere."""
    return find_description(look(home)) if home != folder and home.is_dir() else ""


def _split_reference(home: Path, folder: Path, reference: str) -> tuple[Path, str]:
    return (folder, reference) if (folder / reference).exists() else (home, reference)


def _knowledge(home: Path, config: Config) -> tuple[str, ...]:
    files = names(config.get("knowledge_files"))
    for name in files:
        if not (home / name).is_file():
            raise IntakeError(
                f"no knowledge file {name}",
                expected=f"a file below {home}",
                remedy="correct knowledge_files in config.json",
            )
    return tuple(str((home / name).resolve()) for name in files)


# ---------------------------------------------------------------- checks between the tables


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
        _check_same(source.sample[id_column], source.test[id_column].cast(pl.String))


def _check_unique(which: str, ids: pl.Series) -> None:
    if ids.null_count():
        raise IntakeError(f"{ids.name!r} is empty in {ids.null_count()} rows of {which}", expected="an id in every row")
    if ids.n_unique() < len(ids):
        twice = ids.filter(ids.is_duplicated())[0]
        raise IntakeError(
            f"duplicate ids in {which}",
            expected=f"one row for each {ids.name}",
            found=f"{twice!r} more than once",
            remedy="drop the copies",
        )


def _check_same(asked: pl.Series, given: pl.Series) -> None:
    lost = asked.filter(~asked.is_in(given.implode()))
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
            remedy="download both again: they are of different versions",
        )


def check_columns(source: Source, target: Target, id_column: str | None) -> None:
    """Test has no feature that train lacks, train has rows enough, and a feature is left to learn from."""
    train = [c for c in source.train.columns if c not in target.columns and c != id_column]
    alien = [c for c in source.test.columns if c not in source.train.columns and c != id_column]
    if alien:
        raise IntakeError(
            f"test has column {alien[0]!r} that train lacks",
            expected="the features of train: " + ", ".join(train[:12]),
            found=", ".join(alien[:12]),
            remedy="drop it from test, or name the right tables with `train_file` and `test_file`",
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


# ---------------------------------------------------------------- the record


def _evidence_of_files(files: TableFiles, source: Source) -> dict[str, Evidence]:
    sizes = {"train_file": source.train.height, "test_file": source.test.height}
    found = {
        key: Evidence(ref, f"named like it, {sizes[key]:,} rows", 0.97)
        for key, ref in (("train_file", files.train), ("test_file", files.test))
    }
    if files.sample:
        found["sample_file"] = Evidence(files.sample, "named like it", 0.97)
    for at, notice in enumerate(source.notices):
        found[f"notice_{at + 1}"] = Evidence("", notice, 1.0)
    return found


def _submission_columns(source: Source, id_column: str | None, target: Target, question: Question) -> tuple[str, ...]:
    if source.sample is not None:
        return tuple(source.sample.columns)
    many = question.submission_kind == "probability" and len(question.classes) > 2
    answers = question.classes if many else target.columns
    return (*((id_column,) if id_column else ()), *answers)


def _slug(home: Path, config: Config, text: str) -> tuple[str, Evidence]:
    if config.get("competition"):
        return str(config["competition"]), Evidence(str(config["competition"]), "config.json or a flag says so", 1.0)
    link = re.search(r"kaggle\.com/(?:competitions|c)/([a-z0-9][a-z0-9-]+)", text)
    plain = home.parent if home.name.lower() in ("public", "data", "input", "files", "dataset") else home
    slug = re.sub(r"[^a-z0-9]+", "-", plain.name.lower()).strip("-") or "competition"
    if link and link.group(1) == slug:
        return slug, Evidence(slug, "the folder's name, and a link in the description", 0.99)
    return slug, Evidence(slug, "the folder's name", 0.8)


def _competition(
    home: Path, folder: Path, config: Config, files: TableFiles, source: Source, id_column: str | None, target: Target,
    question: Question, split: Split, metric: str, direction: Any, text: str, evidence: dict[str, Evidence],
) -> Competition:  # fmt: skip
    slug, slug_evidence = _slug(home, config, text)
    label_side = tuple(c for c in source.train_only if c not in target.columns and c != id_column)
    evidence["competition"] = slug_evidence
    if label_side:
        evidence["label_side_columns"] = Evidence(
            ", ".join(label_side), "train has them and test does not; never a feature", 1.0
        )
    deadline = config.get("deadline") or prose.deadline(text)
    quota = config.get("max_submissions_per_day")
    quota = prose.quota(text) if quota is None else quota
    evidence["submission_kind"] = Evidence(question.submission_kind, f"what {metric} is computed from", 0.95)
    return Competition(
        competition=slug,
        data_dir=str(folder),
        task_type=question.task_type,
        metric=metric,
        metric_direction=direction,
        target_columns=target.columns,
        id_column=id_column,
        submission_columns=_submission_columns(source, id_column, target, question),
        submission_kind=question.submission_kind,
        classes=question.classes,
        train_file=files.train,
        test_file=files.test,
        sample_file=files.sample,
        group_column=split.group_column,
        time_column=split.time_column,
        label_side_columns=label_side,
        cv_strategy=split.strategy,
        cv_folds=split.folds,
        deadline=deadline,
        max_submissions_per_day=quota,
        knowledge_files=_knowledge(home, config),
        description=text[:LONGEST_DESCRIPTION],
        evidence=evidence,
    )
