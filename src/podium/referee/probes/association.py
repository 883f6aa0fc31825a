"""How much predictions tell of the truth, on a scale that every task shares: rank correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.tasks.task import Floats

SIGMAS = 4.0  # a rank correlation of n rows further from zero than SIGMAS / √n is no chance


def skill(truth: NDArray[Any], raw: Floats) -> float:
    """Mean over outputs of Spearman's correlation of predictions `(n, k)` with truth: `(n,)` codes or values, or `(n, k)`.

    Codes with several outputs are compared class by class. Outputs that do not vary, and rows with NaN, count nothing.
    """
    wanted = targets(truth, raw.shape[1])
    known = np.isfinite(raw).all(axis=1)
    found = [correlation(raw[known, j], wanted[known, j]) for j in range(raw.shape[1])]
    told = [r for r, column in zip(found, wanted[known].T, strict=True) if np.ptp(column) > 0] if known.any() else []
    return float(np.mean(told)) if told else 0.0


def targets(truth: NDArray[Any], n_outputs: int) -> Floats:
    """Truth as `(n, n_outputs)` float64: one column a class where codes are predicted by probabilities; a value again for each
    of its quantiles."""
    if n_outputs > 1 and getattr(truth, "ndim", 0) == 1 and truth.dtype.kind in "iu":
        return np.asarray(numbers(truth)[:, None] == np.arange(n_outputs), dtype=np.float64)
    wide = numbers(truth).reshape(len(truth), -1)
    return wide if wide.shape[1] == n_outputs else np.repeat(wide.mean(axis=1, keepdims=True), n_outputs, axis=1)


def numbers(truth: Any) -> Floats:
    """Truth as numbers `(n,)` or `(n, k)`, also where it carries more than those: points of series, graded candidates."""
    return np.asarray(getattr(truth, "values", truth), dtype=np.float64)


def ceiling(truth: NDArray[Any], n_outputs: int) -> float:
    """The skill of predictions that rank every row rightly and tie none: 1 for numbers, about 0.87 for two equal classes."""
    wanted = targets(truth, n_outputs)
    places = np.arange(len(wanted), dtype=np.float64)
    found = [correlation(places, np.sort(column)) for column in wanted.T if np.ptp(column) > 0]
    return float(np.mean(found)) if found else 0.0


def correlation(a: Floats, b: Floats) -> float:
    """Spearman's, with mean ranks for ties; 0 where either does not vary, NaN where one holds NaN."""
    if np.isnan(a).any() or np.isnan(b).any():
        return float("nan")
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    first, second = (pl.Series(values).rank("average").to_numpy() for values in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


def chance(n_rows: int) -> float:
    """The rank correlation that `n_rows` rows do not reach by chance."""
    return SIGMAS / float(np.sqrt(max(1, n_rows)))
