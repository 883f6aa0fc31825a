"""What a row's answer is: the metric, the kind of task, the classes and what a cell of the submission holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from podium.competition.answer import Kind, Question
from podium.competition.asked_metric import scores
from podium.competition.kinds.words import task_type_asked
from podium.competition.label_sets import LabelSets
from podium.competition.listed import natural, of_order, of_sets, sets_of
from podium.competition.source import Source
from podium.competition.target import Target, classes_disagree
from podium.errors import Ambiguous, IntakeError
from podium.metrics import Metric, custom
from podium.records import Evidence

FEW_GRADES = 20  # at most so many different whole numbers may be classes
SHARE = 5e-4  # how near a sample submission's one value must come to a class's share to mean it
POSITIVE = ("1", "1.0", "true", "yes", "y", "t", "positive", "pos", "p", "present", "malignant", "spam", "fraud", "default",
            "churn", "churned", "survived", "approved", "success", "bad", "toxic", "fake", "abnormal", "case", "on")  # fmt: skip


def find_question(
    source: Source, target: Target, metric: Metric, id_column: str | None, config: dict[str, Any], text: str
) -> Question:
    """Raises IntakeError where metric, target and submission contradict each other or leave a choice open."""
    asked = task_type_asked(str(config.get("task_type", "")))
    values = [c for c in source.sample.columns if c != id_column] if source.sample is not None else []
    sets = sets_of(source, target, values, asked)
    for name in target.columns if sets is None else ():
        _check_target(name, source.train[name])
    if len(target.columns) > 1:
        _check_cells(source, values, metric)
        return _several(source, target, metric, asked)
    labels = source.train[target.columns[0]]
    special = _special(source, target, metric, values, sets, text, asked)
    if special is not None:
        return special
    task_type, why, confidence = _single(labels, target, metric, asked)
    if not scores(metric, task_type):
        raise IntakeError(
            f"{metric.title} does not score {task_type.replace('_', ' ')}",
            expected=" or ".join(metric.task_types),
            found=f"target {target.columns[0]!r} with {labels.n_unique()} values",
            remedy="correct `metric` or `task_type` in config.json",
        )
    if task_type == "regression" or metric.needs != "label":
        _check_cells(source, values, metric)
    if task_type == "regression":
        _numbers(target.columns[0], labels)
        return Question(task_type, (), "value", Evidence(task_type, why, confidence))
    if len(values) > 1 and not target.classes:
        raise classes_disagree(source.train[target.columns[0]], values)
    kind: Kind = "label" if metric.needs in ("label", "value") and len(values) < 2 else "probability"
    cells = source.sample[values[0]] if source.sample is not None and len(values) == 1 else None
    classes = target.classes or _classes(labels, task_type, kind, config, text, cells)
    if kind == "probability" and len(classes) > 2 and len(values) == 1:
        raise IntakeError(
            f"{metric.title} scores a probability of each class, and the sample submission has one column",
            expected=f"a column for each of {', '.join(classes[:12])}", found=values[0],
            remedy="correct `metric` (accuracy, for one, scores labels) or sample_submission",
        )  # fmt: skip
    return Question(task_type, classes, kind, Evidence(task_type, why, confidence))


def _check_cells(source: Source, values: Sequence[str], metric: Metric) -> None:
    """Where numbers are scored the sample submission holds numbers; anything else is another kind of answer."""
    for name in values if source.sample is not None and metric.needs != "label" else ():
        cells = source.sample[name].drop_nulls() if source.sample is not None else pl.Series(dtype=pl.String)
        words = cells.filter(_as_number(cells).is_null())
        if len(words) > 0.5 * max(1, len(cells)) and not _is_labels(words, source, name):
            raise IntakeError(
                f"the sample submission asks for {name!r} in another form than {metric.title} scores",
                expected="numbers",
                found=f"cells such as {words[0][:40]!r}",
                remedy="set `task_type`, `metric` or `sample_file` in config.json",
            )


def _as_number(cells: pl.Series) -> pl.Series:
    plain = cells.cast(pl.String).str.strip_chars().str.to_lowercase()
    return plain.replace({"true": "1", "false": "0"}).cast(pl.Float64, strict=False)


def _is_labels(words: pl.Series, source: Source, name: str) -> bool:
    """A sample submission of labels, where probabilities or scores of them would do as well."""
    labels = source.train[name].cast(pl.String).unique() if name in source.train.columns else pl.Series(dtype=pl.String)
    return bool(len(labels)) and bool(words.is_in(labels.implode()).all())


def _special(
    source: Source, target: Target, metric: Metric, values: Sequence[str], sets: LabelSets | None, text: str, asked: str
) -> Question | None:
    """Cells that hold more than one answer: several labels, labels in order, a distribution; series of a metric's own."""
    name = target.columns[0]
    labels = source.train[name]
    if metric.needs == "ranking" and (sets is None or sets.doubtful):
        if len(values) != 1 or labels.n_unique() > 0.9 * len(labels):
            return None
        _check_target(name, labels)
        return of_order(labels, None if source.sample is None else source.sample[values[0]], metric)
    if target.steps:
        _numbers(name, labels)
        if not scores(metric, "regression", "distribution"):
            raise classes_disagree(labels, values)
        what = "quantiles" if metric.levels else "a probability at each of"
        why = f"the sample submission asks for {what} {'' if metric.levels else f'{len(values)} values '}of {name}"
        return Question("regression", (), "distribution", Evidence("regression", why, 0.9))
    if metric.task_types == ("forecasting",) and asked in ("", "regression"):
        _numbers(name, labels)
        return Question(
            "forecasting", (), "value", Evidence("forecasting", f"{metric.title} scores series in time", 0.85)
        )
    return None if sets is None else of_sets(sets, labels, metric, text, asked)


