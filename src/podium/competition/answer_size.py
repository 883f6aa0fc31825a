"""How large an answer is, where answers are no numbers: what the audit can hold columns and files against."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.units import TRUTH


def is_structured(labels: pl.DataFrame) -> bool:
    """Whether these labels are masks, boxes, lists or texts instead of classes or numbers."""
    return TRUTH in labels.columns


def answer_size(labels: pl.DataFrame) -> NDArray[np.float64]:
    """`(n,)`: mean brightness of a mask or an image (0..1), entries of a list, characters of a text."""
    answers = labels[TRUTH]
    if answers.dtype == pl.Binary:
        return np.array([_brightness(data) for data in answers.to_list()])
    sizes = answers.list.len() if isinstance(answers.dtype, pl.List) else answers.str.len_chars()
    return sizes.cast(pl.Float64).fill_null(0.0).to_numpy()


def _brightness(data: bytes) -> float:
    from podium import pixels

    return float(pixels.decode(data).mean() / 255.0)
