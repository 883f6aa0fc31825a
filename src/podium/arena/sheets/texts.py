"""A text a row."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl

from podium.arena.sheets.sheet import Sheet
from podium.metrics.shapes import Text


class TextSheet(Sheet):
    """Texts are compared as they are spelled; an empty cell is an empty text."""

    spelled: ClassVar[bool] = True

    def truth(self, kept: pl.DataFrame) -> Any:
        return Text(tuple(kept[self.answers[-1]].fill_null("").to_list()))

    def given(self, frame: pl.DataFrame) -> Any:
        return self.truth(frame)


__all__ = ["TextSheet"]