def _check_target(name: str, labels: pl.Series) -> None:
    """Missing, constant or too few labels are refused with the row."""
    if labels.dtype in (pl.List, pl.Struct, pl.Array):
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
    if not scores(metric, task_type):
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
    valued = custom.is_users(metric.name) and metric.needs == "value" and "regression" in metric.task_types
    if (
        valued and numeric and (not whole or unique > FEW_GRADES)
    ):  # a metric.py scores every kind of task unless it says
        return "regression", f"{why}, which needs a value", 0.85
    if not any(t.endswith("classification") for t in metric.task_types) or (
        metric.name == "gini" and not (whole and unique == 2)
    ):
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


def _classes(
    labels: pl.Series, task_type: str, kind: Kind, config: dict[str, Any], text: str, cells: pl.Series | None
) -> tuple[str, ...]:
    """Labels as spelled in train: numbers ascending, else alphabetical; of two, the one asked for comes second."""
    found = labels.cast(pl.String).unique().to_list()
    ordered = sorted(found, key=natural)
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
        positive = _positive(ordered, labels, text, cells)
    if positive is None:
        return tuple(ordered)
    return tuple(sorted(ordered, key=lambda label: label == positive))


def _of_share(labels: pl.Series, cells: pl.Series) -> str | None:
    """The label whose share of train's rows is what every cell of the sample submission holds; None where both fit, or none."""
    seen = _as_number(cells).unique()
    value = seen[0] if len(seen) == 1 else None
    if value is None or not 0 < value < 1 or value == 0.5:
        return None
    shares = {label: float((labels == label).mean() or 0.0) for label in labels.unique().to_list()}
    near = [label for label, share in shares.items() if abs(share - value) < SHARE]
    return near[0] if len(near) == 1 else None


def _positive(ordered: Sequence[str], labels: pl.Series, text: str, cells: pl.Series | None) -> str | None:
    """The class whose probability one cell can mean: numbers, the class whose share the sample submission holds, usual words,
    or what the description says."""
    name = labels.name
    if all(natural(label)[1] == "" for label in ordered):
        return None
    shared = None if cells is None else _of_share(labels.cast(pl.String), cells)
    if shared is not None:
        return shared
    known = [label for label in ordered if label.strip().lower() in POSITIVE or label.strip().lower() == name.lower()]
    if len(known) == 1:
        return known[0]
    either = "|".join(re.escape(label) for label in sorted(ordered, key=len, reverse=True))
    coded = re.search(rf"\b1 ?(?:=|:|is|means|stands for|for) ?(?:an? |the )?({either})\b", text, re.I)
    told = re.search(rf"(?:probability|chance|likelihood)[^.\n]{{0,60}}?\b({either})\b", text, re.I)
    said = {m[1].lower() for m in (coded, told) if m is not None}
    if len(said) == 1:
        return next(label for label in ordered if label.lower() in said)
    raise Ambiguous(
        f"of which class of {name!r} the probability is asked is ambiguous",
        key="positive_class",
        choices={label: f"cells hold the probability of {label!r}" for label in ordered},
        remedy="set `positive_class` in config.json, or --set positive_class=LABEL",
    )
