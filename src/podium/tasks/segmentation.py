"""Segmentation: a mask a class of each image. Raw predictions are probabilities on one grid laid over every image.

The grid is the images' own where all are alike and small, else a coarser one, so that out-of-fold predictions of all rows
stay within memory. Scores are taken on the grid; what is submitted is laid over each image in its own size.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.competition.units import TRUTH
from podium.competition.units.mask_cells import encoded, rows_first
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Masks, check_runs, concatenated
from podium.protocol import Layout
from podium.tasks import mask_decision, sheet
from podium.tasks.asked_rows import Asked
from podium.tasks.mask_decision import Counts
from podium.tasks.resize import resized
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

ALL_VALUES = 200_000_000  # numbers in predictions of all rows: 400 MB
MOST_VALUES = 40_000  # numbers in one row's prediction
Heights = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Decided(Masks):
    """Masks on the grid, with the probabilities that they were cut from, `(n, planes, h, w)`; none where `heat` is empty."""

    heat: NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    thresholds: tuple[float, ...] = ()

    def __getitem__(self, selector: Any) -> Decided:
        """Some images' masks, without the probabilities: what is scored, again and again, needs none."""
        taken = super().__getitem__(selector)
        return Decided(taken.pixels, taken.shapes, taken.planes)

    @classmethod
    def joined(cls, parts: Sequence[Masks]) -> Decided:
        whole = Masks.joined(parts)
        heats = [part.heat for part in parts if isinstance(part, Decided) and len(part.heat)]
        heat = np.concatenate(heats) if len(heats) == len(parts) else np.zeros(0)
        thresholds = parts[0].thresholds if isinstance(parts[0], Decided) else ()
        return Decided(whole.pixels, whole.shapes, whole.planes, heat, thresholds)


