"""Cells that list several labels of a row, or its class and others, best first."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from podium.competition.answer import Kind, Question
from podium.competition.asked_metric import scores
from podium.competition.label_sets import LabelSets, form_of_lists, label_sets
from podium.competition.source import Source
from podium.competition.target import Target
from podium.errors import Ambiguous, IntakeError
from podium.metrics import Metric
from podium.records import Evidence


def sets_of(source: Source, target: Target, values: Sequence[str], asked: str) -> LabelSets | None:
    """The labels that the target's cells list, where one cell of the submission asks for them."""
    if len(target.columns) > 1 or target.steps or len(values) > 1 or asked not in ("", "multilabel_classification"):
        return None
    labels = source.train[target.columns[0]]
    if labels.dtype in (pl.List, pl.Struct, pl.Array):
        return None
    return label_sets(labels, source.sample[values[0]] if source.sample is not None and values else None)


def of_order(labels: pl.Series, sample: pl.Series | None, metric: Metric) -> Question:
    """One class a row, several of which the submission lists, best first."""
    task_type = "multiclass_classification"
    classes = tuple(sorted(labels.cast(pl.String).unique().to_list(), key=natural))
    why = f"target has {len(classes)} distinct labels; {metric.title} scores a list of them, best first"
    form = form_of_lists(sample, classes)
    return Question(task_type, classes, "ranking", Evidence(task_type, why, 0.9), form=form)


def of_sets(sets: LabelSets, labels: pl.Series, metric: Metric, text: str, asked: str) -> Question:
    """Several labels a cell; asked where neither the metric nor the description says that they are sets."""
    task_type = "multilabel_classification"
    shown = " ".join(sets.example.split())
    why = f"cells such as {shown!r} list some of {len(sets.labels)} labels; {sets.share:.0%} of rows have several"
    said = re.search(r"multi-?label|multiple labels|one or more|several labels|more than one (label|class)", text, re.I)
    telling = metric.name.startswith(("f1", "fbeta")) or metric.needs == "ranking" or bool(said)
    if not asked and not telling and sets.doubtful:
        raise Ambiguous(
            f"whether {labels.name!r} holds one label or several in a cell is ambiguous",
            key="task_type",
            choices={task_type: why, "multiclass_classification": f"{labels.n_unique()} distinct cells"},
            remedy="set `task_type` in config.json, or --set task_type=NAME",
        )
    kind: Kind = "ranking" if metric.needs == "ranking" else "labels"
    if not scores(metric, task_type, kind):
        raise IntakeError(
            f"{metric.title} does not score several labels a row",
            expected=" or ".join(metric.task_types),
            found=f"target {labels.name!r} with cells such as {shown!r}",
            remedy="correct `metric` or `task_type` in config.json",
        )
    return Question(task_type, sets.labels, kind, Evidence(task_type, why, 0.95 if telling else 0.8), sets, sets.form)


def natural(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return float("inf"), label
