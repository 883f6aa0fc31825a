"""What a row's answer is: the metric, the kind of task, the classes and what a cell of the submission holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from podium.competition import unsupported
from podium.competition.description import metric_text
from podium.competition.source import Source
from podium.competition.target import Target
from podium.errors import IntakeError
from podium.metrics import Metric, find, get
from podium.records import Evidence

Kind = Literal["label", "probability", "value"]
POSITIVE = ("1", "1.0", "true", "yes", "y", "t", "positive", "pos", "p", "present", "malignant", "spam", "fraud", "default",
            "churn", "churned", "survived", "approved", "success", "bad", "toxic", "fake", "abnormal", "case", "on")  # fmt: skip


@dataclass(frozen=True)
class Question:
    task_type: str
    classes: tuple[str, ...]
    submission_kind: Kind
    evidence: Evidence


def find_metric(config: dict[str, Any], text: str) -> tuple[Metric, Evidence]:
    """The metric the config names, else the one the description scores by. Raises IntakeError: none, several, unknown,
    or a direction that contradicts it."""
    if config.get("metric"):
        metric, evidence = get(config["metric"]), Evidence("", "config.json or a flag says so", 1.0)
    else:
        metric, evidence = _from_text(text)
    asked = config.get("metric_direction")
    if asked and asked != metric.direction:
        raise IntakeError(
            f"metric_direction {asked!r} contradicts {metric.title}",
            expected=f"{metric.direction!r}, or no metric_direction",
            found=f"metric {metric.name!r}",
            remedy="correct one of them in config.json",
        )
    return metric, Evidence(metric.name, evidence.why, evidence.confidence)


def _from_text(text: str) -> tuple[Metric, Evidence]:
    """The narrowest passage that names exactly one metric decides: a scoring sentence, the metric's section, the whole."""
    section = metric_text(text)
    passages = [
        *[(s, 0.97) for s in _sentences(section)[:1]],
        *[(s, 0.95) for s in _sentences(section) if re.search(r"evaluat|scored|metric|measured|judged", s, re.I)],
        (section, 0.95),
        *[
            (s, 0.85)
            for s in _sentences(text)
            if re.search(r"evaluat\w+ (on|by|using|with)|scored (on|by|using)|metric is", s, re.I)
        ],
        (text, 0.6),
    ]
    several: list[str] = []
    for passage, confidence in passages:
        found = find(passage)
        if len(found) == 1:
            quote = " ".join(passage.split())
            return get(found[0]), Evidence(found[0], f"the description says: {quote[:160]}", confidence)
        several = several or found
    if several:
        raise IntakeError(
            "the description names several metrics",
            found=", ".join(several),
            remedy="choose with `--metric NAME`, or `metric` in config.json",
        )
    what = "the description names no metric that Podium knows" if text else "there is no description and no config.json"
    quote = " ".join(section.split())[:100]
    raise IntakeError(
        f"the metric is unknown: {what}",
        found=f"{quote!r}" if quote else "",
        remedy="name it with `--metric NAME`, or `metric` in config.json",
    )


def _sentences(text: str) -> list[str]:
    return [s for s in re.split(r"(?<=[.!?:])\s+(?=[A-Z*$\\])|\n\s*\n", text) if s.strip()]


def find_question(
    source: Source, target: Target, metric: Metric, id_column: str | None, config: dict[str, Any], text: str
) -> Question:
    """Raises IntakeError where metric, target and submission contradict each other or leave a choice open."""
    asked = unsupported.task_type_asked(str(config.get("task_type", "")))
    values = [c for c in source.sample.columns if c != id_column] if source.sample is not None else []
    for name in target.columns:
        _check_target(name, source.train[name])
    if len(target.columns) > 1:
        return _several(source, target, metric, asked)
    labels = source.train[target.columns[0]]
    task_type, why, confidence = _single(labels, target, metric, asked)
    if not _fits(task_type, metric):
        raise IntakeError(
            f"{metric.title} does not score {task_type.replace('_', ' ')}",
            expected=" or ".join(metric.task_types),
            found=f"target {target.columns[0]!r} with {labels.n_unique()} values",
            remedy="correct `metric` or `task_type` in config.json",
        )
    if task_type == "regression":
        _numbers(target.columns[0], labels)
        return Question(task_type, (), "value", Evidence(task_type, why, confidence))
    kind: Kind = "label" if metric.needs in ("label", "value") and len(values) < 2 else "probability"
    classes = target.classes or _classes(labels, task_type, kind, config, text)
    return Question(task_type, classes, kind, Evidence(task_type, why, confidence))


def _fits(task_type: str, metric: Metric) -> bool:
    return task_type in metric.task_types or (task_type == "ordinal_regression" and metric.name == "qwk")


def _check_target(name: str, labels: pl.Series) -> None:
    """Missing, constant or too few labels are refused with the row."""
    unsupported_type = labels.dtype in (pl.List, pl.Struct, pl.Array)
    if unsupported_type:
        raise IntakeError(f"target {name!r} holds lists", expected="one value a row", remedy="name another target")
    missing = labels.is_null()
    if missing.any():
        at = int(missing.arg_max() or 0)
        raise IntakeError(
            f"target {name!r} is missing in {int(missing.sum())} of {len(labels)} rows of train",
            expected="a label in every row",
            found=f"none in row {at + 1}",
            remedy="drop these rows, or name another target",
        )
    if labels.n_unique() == 1:
        raise IntakeError(
            f"target {name!r} is constant",
            expected="two values at least",
            found=f"only {labels[0]!r}",
            remedy="check train, or `--target`",
        )