class SegmentationTask(Task):
    """Classes may overlap: each has a plane and a decision of its own."""

    answers = ("mask",)
    inputs = ("image",)
    _grid = (0, 0)
    _asked: Asked | None = None

    def measure(self, folder: Path) -> None:
        self._asked = Asked.read(folder)
        self._grid = grid_of(self._asked.sizes, self.planes)

    @property
    def planes(self) -> int:
        return max(1, len(self.competition.classes))

    def layout(self) -> Layout:
        if not self._grid[0]:
            raise ValueError("the grid of masks follows from the images: call measure first")
        return Layout("masks", (self.planes, *self._grid), "float16")

    def encode(self, labels: pl.DataFrame) -> Masks:  # type: ignore[override]
        height, width = self._grid
        out = np.empty((labels.height, self.planes, height, width), dtype=np.bool_)
        for at, data in enumerate(labels[TRUTH].to_list()):
            out[at] = resized(pixels.decode(data), height, width) > 127
        return _masks(out)

    def check(self, values: Any, n_rows: int) -> Floats:
        """Probabilities; what rounding left outside 0..1 is clipped."""
        array = np.asarray(values)
        if array.dtype.kind != "f" or array.shape not in ((n_rows, self.n_outputs()), (n_rows, *self.layout().shape)):
            raise InvalidPredictions(
                f"predictions: expected probabilities of shape ({n_rows}, {self.n_outputs()}); found {array.dtype} {array.shape}"
            )
        array = array.reshape(n_rows, self.n_outputs())
        low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
        if not (low >= -1e-3 and high <= 1 + 1e-3):  # NaN is neither
            raise InvalidPredictions(
                f"predictions: expected probabilities of pixels in 0..1; found {low:g} to {high:g}"
            )
        kept: Floats = np.clip(array, 0.0, 1.0).astype(self.layout().dtype, copy=False)
        return kept

    # ------------------------------------------------------------ decisions

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        """For each class: `threshold`, `top` and `least` (an image with no more pixels above `top` is empty), `object`."""
        step = math.ceil(max(raw.size, 1) / mask_decision.FIT_VALUES)
        truth, raw = truth[::step], raw[::step]
        return self._fit(truth, raw, self._counts(truth, raw), np.arange(len(raw)))

    def decide(self, raw: Floats, decision: dict[str, Any]) -> Any:
        heat = raw.reshape(len(raw), self.planes, *self._grid)
        thresholds = decision.get("threshold", [0.5] * self.planes)
        masks = np.empty(heat.shape, dtype=np.bool_)
        for plane, threshold in enumerate(thresholds):
            found = heat[:, plane] >= np.asarray(threshold, dtype=heat.dtype)
            if "top" in decision:
                sure = (heat[:, plane] >= np.asarray(decision["top"][plane], dtype=heat.dtype)).sum(axis=(1, 2))
                found &= (sure > decision["least"][plane])[:, None, None]
            if decision.get("object", [0.0] * self.planes)[plane] > 0:
                found = mask_decision.without_specks(found, decision["object"][plane])
            masks[:, plane] = found
        plain = _masks(masks)
        return Decided(plain.pixels, plain.shapes, self.planes, heat, tuple(thresholds))

    def decide_crossfitted(self, truth: Any, raw: Floats, fold_of: NDArray[np.int8]) -> Any:
        """As `Task.decide_crossfitted`; pixels are counted once for all folds."""
        some = np.arange(0, len(raw), math.ceil(max(raw.size, 1) / mask_decision.FIT_VALUES))
        fit_truth, fit_raw, fit_fold = truth[some], raw[some], fold_of[some]
        counts = self._counts(fit_truth, fit_raw)
        parts, order = [], []
        for fold in np.unique(fold_of):
            here, rest = np.flatnonzero(fold_of == fold), np.flatnonzero(fit_fold != fold)
            rest = rest if len(rest) else np.arange(len(some))
            decision = self._fit(fit_truth, fit_raw, counts, rest)
            decided = self.decide(raw[here], decision)
            parts.append(Decided(decided.pixels, decided.shapes, decided.planes))
            order.append(here)
        return concatenated(parts)[np.argsort(np.concatenate(order))]

    def _counts(self, truth: Masks, raw: Floats) -> list[Counts]:
        shaped, true = raw.reshape(len(raw), self.planes, -1), truth.pixels.reshape(len(raw), self.planes, -1)
        return [Counts.of(true[:, plane], shaped[:, plane]) for plane in range(self.planes)]

    def _fit(self, truth: Masks, raw: Floats, counts: list[Counts], rows: NDArray[np.int64]) -> dict[str, Any]:
        pixels_ = math.prod(self._grid)
        fits = [mask_decision.fitted(self.metric.name, of[rows], pixels_) for of in counts]
        decision: dict[str, Any] = {name: [fit[name] for fit in fits] for name in ("threshold", "top", "least")}
        some = rows[:: max(1, len(rows) // mask_decision.LOOKED_AT)]
        shown = self.decide(raw[some], decision).pixels.reshape(len(some), self.planes, *self._grid)
        true = truth[some].pixels.reshape(shown.shape)
        decision["object"] = [
            mask_decision.least_object(self.metric.name, true[:, plane], shown[:, plane])
            for plane in range(self.planes)
        ]
        return decision

    def perfect(self, truth: Any) -> Floats:
        right: Floats = truth.pixels.reshape(len(truth), -1).astype(self.layout().dtype)
        return right

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        """How often each pixel is of the object."""
        mean = truth.pixels.reshape(len(truth), -1).mean(axis=0)
        return np.tile(mean.astype(self.layout().dtype), (n_rows, 1))

    def facts(self, truth: Any) -> dict[str, float]:
        return {"target_cardinality": float(len(truth)), "target_skew": 0.0, "target_min": 0.0}

    # ------------------------------------------------------------ the submission

    def write(self, decided: Any, ids: pl.Series | None) -> pl.DataFrame:
        """Run lengths in each image's own size, in the rows and the order of the sample submission."""
        import polars as pl

        asked, known = self._asked, self._of_test(len(decided), ids)
        sizes = asked.test_sizes if asked is not None and known else np.tile(self._grid, (len(decided), 1))
        empty = asked.empty if asked is not None else ""
        cells = [self._cells(decided, at, int(h), int(w)) for at, (h, w) in enumerate(sizes)]
        if asked is not None and known and asked.image is not None and asked.kind is not None:
            rows = [cells[i][k] or empty for i, k in zip(asked.image.tolist(), asked.kind.tolist(), strict=True)]
        else:
            rows = [cell or empty for of in cells for cell in of]
        answer = sheet.answer_columns(self.competition, 1)[-1]
        return sheet.fill(
            self.competition,
            {answer: pl.Series(answer, rows, dtype=pl.String)},
            len(rows),
            self._row_ids(len(decided), ids),
        )

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        answer = sheet.answer_columns(self.competition, 1)[-1]
        n_images = frame.height // self.planes if ids is None else len(ids)
        known = self._of_test(n_images, ids)
        sheet.check_shape(self.competition, frame, [answer], None if ids is None else self._row_ids(n_images, ids))
        if frame[answer].null_count():
            raise InvalidPredictions(f"submission column {answer!r}: {frame[answer].null_count()} masks are missing")
        sizes = np.tile(self._grid, (frame.height, 1))
        if known and self._asked is not None:
            images = self._asked.image
            sizes = (
                self._asked.test_sizes.repeat(self.planes, axis=0) if images is None else self._asked.test_sizes[images]
            )
        for cell, (height, width) in zip(frame[answer].to_list(), sizes.tolist(), strict=True):
            check_runs(cell, height, width)

    def _of_test(self, n_rows: int, ids: pl.Series | None) -> bool:
        """Whether these are the test rows, whose sizes and places in the sample are known."""
        if self._asked is None or n_rows != len(self._asked.test_sizes):
            return False
        return (
            ids is None or self._asked.ids is None or bool((ids.cast(self._asked.ids.dtype) == self._asked.ids).all())
        )

    def _row_ids(self, n_images: int, ids: pl.Series | None) -> pl.Series | None:
        """The joined id of each row of the submission; None where images have none."""
        import polars as pl

        from podium.competition.keys import JOINT

        if ids is None and not (self.planes > 1 or self.competition.id_columns):
            return None
        if self._asked is not None and self._asked.row_ids is not None and self._of_test(n_images, ids):
            asked: pl.Series = self._asked.row_ids
            return asked
        images = map(str, range(n_images)) if ids is None else ids.cast(pl.String).to_list()
        joint = JOINT if self.competition.id_columns else "_"
        named = [
            f"{image}{joint}{name}" if name else image for image in images for name in self.competition.classes or ("",)
        ]
        return pl.Series(self.competition.id_column or "id", named, dtype=pl.String)

    @functools.cached_property
    def _along_rows(self) -> bool:
        return rows_first(self.competition.description)

    def _cells(self, decided: Masks, at: int, height: int, width: int) -> list[str]:
        gh, gw = self._grid
        size = self.planes * gh * gw
        masks = decided.pixels[at * size : (at + 1) * size].reshape(self.planes, gh, gw)
        if (height, width) != (gh, gw):
            masks = _enlarged(masks, decided, at, height, width)
        return [encoded(mask, self._along_rows) for mask in masks]


def grid_of(sizes: NDArray[np.int64], planes: int) -> tuple[int, int]:
    """(height, width) of the grid: the images' own where they are alike and small enough, else of their mean shape."""
    height, width = (round(float(side)) for side in np.median(sizes, axis=0))
    most = min(MOST_VALUES, ALL_VALUES / len(sizes)) / planes
    by = min(1.0, math.sqrt(most / (height * width)))
    return max(1, round(height * by)), max(1, round(width * by))


def _masks(masks: NDArray[np.bool_]) -> Masks:
    """From `(n, planes, h, w)`."""
    shapes = np.tile(np.array(masks.shape[2:], dtype=np.int64), (len(masks), 1))
    return Masks(masks.reshape(-1), shapes, masks.shape[1])


def _enlarged(masks: NDArray[np.bool_], decided: Masks, at: int, height: int, width: int) -> NDArray[np.bool_]:
    """The masks in the image's own size: cut anew from the probabilities, where the mask on the grid has them."""
    near = resized(masks, height, width)
    if not isinstance(decided, Decided) or not len(decided.heat):
        return near >= 0.5
    heat = resized(decided.heat[at], height, width)
    return (heat >= np.array(decided.thresholds, dtype=np.float32)[:, None, None]) & (near > 0.0)
