"""Image to image: every pixel's value. Raw predictions are whole images in 0..1, at the top left of a frame that holds the
largest; truth is as large, and not a number where an image ends.

A score pools the pixels of all images, as hosts do who ask for a row a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import pixels
from podium.competition.kinds.pictures import PIXEL
from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.metrics import Metric
from podium.protocol import Layout
from podium.records import Competition
from podium.tasks import sheet
from podium.tasks.asked_rows import Asked
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

CHUNK = 1_000_000  # rows of the submission made at a time
ROUNDED = 5  # digits of a value written


class ImageToImageTask(Task):
    """The metric is taken over pixels that are there; its standard errors are over images."""

    answers = ("image",)
    inputs = ("image",)
    _frame = (0, 0)
    _asked: Asked | None = None

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, metric)
        self._scale = 1.0
        self.metric = replace(metric, function=self._pooled, per_row=self._per_image, weighted=True)
        self._of_values = metric

    def measure(self, folder: Path) -> None:
        self._asked = Asked.read(folder)
        self._scale = self._asked.scale
        self._frame = (int(self._asked.sizes[:, 0].max()), int(self._asked.sizes[:, 1].max()))

    @property
    def channels(self) -> int:
        return len(sheet.answer_columns(self.competition, len(self.competition.submission_columns) - 1))

    def layout(self) -> Layout:
        if not self._frame[0]:
            raise ValueError("the frame of images follows from the files: call measure first")
        return Layout("images", (self.channels, *self._frame), "float16")

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        """`(n, k)` float32 in 0..1, NaN beyond the image."""
        out = np.full((labels.height, *self.layout().shape), np.nan, dtype=np.float32)
        for at, data in enumerate(labels[TRUTH].to_list()):
            planes = pixels.decode(data)
            out[at, :, : planes.shape[1], : planes.shape[2]] = planes / np.float32(255.0)
        return out.reshape(len(out), -1)

    def check(self, values: Any, n_rows: int) -> Floats:
        array = np.asarray(values)
        if array.dtype.kind != "f" or array.shape not in ((n_rows, self.n_outputs()), (n_rows, *self.layout().shape)):
            raise InvalidPredictions(
                f"predictions: expected images of shape ({n_rows}, {self.n_outputs()}); found {array.dtype} {array.shape}"
            )
        array = array.reshape(n_rows, self.n_outputs())
        if not np.isfinite(array).all():
            raise InvalidPredictions("predictions: expected finite values of pixels; found NaN or infinity")
        return array.astype(self.layout().dtype, copy=False)

    # ------------------------------------------------------------ scores

    def _errors(self, truth: NDArray[Any], decided: NDArray[Any]) -> Iterator[tuple[float, int]]:
        """(sum of the metric's losses, pixels) of each image."""
        assert self._of_values.per_row is not None, "metrics of pixels decompose"
        for true, given in zip(truth, decided, strict=True):
            there = np.flatnonzero(np.isfinite(true))
            losses = self._of_values.per_row(self._scale * true[there], self._scale * given[there].astype(np.float32))
            yield float(losses.sum()), len(there)

    def _per_image(self, truth: NDArray[Any], decided: NDArray[Any]) -> Floats:
        """`(n, 1)`: an image's share of the loss, so that the mean over images is the mean over all their pixels."""
        found = np.array(list(self._errors(truth, decided)), dtype=np.float64).reshape(-1, 2)
        return np.asarray(found[:, :1] / max(found[:, 1].mean(), 1.0), dtype=np.float64)

    def _pooled(self, truth: Any, prediction: Any, weight: Floats | None = None) -> float:
        losses = self._per_image(truth, prediction)[:, 0]
        mean = float(losses.mean() if weight is None else weight @ losses / weight.sum())
        return float(np.sqrt(mean)) if self._of_values.link == "sqrt" else mean

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        return {}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        return np.clip(raw, 0.0, 1.0)

    def perfect(self, truth: NDArray[Any]) -> Floats:
        right: Floats = np.nan_to_num(truth, nan=0.0).astype(self.layout().dtype)
        return right

    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        """Every pixel as bright as the mean."""
        return np.full((n_rows, self.n_outputs()), np.nanmean(truth), dtype=self.layout().dtype)

    def facts(self, truth: NDArray[Any]) -> dict[str, float]:
        return {"target_cardinality": float(len(truth)), "target_skew": 0.0, "target_min": 0.0}

    # ------------------------------------------------------------ the submission

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        """A row a pixel, `image_row_column`, in the sample's rows and order, a million at a time."""
        import polars as pl

        answers = sheet.answer_columns(self.competition, self.channels)
        values = decided.reshape(len(decided), *self.layout().shape)
        asked = self._rows(len(decided), ids)
        parts = [
            pl.DataFrame(
                [rows["id"].alias(self.competition.submission_columns[0]), *self._values(values, rows, answers)]
            )
            for rows in asked.iter_slices(CHUNK)
        ]
        return pl.concat(parts).select(self.competition.submission_columns)

    def _values(self, images: NDArray[Any], rows: pl.DataFrame, answers: list[str]) -> list[pl.Series]:
        import polars as pl

        image, row, column = (rows[name].to_numpy() for name in ("image", "row", "column"))
        return [
            pl.Series(name, np.round(self._scale * images[image, channel, row, column].astype(np.float64), ROUNDED))
            for channel, name in enumerate(answers)
        ]

    def _rows(self, n_images: int, ids: pl.Series | None) -> pl.DataFrame:
        """`id`, `image`, `row`, `column` (from 0) of each row that is asked for: the sample's, else every pixel."""
        import polars as pl

        asked = self._asked
        known = (
            asked is not None
            and n_images == asked.n_test
            and (ids is None or bool((ids.cast(pl.String) == asked.ids).all()))
        )
        if asked is not None and known and asked.row_ids is not None:
            parts = pl.DataFrame([asked.row_ids.alias("id"), pl.Series("image", asked.image)]).with_columns(
                pl.col("id").str.extract(PIXEL, 2).cast(pl.Int32).alias("row"),
                pl.col("id").str.extract(PIXEL, 3).cast(pl.Int32).alias("column"),
            )
            first = 0 if (parts["row"].min() == 0 or parts["column"].min() == 0) else 1
            return parts.with_columns(pl.col("row") - first, pl.col("column") - first)
        names = pl.Series("name", range(n_images)).cast(pl.String) if ids is None else ids.cast(pl.String).alias("name")
        height, width = self._frame
        grid = pl.DataFrame({"row": np.repeat(np.arange(height), width), "column": np.tile(np.arange(width), height)})
        every = pl.DataFrame([names, pl.Series("image", range(n_images))]).join(grid, how="cross")
        return every.select(
            pl.format("{}_{}_{}", "name", pl.col("row") + 1, pl.col("column") + 1).alias("id"), "image", "row", "column"
        )

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        import polars as pl

        answers = sheet.answer_columns(self.competition, self.channels)
        n_images = frame.height // max(1, self._frame[0] * self._frame[1]) if ids is None else len(ids)
        asked = self._rows(n_images, ids)["id"] if ids is not None else None
        name = self.competition.submission_columns[0]
        if tuple(frame.columns) != self.competition.submission_columns:
            raise InvalidPredictions(
                f"submission header: expected {', '.join(self.competition.submission_columns)}; found {', '.join(frame.columns)}"
            )
        if asked is not None and (len(asked) != frame.height or not (frame[name].cast(pl.String) == asked).all()):
            raise InvalidPredictions(
                f"submission rows: expected {len(asked):,} pixels in the sample's order; found {frame.height:,}"
            )
        sheet.numbers(frame, answers, 0.0, self._scale)
