"""Predictions that are no table of numbers, as arrays of one width: boxes, rankings and texts, filled up after the last.

One width for every row keeps each prediction an array: folds, means, standard errors and files treat all kinds alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Dense, Layout

Floats = NDArray[np.float64]
NO_ITEM = -1.0
BOX = 6  # class code, xmin, ymin, xmax, ymax, confidence


def boxes(found: Sequence[NDArray[Any]], layout: Layout) -> Dense:
    """One array `(m, 6)` an image; the `layout.shape[0]` most confident are kept."""
    out = np.zeros((len(found), *layout.shape), dtype=layout.dtype)
    for row, of in enumerate(found):
        listed = np.asarray(of, dtype=np.float64).reshape(-1, BOX)
        best = listed[np.argsort(-listed[:, 5], kind="stable")][: layout.shape[0]]
        out[row, : len(best)] = best
    return Dense(out)


def unpack_boxes(values: NDArray[Any]) -> list[Floats]:
    """`boxes`' inverse, from `(n, most * 6)`: arrays `(m, 6)`; a confidence of 0 ends the list."""
    shaped = _in_rows_of(values, BOX)
    return [of[of[:, 5] > 0] for of in shaped]


def rankings(items: Sequence[Sequence[int]], scores: Sequence[Sequence[float]], layout: Layout) -> Dense:
    """Item codes, best first, with scores that only rank (the higher, the better), `(m,)` of each a row."""
    most = layout.shape[0]
    out = np.zeros((len(items), *layout.shape), dtype=layout.dtype)
    out[:, :, 0] = NO_ITEM
    for row, (codes, of) in enumerate(zip(items, scores, strict=True)):
        n = min(most, len(codes))
        out[row, :n, 0], out[row, :n, 1] = codes[:n], of[:n]
    return Dense(out)


def unpack_rankings(values: NDArray[Any]) -> tuple[list[NDArray[np.int64]], list[Floats]]:
    """`rankings`' inverse, from `(n, most * 2)`: (codes, scores) a row."""
    shaped = _in_rows_of(values, 2)
    kept = [of[of[:, 0] >= 0] for of in shaped]
    return [of[:, 0].astype(np.int64) for of in kept], [of[:, 1] for of in kept]


def spans(found: Sequence[str], probabilities: Sequence[NDArray[Any]], layout: Layout) -> Dense:
    """The text of each row, and the probability `(characters,)` that each of its characters belongs to the answer."""
    out = np.zeros((len(found), *layout.shape), dtype=layout.dtype)
    for row, (text, p) in enumerate(zip(found, probabilities, strict=True)):
        n = min(len(text), layout.shape[1])
        out[row, 0, :n] = [ord(letter) for letter in text[:n]]
        out[row, 1, :n] = p[:n]
    return Dense(out)


def texts(found: Sequence[str], layout: Layout) -> Dense:
    """Code points; what is longer than the layout allows is cut."""
    out = np.zeros((len(found), *layout.shape), dtype=layout.dtype)
    for row, text in enumerate(found):
        codes = [ord(letter) for letter in text[: layout.shape[0]]]
        out[row, : len(codes)] = codes
    return Dense(out)


def unpack_texts(values: NDArray[Any]) -> list[str]:
    """`texts`' inverse, from `(n, longest)`."""
    codes = np.asarray(values, dtype=np.int64)
    return ["".join(map(chr, row[row > 0].tolist())) for row in codes]


def _in_rows_of(values: NDArray[Any], k: int) -> Floats:
    """`(n, m * k)`, or `(n, m, k)`, as `(n, m, k)`; n may be 0."""
    width = math.prod(values.shape[1:])
    return np.asarray(values, dtype=np.float64).reshape(len(values), width // k, k)
