"""Text to text: an answer written anew for each row (normalisation, translation, correction).

Raw predictions: the answer's code points, `(n, longest)`, 0 after the last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from podium.competition.units import TRUTH
from podium.metrics.shapes import Text
from podium.packing import texts, unpack_texts
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.task import Floats
from podium.tasks.written import WrittenTask, code_points, most_frequent

USUAL = 0.999  # of answers have room in any case


class TextToTextTask(WrittenTask):
    """The answer is what was written: nothing is decided, and members are mixed by consensus (`ensemble.texts`)."""

    def layout(self) -> Layout:
        return Layout("text", (self.longest,), "float32")

    def measure(self, folder: Path) -> None:
        import polars as pl

        answers = pl.read_ipc(folder / "labels.arrow", columns=[TRUTH])[TRUTH]
        self.fit_longest(answers, USUAL, len(answers))

    def check(self, values: Any, n_rows: int) -> Floats:
        return code_points(sheet.dense(values, n_rows, (self.longest,)))

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        return {}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> Any:
        return Text(tuple(unpack_texts(raw)))

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        """The answer that is most frequent."""
        return np.repeat(texts([most_frequent(truth)], self.layout()).values, n_rows, axis=0)
