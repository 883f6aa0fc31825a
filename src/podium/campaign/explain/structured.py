"""Why the blend errs where answers are pictures, lists or texts: on which rows, by what is known of them; of users, on whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from podium.campaign.explain.explain_material import Material
from podium.metrics.shapes import Boxes
from podium.protocol import Column
from podium.referee import box_errors, coding, contribution, slices
from podium.referee.box_errors import BoxErrors
from podium.referee.explanation import Explanation, Unused
from podium.referee.segments import Segment, segments
from podium.referee.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence

HISTORY = "history"  # the feature that holds what a user did


def explained(material: Material, round_: int) -> Explanation | None:
    """Slices of rows that carry more than their share of the loss, and how each kind of user is served; of boxes, errors
    by type. None where the metric is no mean over rows, or all rows carry the same loss."""
    metric, boxes = material.task.metric, _boxes(material)
    weighed = None if boxes else contribution.contributions(metric, material.truth, material.decided)
    if weighed is None and boxes is None:
        return None
    frame, columns = counted(material.frame, material.columns)
    found: tuple[Slice, ...] = ()
    if weighed is not None:
        coded = coding.code_columns(frame, columns)
        found = slices.find_slices(weighed.loss, coded, seed=material.dataset.seed, groups=material.groups)
    return Explanation(
        round=round_,
        metric=material.competition.metric_shown,
        score=float(metric.function(material.truth, material.decided)),
        rows=len(material.rows),
        rows_of=material.n_known,
        columns=frame.width,
        columns_of=len(material.dataset.columns),
        members=tuple(name for name, weight in material.row.weights.items() if weight > 0),
        exact=weighed is None or weighed.exact,
        slices=found,
        bands=(),
        units=(),
        spread=None,
        labels=None,
        unused=Unused((), (), (), ()),
        mismatches=(),
        segments=tuple(_users(material)),
        boxes=boxes,
        whole=False,
    )


def _boxes(material: Material) -> BoxErrors | None:
    """Errors of a detector by type, the images named as the competition names them; None where answers are no boxes."""
    if not isinstance(material.truth, Boxes):
        return None
    ids = material.dataset.ids(material.train_rows)
    names = [f"row {at}" for at in range(len(material.rows))] if ids is None else ids.to_list()
    classes, decided = material.competition.classes, cast(Boxes, material.decided)
    return box_errors.explain(material.task.metric, material.truth, decided, classes, names)


def counted(frame: pl.DataFrame, columns: Sequence[Column]) -> tuple[pl.DataFrame, tuple[Column, ...]]:
    """Lists by how long they are and how often they repeat themselves; other columns as they are, files left out."""
    series: list[pl.Series] = []
    kept: list[Column] = []
    for column in columns:
        if column.kind == "file":
            continue
        if column.kind != "list":
            series.append(frame[column.name])
            kept.append(column)
            continue
        length = frame[column.name].list.len().cast(pl.Float64)
        again = 1.0 - frame[column.name].list.n_unique().cast(pl.Float64) / length
        for name, values in ((f"length of {column.name}", length), (f"repeats in {column.name}", again.fill_nan(0.0))):
            if values.n_unique() > 1:
                series.append(values.alias(name))
                kept.append(Column(name, "numeric", values.n_unique()))
    return pl.DataFrame(series), tuple(kept)


def _users(material: Material) -> list[Segment]:
    if HISTORY not in material.frame.columns or material.task.layout().kind != "ranking":
        return []
    histories = material.frame[HISTORY].to_list()
    return segments(material.task.metric, material.truth, material.decided, [one or [] for one in histories])