def _numbers(name: str, labels: pl.Series) -> pl.Series:
    """The target as finite numbers. Raises IntakeError naming the first row that is none."""
    numbers = labels.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    bad = numbers.is_null() | ~numbers.is_finite()
    if bad.any():
        at = int(bad.arg_max() or 0)
        raise IntakeError(
            f"target {name!r} is not finite and numeric in {int(bad.sum())} rows of train",
            expected="a number",
            found=f"{labels[at]!r} in row {at + 1}",
            remedy="correct or drop these rows, or set `task_type`",
        )
    return numbers


def _several(source: Source, target: Target, metric: Metric, asked: str) -> Question:
    columns = ", ".join(target.columns)
    numbers = [_numbers(name, _bits(source.train[name])) for name in target.columns]
    binary = all(n.is_in([0.0, 1.0]).all() for n in numbers)
    task_type = asked or ("multilabel_classification" if binary and metric.needs != "value" else "regression")
    if not _fits(task_type, metric):
        raise IntakeError(
            f"{metric.title} does not score several targets of this kind",
            expected=" or ".join(metric.task_types),
            found=f"{columns}: {'0 and 1' if binary else 'numbers'}",
            remedy="correct `metric` or `target_column` in config.json",
        )
    if task_type not in ("multilabel_classification", "regression"):
        raise IntakeError(f"{task_type} has one target", found=columns, remedy="correct `target_column` or `task_type`")
    kind: Kind = "value" if task_type == "regression" else "label" if metric.needs == "label" else "probability"
    one_hot = binary and bool((pl.DataFrame(numbers).sum_horizontal() == 1).all())
    note = "; exactly one is 1 in each row: one target, spelled as columns" if one_hot else ""
    why = f"{len(target.columns)} targets of {'0 and 1' if binary else 'numbers'}, scored by {metric.title}{note}"
    return Question(task_type, (), kind, Evidence(task_type, why, 0.7 if one_hot else 0.95))


def _bits(labels: pl.Series) -> pl.Series:
    lower = labels.cast(pl.String).str.to_lowercase()
    if lower.is_in(["true", "false"]).all():
        return (lower == "true").cast(pl.Int64).alias(labels.name)
    return labels


def _single(labels: pl.Series, target: Target, metric: Metric, asked: str) -> tuple[str, str, float]:
    unique = labels.n_unique()
    numbers = labels.cast(pl.String).cast(pl.Float64, strict=False)
    numeric = numbers.null_count() == 0
    whole = numeric and bool((numbers == numbers.round()).all())
    seen = f"{unique} distinct {'whole numbers' if whole else 'numbers' if numeric else 'labels'}"
    if asked:
        return asked, f"config.json or a flag says so; the target has {seen}", 1.0
    if target.classes:
        kind = "binary" if len(target.classes) == 2 else "multiclass"
        return f"{kind}_classification", f"one submission column a class, {len(target.classes)} classes", 0.98
    why = f"target has {seen}, scored by {metric.title}"
    if metric.name == "qwk" and whole and unique > 2:
        return "ordinal_regression", why, 0.95
    if not any(t.endswith("classification") for t in metric.task_types) or (metric.name == "gini" and not whole):
        return "regression", why, 0.97
    if numeric and not whole and unique > 2:
        raise IntakeError(
            f"{metric.title} scores classes", expected=f"labels in {labels.name!r}", found=f"{unique} numbers with fractions",
            remedy="correct `metric`, or set `task_type`",
        )  # fmt: skip
    if unique > 1000 and unique > 0.5 * len(labels):
        raise IntakeError(
            f"{labels.name!r} has {unique} values in {len(labels)} rows, too many for classes",
            expected="labels that repeat",
            remedy="choose another `--target`",
        )
    return ("binary" if unique == 2 else "multiclass") + "_classification", why, 0.95


def _classes(labels: pl.Series, task_type: str, kind: Kind, config: dict[str, Any], text: str) -> tuple[str, ...]:
    """Labels as spelled in train: numbers ascending, else alphabetical; of two, the one asked for comes second."""
    found = labels.cast(pl.String).unique().to_list()
    ordered = sorted(found, key=_natural)
    if len(ordered) != 2:
        return tuple(ordered)
    positive = config.get("positive_class")
    if positive is not None:
        if positive not in found:
            raise IntakeError(
                f"positive_class {positive!r} is no label",
                expected=" or ".join(ordered),
                remedy="correct `positive_class`",
            )
    elif kind == "probability":
        positive = _positive(ordered, labels.name, text)
    if positive is None:
        return tuple(ordered)
    return tuple(sorted(ordered, key=lambda label: label == positive))


def _natural(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return float("inf"), label


def _positive(ordered: Sequence[str], name: str, text: str) -> str | None:
    """The class whose probability one cell can mean: numbers, usual words, or what the description says."""
    if all(_natural(label)[1] == "" for label in ordered):
        return None
    known = [label for label in ordered if label.strip().lower() in POSITIVE or label.strip().lower() == name.lower()]
    if len(known) == 1:
        return known[0]
    said = [
        label
        for label in ordered
        if re.search(rf"(probability|chance|likelihood)[^.\n]{{0,60}}\b{re.escape(label)}\b", text, re.I)
    ]
    if len(said) == 1:
        return said[0]
    raise IntakeError(
        f"of which class of {name!r} the probability is asked is ambiguous",
        found=" or ".join(ordered),
        remedy="set `positive_class` in config.json",
    )
