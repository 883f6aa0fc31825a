"""Truth as a run is dealt it, and as a solution sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.competition.units import TRUTH
from podium.metrics.graded import Graded
from podium.metrics.shapes import Ranking, Series
from podium.tasks.task import Task

if TYPE_CHECKING:
    import polars as pl


def labels_dealt(task: Task, labels: pl.DataFrame) -> pl.DataFrame:
    """Columns y0 … yk from the target columns of labelled rows: numbers as the task encodes them, else the one column of
    answers as it is kept."""
    import polars as pl

    if TRUTH in labels.columns:
        return labels.select(pl.col(TRUTH).alias("y0"))
    truth = task.encode(labels)
    if isinstance(truth, Ranking) and len(truth.items) == len(
        truth
    ):  # one class a row, of too many for a probability each
        return pl.DataFrame({"y0": truth.items})
    columns = (truth.values if isinstance(truth, (Graded, Series)) else truth).reshape(labels.height, -1)
    return pl.DataFrame({f"y{i}": columns[:, i] for i in range(columns.shape[1])})
