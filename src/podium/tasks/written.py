"""What tasks share whose answer is a text: a cell of the submission holds it as it is written."""

from __future__ import annotations

from abc import ABC
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.metrics import get
from podium.metrics.shapes import Text
from podium.tasks import sheet
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition

LONGEST = 256  # characters, before the data are measured
LEAST = 16
CELLS = 60_000_000  # code points that the predictions of all rows may hold, where a few texts are very long
LAST_CODE = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)


class WrittenTask(Task, ABC):
    """Truth and decisions are `Text`. `longest`: characters that a layout has room for, once `measure` has looked."""

    answers: ClassVar[tuple[str, ...]] = ("text",)
    inputs: ClassVar[tuple[str, ...]] = ("table", "text")

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, get("exact_match") if metric.name == "accuracy" else metric)
        self.longest = LONGEST

    def fit_longest(self, texts: pl.Series, usual: float, n_rows: int) -> None:
        """Room for all of `texts`, unless all rows' would not fit the memory: then for the share `usual` of them."""
        sizes = texts.str.len_chars()
        most, common = int(sizes.max() or 0), int(sizes.quantile(usual, "higher") or 0)  # type: ignore[arg-type]
        self.longest = max(LEAST, common, min(most, CELLS // max(1, n_rows)))

    def encode(self, labels: pl.DataFrame) -> Any:
        import polars as pl

        name = TRUTH if TRUTH in labels.columns else self.competition.target_columns[0]
        return Text(tuple(labels[name].cast(pl.String).fill_null("").to_list()))

    def write(self, decided: Any, ids: pl.Series | None) -> pl.DataFrame:
        return sheet.fill(self.competition, {self._column: list(decided.values)}, len(decided), ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        import polars as pl

        name = self._column
        sheet.check_shape(self.competition, frame, [name], ids)
        if frame[name].null_count():
            row = int(frame[name].is_null().arg_max() or 0)
            raise InvalidPredictions(f"submission column {name!r}, row {row}: expected a text; found nothing")
        if frame[name].dtype not in (
            pl.String,
            pl.Int64,
            pl.Float64,
            pl.Boolean,
        ):  # a file of digits is read as numbers
            raise InvalidPredictions(f"submission column {name!r}: expected texts; found {frame[name].dtype}")

    @property
    def _column(self) -> str:
        return sheet.answer_columns(self.competition, 1)[-1]

    def facts(self, truth: Any) -> dict[str, float]:
        return {"target_cardinality": float(len(set(truth.values))), "target_skew": 0.0, "target_min": 0.0}


def code_points(values: Floats) -> Floats:
    """Raises InvalidPredictions unless all are whole numbers that are code points of characters, or 0."""
    whole: NDArray[np.int64] = values.astype(np.int64)
    bad = (whole != values) | (whole < 0) | (whole > LAST_CODE) | ((whole >= SURROGATES[0]) & (whole <= SURROGATES[1]))
    if bad.any():
        row, at = np.argwhere(bad)[0]
        raise InvalidPredictions(
            f"predictions: expected code points of characters; found {values[row, at]:g} in row {row}"
        )
    return values


def most_frequent(truth: Text) -> str:
    """Of answers that are alike in frequency, the one that comes first."""
    return next((text for text, _ in Counter(truth.values).most_common(1)), "")
