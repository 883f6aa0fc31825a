"""Ranking: candidates of a query, a row each. Raw predictions are scores `(n, 1)`; only their order in a query counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.competition.units.unit import QUERY
from podium.errors import InvalidPredictions
from podium.metrics.graded import Graded, of_rows
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.regression import floats
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition

STEP = 4.0  # how much more a rarer target is worth than the next: a booking than a click (Expedia: 5 and 1)


class RankingTask(Task):
    """Several targets (clicked, booked) count as one relevance: 1 for the most common, `STEP` for each rarer one."""

    answers: ClassVar[tuple[str, ...]] = ("ranking", "value")

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, of_rows(metric))
        self.queries: Any = None  # of the test rows, once measured

    def measure(self, folder: Path) -> None:
        import polars as pl

        if (folder / "names_query.arrow").exists():
            self.queries = pl.read_ipc(folder / "names_query.arrow")["name"]

    def layout(self) -> Layout:
        return Layout("dense", (1,))

    def encode(self, labels: pl.DataFrame) -> Any:
        values = np.maximum(floats(labels, self.competition.target_columns), 0.0)
        query = labels[QUERY].to_numpy() if QUERY in labels.columns else np.zeros(len(labels))
        return Graded(values @ self._worth(values), query.astype(np.int64))

    def _worth(self, values: Floats) -> Floats:
        """What a unit of each target is worth."""
        worth = np.full(values.shape[1], STEP)
        worth[int(np.argmax((values > 0).mean(axis=0)))] = 1.0
        return worth

    def check(self, values: Any, n_rows: int) -> Floats:
        return sheet.dense(values, n_rows, (self.n_outputs(),))

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        return {}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        return np.asarray(raw[:, 0], dtype=np.float64)

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        return np.full((n_rows, 1), float(truth.values.mean()))

    @property
    def _orders(self) -> bool:
        """Whether the submission lists rows by their ids alone, best first in each query."""
        keys = self.competition.id_columns or (self.competition.id_column,)
        return set(self.competition.submission_columns) <= set(keys)

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        if not self._orders:
            names = sheet.answer_columns(self.competition, 1)
            return sheet.fill(self.competition, dict.fromkeys(names, decided), len(decided), ids)
        frame = sheet.fill(self.competition, {}, len(decided), ids)
        return frame[self._order(decided, frame)]

    def _order(self, decided: NDArray[Any], frame: pl.DataFrame) -> NDArray[np.int64]:
        """Positions of the rows, queries as they come first, best first in each."""
        keys = self._queries_of(frame)
        _, first, unit = np.unique(keys, return_index=True, return_inverse=True)
        return np.lexsort((np.arange(len(frame)), -decided, first[unit]))

    def _queries_of(self, frame: pl.DataFrame) -> NDArray[Any]:
        name = self.competition.group_column
        if name in frame.columns:
            return frame[name].to_numpy()
        known = self.queries is not None and len(self.queries) == len(frame)
        return self.queries.to_numpy() if known else np.zeros(len(frame))

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        """Every candidate once: scored, in order; or, where ids alone are asked, in any order of candidates."""
        if not self._orders:
            names = sheet.answer_columns(self.competition, 1)
            sheet.check_shape(self.competition, frame, names, ids)
            sheet.numbers(frame, names, -np.inf, np.inf)
            return
        asked = sheet.fill(self.competition, {}, len(frame), ids) if ids is None or len(ids) == len(frame) else None
        if asked is None or frame.columns != asked.columns:
            raise InvalidPredictions(
                f"submission: expected {', '.join(self.competition.submission_columns)} of each row"
            )
        columns = frame.columns
        if not asked.sort(columns).equals(frame.cast(dict(asked.schema)).sort(columns)):  # type: ignore[arg-type]
            raise InvalidPredictions("submission rows: expected every candidate once")

    def facts(self, truth: Any) -> dict[str, float]:
        return {
            "target_cardinality": float(len(np.unique(truth.values))),
            "target_skew": 0.0,
            "target_min": float(truth.values.min()),
        }
