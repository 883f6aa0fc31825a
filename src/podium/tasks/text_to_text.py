"""Text to text: an answer written anew for each row (normalisation, translation, correction).

Raw predictions: the answer's code points, `(n, longest)`, 0 after the last.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Text
from podium.packing import texts, unpack_texts
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition

LONGEST = 256  # characters, before the data are measured
LEAST = 16
CELLS = 60_000_000  # code points that the predictions of all rows may hold, where a few answers are very long
LAST_CODE = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)


class TextToTextTask(Task):
    """The answer is what was written: nothing is decided, and members are mixed by consensus (`ensemble.texts`)."""

    answers: ClassVar[tuple[str, ...]] = ("text",)
    inputs: ClassVar[tuple[str, ...]] = ("table", "text")

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, of_texts(metric))
        self.longest = LONGEST

    def layout(self) -> Layout:
        return Layout("text", (self.longest,), "float32")

    def measure(self, folder: Path) -> None:
        self.longest = longest_answer(folder)

    def encode(self, labels: pl.DataFrame) -> Any:
        return encoded(labels, self.competition)

    def n_outputs(self) -> int:
        return self.longest

    def check(self, values: Any, n_rows: int) -> Floats:
        return code_points(sheet.dense(values, n_rows, (self.longest,)))

    def score(self, truth: Any, decided: Any) -> float:
        return self.metric.function(truth, decided)

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        return {}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> Any:
        return Text(tuple(unpack_texts(raw)))

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        """The answer that is most frequent."""
        return np.repeat(texts([most_frequent(truth)], self.layout()).values, n_rows, axis=0)

    def write(self, decided: Any, ids: pl.Series | None) -> pl.DataFrame:
        return written(decided, self.competition, ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        check_written(frame, self.competition, ids)

    def facts(self, truth: Any) -> dict[str, float]:
        return facts_of(truth)


# ---------------------------------------------------------------- what all tasks with texts as answers share


def of_texts(metric: Metric) -> Metric:
    """The accuracy of texts is the share of exact matches."""
    from podium.metrics import get

    return get("exact_match") if metric.name == "accuracy" else metric


def encoded(labels: pl.DataFrame, competition: Competition) -> Text:
    """Answers as spelled: the column `TRUTH`, or the target column."""
    import polars as pl

    name = TRUTH if TRUTH in labels.columns else competition.target_columns[0]
    return Text(tuple(labels[name].cast(pl.String).fill_null("").to_list()))


def longest_answer(folder: Path) -> int:
    """Characters that a prediction may hold: what training answers need, unless all rows' would not fit the memory."""
    import polars as pl

    labels = pl.read_ipc(folder / "labels.arrow", columns=[TRUTH])
    sizes = labels[TRUTH].str.len_chars()
    most = int(sizes.max() or 0)  # type: ignore[arg-type]
    usual = int(sizes.quantile(0.999, "higher") or 0)
    return max(LEAST, usual, min(most, CELLS // max(1, labels.height)))


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
    counts: dict[str, int] = {}
    for text in truth.values:
        counts[text] = counts.get(text, 0) + 1
    return max(counts, key=lambda text: counts[text], default="")


def written(decided: Text, competition: Competition, ids: pl.Series | None) -> pl.DataFrame:
    name = sheet.answer_columns(competition, 1)[-1]
    return sheet.fill(competition, {name: list(decided.values)}, len(decided), ids)


def check_written(frame: pl.DataFrame, competition: Competition, ids: pl.Series | None) -> None:
    """Raises InvalidPredictions: header, ids, or a cell that is no text."""
    import polars as pl

    name = sheet.answer_columns(competition, 1)[-1]
    sheet.check_shape(competition, frame, [name], ids)
    if frame[name].null_count():
        row = int(frame[name].is_null().arg_max() or 0)
        raise InvalidPredictions(f"submission column {name!r}, row {row}: expected a text; found nothing")
    if frame[name].dtype not in (pl.String, pl.Int64, pl.Float64, pl.Boolean):  # a file of digits is read as numbers
        raise InvalidPredictions(f"submission column {name!r}: expected texts; found {frame[name].dtype}")


def facts_of(truth: Text) -> dict[str, float]:
    return {"target_cardinality": float(len(set(truth.values))), "target_skew": 0.0, "target_min": 0.0}
