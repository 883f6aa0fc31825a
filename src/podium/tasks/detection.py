"""Object detection: boxes around things, with a class and a confidence each, any number an image.

Raw predictions `(n, most * 6)`: `podium.packing.boxes`. A decision drops what can only cost time: mean average precision
loses nothing by unsure boxes below the sure ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from podium.competition.box_format import ANSWER_KEY, recorded
from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Boxes
from podium.packing import BOX
from podium.protocol import Layout
from podium.records import Competition
from podium.tasks import sheet
from podium.tasks.boxes_sheet import BoxSheet
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric

LEAST, MOST, ROOM = 20, 300, 2.5  # boxes an image: fewest and most kept, and times the crowded image's number
CROWDED = 0.99  # quantile
FLOOR = 1e-4  # confidence below which a box is not worth a line


class DetectionTask(Task):
    """`measure` says how many boxes an image may have, and how large test's images are where shares are asked for."""

    answers: ClassVar[tuple[str, ...]] = ("boxes",)
    inputs: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, metric)
        self.most = LEAST
        self.sizes: dict[str, tuple[float, float]] = {}

    def layout(self) -> Layout:
        return Layout("boxes", (self.most, BOX), "float32")

    def measure(self, folder: Path) -> None:
        import polars as pl

        counts = pl.read_ipc(folder / "labels.arrow", columns=[TRUTH])[TRUTH].list.len() / 5
        crowded = float(counts.quantile(CROWDED, "higher") or 0)
        self.most = int(np.clip(np.ceil(ROOM * crowded), LEAST, MOST))
        if recorded(self.competition, ANSWER_KEY).relative:
            self.sizes = _sizes(folder)

    def encode(self, labels: pl.DataFrame) -> Any:
        lists = labels[TRUTH].to_list()
        counts = [len(of) // 5 for of in lists]
        flat = np.array([v for of in lists for v in of], dtype=np.float64).reshape(-1, 5)
        return Boxes.of(np.repeat(np.arange(len(lists)), counts), flat[:, 0], flat[:, 1:], len(lists))

    def check(self, values: Any, n_rows: int) -> Floats:
        array = sheet.dense(values, n_rows, (self.n_outputs(),))
        listed = array.reshape(-1, BOX)
        listed = listed[listed[:, 5] != 0]
        if (listed[:, 5] < 0).any() or (listed[:, 5] > 1 + 1e-6).any():
            raise InvalidPredictions("predictions: expected confidences in [0, 1]; found others")
        known = max(1, len(self.competition.classes))
        if ((listed[:, 0] % 1 != 0) | (listed[:, 0] < 0) | (listed[:, 0] >= known)).any():
            raise InvalidPredictions(f"predictions: expected class codes 0 to {known - 1}; found others")
        if (listed[:, 3:5] < listed[:, 1:3]).any():
            raise InvalidPredictions("predictions: expected boxes from top left to bottom right; found some inside out")
        return array

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        return {"floor": FLOOR}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> Any:
        n = len(raw)
        listed = np.asarray(raw, dtype=np.float64).reshape(n, -1, BOX)
        image, place = np.nonzero(listed[:, :, 5] > decision.get("floor", 0.0))
        found = listed[image, place]
        return Boxes.of(image, found[:, 0], found[:, 1:5], n, found[:, 5])

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        """Each class' mean box where it mostly is, as sure as it is frequent."""
        out = np.zeros((n_rows, *self.layout().shape))
        counts = np.bincount(truth.label, minlength=max(1, len(self.competition.classes)))
        for place, label in enumerate(np.argsort(-counts, kind="stable")[: self.most]):
            if counts[label]:
                mean = truth.corners[truth.label == label].mean(axis=0)
                out[:, place] = [label, *mean, min(0.99, counts[label] / max(1, len(truth)) / 10 + 0.01)]
        return out.reshape(n_rows, -1)

    def write(self, decided: Any, ids: pl.Series | None) -> pl.DataFrame:
        return BoxSheet(self.competition, self.sizes).write(decided, ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        BoxSheet(self.competition, self.sizes).check(frame, ids)

    def facts(self, truth: Any) -> dict[str, float]:
        """Cardinality: classes; skew and least are of the boxes' areas, in pixels."""
        area = np.sqrt(np.maximum((truth.corners[:, 2:] - truth.corners[:, :2]).prod(axis=1), 0.0))
        spread = float(area.std()) if len(area) else 0.0
        skew = float((((area - area.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0
        least = float(area.min()) if len(area) else 0.0
        return {
            "target_cardinality": float(max(1, len(self.competition.classes))),
            "target_skew": skew,
            "target_min": least,
        }


def _sizes(folder: Path) -> dict[str, tuple[float, float]]:
    """id → (height, width) of test's images."""
    import polars as pl

    from podium import pixels

    ids = dict(pl.read_ipc(folder / "ids.arrow").select("row", "id").rows())
    frame = pl.read_ipc(folder / "features.arrow")
    with np.load(folder / "splits.npz") as splits:
        test = splits["test"].tolist()
    names = frame["file"].to_list()
    found = {ids[row]: pixels.size_of(folder / "files" / names[row]) for row in test if names[row]}
    return {name: (float(size[0]), float(size[1])) for name, size in found.items() if size is not None}
