"""A mask an image and class, as run lengths in the image's own size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from podium.arena.sheets.sheet import SPLIT, UNIT, Mask, Sheet
from podium.competition.units import segmentation
from podium.competition.units.mask_cells import rows_first
from podium.errors import UserError
from podium.metrics.shapes import Masks

PLANE, HEIGHT, WIDTH = "podium_plane", "podium_height", "podium_width"  # beside the kept masks
MOST_PIXELS = 1_000_000_000  # of all masks: a byte each, twice


class MaskSheet(Sheet):
    """Rows of an image are its classes; each image has all of them. Masks are scored in the images' own sizes."""

    spelled: ClassVar[bool] = True

    def hidden(self, frame: pl.DataFrame, public: Path) -> pl.DataFrame | None:
        kept = super().hidden(frame.cast(pl.String), public)
        if kept is None:
            return None
        units = segmentation.make(replace(self.competition, data_dir=str(public)), public, 0)
        sizes = np.array(units.names["sizes"].to_list(), dtype=np.int64).reshape(-1, 2)[units.source.train.height :]
        sample = units.source.sample
        if sample is None or "asked_image" not in units.names:
            raise UserError(
                "a contest of masks needs a sample submission", remedy="put sample_submission.csv in public/"
            )
        image = units.names["asked_image"].to_numpy()
        asked = sample.select(pl.col(self.keys).cast(pl.String)).with_columns(
            pl.Series(UNIT, image), units.names["asked_class"].alias(PLANE),
            pl.Series(HEIGHT, sizes[image, 0]), pl.Series(WIDTH, sizes[image, 1]),
        )  # fmt: skip
        found = asked.join(kept, on=self.keys, how="left", maintain_order="left").sort(UNIT, PLANE, maintain_order=True)
        if found.height != kept.height:
            raise UserError("the answers do not name the sample's rows", found=f"{kept.height} rows of {found.height}")
        self._check_size(found)
        return found.select(*kept.columns, UNIT, PLANE, HEIGHT, WIDTH)

    def _check_size(self, kept: pl.DataFrame) -> None:
        total = int((kept[HEIGHT] * kept[WIDTH]).sum())
        planes = kept.group_by(UNIT).len()["len"]
        if total > MOST_PIXELS:
            raise UserError(
                "the masks are too large to be scored here",
                expected=f"{MOST_PIXELS:,} pixels in all",
                found=f"{total:,}",
            )
        if planes.n_unique() > 1:
            raise UserError("images have different numbers of masks", expected="one a class, for each image")

    def truth(self, kept: pl.DataFrame) -> Any:
        self._shapes = kept.select(pl.col(HEIGHT, WIDTH).cast(pl.Int64)).to_numpy()
        self._planes = kept.height // kept[UNIT].n_unique()
        return self._masks(kept)

    def public(self, kept: pl.DataFrame) -> Mask:
        first = kept.unique(UNIT, keep="first", maintain_order=True)
        return (first[SPLIT] == "public").to_numpy()

    def given(self, frame: pl.DataFrame) -> Any:
        return self._masks(frame)

    def _masks(self, frame: pl.DataFrame) -> Masks:
        """Raises InvalidPredictions where runs do not fit their image."""
        cells, along = frame[self.answers[-1]].fill_null("").to_list(), rows_first(self.competition.description)
        shapes = self._shapes[:, ::-1] if along else self._shapes
        read = Masks.from_rle(cells, shapes)
        if along:
            parts = np.split(read.pixels, read.offsets[1:-1])
            turned = [one.reshape(h, w).T.reshape(-1) for one, (h, w) in zip(parts, shapes, strict=True)]
            read = Masks(np.concatenate(turned), self._shapes)
        return Masks(read.pixels, self._shapes[:: self._planes], self._planes)


__all__ = ["MaskSheet"]
