"""Intake: from a folder of files to a `Competition`, each value with its evidence, or one clear refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from podium.competition import description as prose
from podium.competition import kinds
from podium.competition.brought import apart, with_brought
from podium.competition.config import NAME, Config, load_config
from podium.competition.external_files import external_files, with_folder
from podium.competition.external_rules import external_rule, pretrained_rule
from podium.competition.folder import find_description, look
from podium.competition.kinds import Clues, Reading, rows
from podium.competition.named_weights import named_weights
from podium.competition.naming import named_by
from podium.competition.scoring import Scoring, find_scoring
from podium.competition.surrogate import surrogate
from podium.competition.table import format_of
from podium.errors import Ambiguous, IntakeError
from podium.metrics import get
from podium.records import Competition, Evidence

NOTHING: Mapping[str, str] = MappingProxyType({})
LONGEST_DESCRIPTION = 200_000  # characters kept in the record


def intake(
    path: Path, overrides: Mapping[str, str] = NOTHING, answers: Mapping[str, str] = NOTHING, *, own: bool = True
) -> Competition:
    """The competition in the folder `path` (or of a file inside it). `overrides` are config.json's keys, as strings;
    `answers` likewise, given at a terminal where intake had asked. `own` False: the folder was fetched from a platform, whose
    config.json is data like the rest.

    Every kind is understood, whether or not Podium can play it (`podium.tasks.obstacle` says). Nothing is written.
    Raises Ambiguous: what leaves a choice open, with the choices; IntakeError: what is missing, broken or contradictory.
    The line names what was expected, what was found and the flag or key that settles it.
    """
    home, config = _open(path, {**overrides, **answers}, own)
    config = with_folder(config, home) if own else config
    folder = _data_folder(home, config)
    contents = apart(look(folder), home, config)
    reference = find_description(contents) or find_description_at(home, folder)
    text = prose.read_description(*_split_reference(home, folder, reference)) if reference else ""
    clues = Clues(folder, contents, text, config)
    try:
        reading, scoring = _read(clues)
    except Ambiguous as question:
        raise _with_unread(question, () if reference else contents.texts) from question
    found = with_brought(_competition(home, clues, reading, scoring), home, config, scoring)
    found = _with_external(found, home, config, text)
    told = {key: Evidence(value, "answered at the terminal", 1.0) for key, value in answers.items()}
    return replace(found, evidence={**found.evidence, **told}) if told else found


def _with_external(found: Competition, home: Path, config: Config, text: str) -> Competition:
    """Whether data from elsewhere and pretrained models are allowed, and those that the user names."""
    rule, why = external_rule(config, text)
    learned, because = pretrained_rule(config, text)
    brought = replace(
        found.brought,
        external_files=external_files(config, home, rule, why.why, pictures="image" in found.inputs),
        weights=named_weights(config, home, learned, because.why),
    )
    evidence = {**found.evidence, "external_data": why, **({} if learned == "ask" else {"pretrained": because})}
    return replace(found, external_data=rule, pretrained=learned, brought=brought, evidence=evidence)


def _read(clues: Clues) -> tuple[Reading, Scoring]:
    reading = kinds.read(clues)
    if reading is None:
        return rows.read(clues)
    scoring = find_scoring(
        clues.config, clues.text, task_type=reading.task_type, kind=reading.submission_kind, levels=reading.levels
    )
    return reading, scoring


def _with_unread(question: Ambiguous, texts: Sequence[str]) -> Ambiguous:
    """Where the metric is asked, texts that were not taken for the description are named."""
    if question.key != "metric" or not texts:
        return question
    names = f"{', '.join(texts[:3])} {'are' if len(texts) > 1 else 'is'} not named like one, so not read"
    return Ambiguous(
        f"{question.problem}; {names} (rename it description{PurePosixPath(texts[0]).suffix})",
        key=question.key, choices=question.choices, usual=question.usual,
        remedy="or name it with `--metric NAME`, or `metric` in config.json",
    )  # fmt: skip


# ---------------------------------------------------------------- where things are


def _open(path: Path, overrides: Mapping[str, str], own: bool = True) -> tuple[Path, Config]:
    path = path.expanduser().absolute()
    if not path.exists():
        raise IntakeError(
            f"no such folder: {path}",
            expected="a competition's data",
            remedy="check the path (a competition of Kaggle is kaggle:SLUG)",
        )
    if path.is_dir():
        return path, load_config(path, overrides, own=own)
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
            if not folder.exists():
                folder = Path(home, str(config[key]).replace("\\", "/")).absolute()  # as written on Windows
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


# ---------------------------------------------------------------- the record


def _slug(home: Path, config: Config, text: str) -> tuple[str, Evidence]:
    if config.get("competition"):
        return str(config["competition"]), Evidence(str(config["competition"]), "config.json or a flag says so", 1.0)
    link = re.search(r"kaggle\.com/(?:competitions|c)/([a-z0-9][a-z0-9-]+)", text)
    plain = named_by(home)
    slug = re.sub(r"[^a-z0-9]+", "-", plain.name.lower()).strip("-") or "competition"
    if link and link.group(1) == slug:
        return slug, Evidence(slug, "the folder's name, and a link in the description", 0.99)
    return slug, Evidence(slug, "the folder's name", 0.8)


def _competition(home: Path, clues: Clues, reading: Reading, scoring: Scoring) -> Competition:
    text, config, metric = clues.text, clues.config, scoring.metric
    slug, slug_evidence = _slug(home, config, text)
    quota = config.get("max_submissions_per_day")
    return Competition(
        competition=slug,
        data_dir=str(clues.folder),
        task_type=reading.task_type,
        metric=metric.name,
        metric_direction=metric.direction,
        target_columns=reading.target_columns,
        id_column=reading.id_column,
        submission_columns=reading.submission_columns,
        submission_kind=reading.submission_kind,
        classes=reading.classes,
        train_file=reading.files.train,
        test_file=reading.files.test,
        sample_file=reading.files.sample,
        train_one_in=max(1, reading.files.one_in),
        labels_file=reading.files.labels,
        table_files=reading.files.sides,
        group_column=reading.group_column,
        time_column=reading.time_column,
        label_side_columns=reading.label_side_columns,
        cv_strategy=reading.cv_strategy,
        cv_folds=int(config.get("cv_folds", reading.cv_folds)),
        cv_gap=reading.cv_gap,
        cv_horizon=reading.cv_horizon,
        deadline=config.get("deadline") or prose.deadline(text),
        max_submissions_per_day=prose.quota(text) if quota is None else quota,
        description=text[:LONGEST_DESCRIPTION],
        evidence=_evidence(clues, reading, scoring, slug_evidence),
        id_columns=reading.id_columns if len(reading.id_columns) > 1 else (),
        inputs=reading.inputs,
        target_name=reading.target_name,
        surrogate=surrogate(metric, reading.task_type, reading.submission_kind),
    )


def _evidence(clues: Clues, reading: Reading, scoring: Scoring, slug: Evidence) -> dict[str, Evidence]:
    metric = scoring.metric
    found = {
        "task_type": Evidence(reading.task_type, reading.why, reading.confidence),
        "metric": scoring.evidence,
        "metric_direction": Evidence(metric.direction, f"{metric.title}: {metric.direction} is better", 1.0),
        "submission_kind": Evidence(reading.submission_kind, f"what {metric.title} is computed from", 0.95),
        **reading.evidence,
        "competition": slug,
    }
    for key, ref in (
        ("train_file", reading.files.train),
        ("test_file", reading.files.test),
        ("sample_file", reading.files.sample),
    ):
        if ref:
            found[key] = Evidence(ref, _why_file(clues, key, ref), 0.97)
    if by := surrogate(metric, reading.task_type, reading.submission_kind):
        steps = (
            f"{metric.title} moves in steps"
            if metric.needs == "label"
            else "answers are labels, which hide how sure a model is"
        )
        why = f"{steps}: models are compared by {get(by).title}; scores and estimates are {metric.title}"
        found["surrogate"] = Evidence(by, why, 1.0)
    if reading.label_side_columns:
        names = ", ".join(reading.label_side_columns)
        found["label_side_columns"] = Evidence(names, "train has them and test does not; never a feature", 1.0)
    for at, notice in enumerate(reading.notices):
        found[f"notice_{at + 1}"] = Evidence("", notice, 1.0)
    return found


def _why_file(clues: Clues, key: str, ref: str) -> str:
    frame = (
        {"train_file": clues.train, "test_file": clues.test}.get(key)
        if ref in (clues.files.train, clues.files.test)
        else None
    )
    return "named like it" + (f", {frame.height:,} rows" if frame is not None else "")
