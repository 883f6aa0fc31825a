"""Span extraction: the answer is a contiguous piece of a text of the row (a phrase that tells a mood, an answer in context).

Raw predictions `(n, 2 * longest)`: the text's code points, then the probability that each character belongs to the answer.
The text travels with them because a decision is made from predictions alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Text
from podium.packing import spans
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.passages import passage_column
from podium.tasks.span_choice import choose
from podium.tasks.task import Floats
from podium.tasks.written import WrittenTask, code_points, most_frequent

ROUNDING = 1e-5
USUAL = 0.99  # of texts have room in any case
FITTED_ON = 1500  # rows
PLAIN = {"power": 1.0, "whole": 2.0, "ragged": False}
TRIED = {"ragged": (True,), "whole": (0.8, 0.65, 0.5), "power": (0.5, 2.0)}


class SpanExtractionTask(WrittenTask):
    """The span of highest expected overlap; how sharp, when all, and whether ends cut words, fitted to the metric."""

    def layout(self) -> Layout:
        return Layout("spans", (2, self.longest), "float32")

    def measure(self, folder: Path) -> None:
        import polars as pl

        labels = pl.read_ipc(folder / "labels.arrow")
        frame = pl.read_ipc(folder / "features.arrow")
        name = passage_column(frame[labels["#row"].to_numpy()], labels[TRUTH].fill_null("").to_list())
        self.fit_longest(frame[name] if name else labels[TRUTH], USUAL, frame.height)

    def check(self, values: Any, n_rows: int) -> Floats:
        found = sheet.dense(values, n_rows, (self.n_outputs(),))
        p = found[:, self.longest :]
        if n_rows and (p.min() < -ROUNDING or p.max() > 1.0 + ROUNDING):
            worst = p.min() if p.min() < -ROUNDING else p.max()
            raise InvalidPredictions(f"predictions: expected probabilities in [0, 1]; found {worst:g}")
        return np.concatenate([code_points(found[:, : self.longest]), np.clip(p, 0.0, 1.0)], axis=1)

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        """`power`, `whole` and `ragged` of `span_choice.choose`, one after another, each the best with what is set."""
        step = -(-len(raw) // FITTED_ON)
        few, wanted = raw[::step], truth[::step]
        best, decision = self._merit(wanted, few, PLAIN), dict(PLAIN)
        for name, values in TRIED.items():
            for value in values:
                tried = {**decision, name: value}
                merit = self._merit(wanted, few, tried)
                if merit > best:
                    best, decision = merit, tried
        return decision

    def _merit(self, truth: Any, raw: Floats, decision: dict[str, Any]) -> float:
        return self.metric.sign * self.metric.function(truth, self.decide(raw, decision))

    def decide(self, raw: Floats, decision: dict[str, Any]) -> Any:
        return Text(tuple(choose(raw, decision)))

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        """The answer that is most frequent, whatever the text: predictions without rows have none."""
        text = most_frequent(truth)
        packed = spans([text], [np.ones(len(text))], self.layout()).values.reshape(1, -1)
        return np.repeat(packed, n_rows, axis=0)
