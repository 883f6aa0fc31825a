"""Metrics of predicted distributions: CRPS of a CDF, of samples, of a normal; pinball loss of quantiles."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.metric import Floats, Metric, Needs, PerRow, decomposed, number

TASKS = ("distribution_regression", "forecasting")
CDF_LEVELS = (0.005, 0.02, *(round(0.05 * k, 2) for k in range(1, 20)), 0.98, 0.995)  # between them a CDF is straight
ROWS = 1 << 14  # at a time, so that intermediate tables stay small


def cdf_losses(truth: NDArray[Any], prediction: NDArray[Any], low: int = 0, high: int | None = None) -> Floats:
    """CRPS over whole thresholds as Kaggle scores it: mean over x = low, …, high of (P(y <= x) - [y <= x])^2, `(n, 1)`.

    `prediction` `(n, high - low + 1)`: P(y <= x). Raises InvalidPredictions where the width is another, or truth lies
    outside low..high (the Data Science Bowl's 0..599, the NFL's -99..99).
    """
    cdf = np.asarray(prediction, dtype=np.float64)
    width = cdf.shape[1] if high is None else high - low + 1
    y = np.asarray(truth, dtype=np.float64)
    if cdf.shape[1] != width:
        raise InvalidPredictions(f"expected {width} columns, P(y <= x) for x = {low} to {high}; found {cdf.shape[1]}")
    if len(y) and not low <= y.min() <= y.max() <= low + width - 1:
        raise InvalidPredictions(
            f"CRPS over x = {low} to {low + width - 1} does not cover truth, {y.min():g} to {y.max():g}; "
            "name the range as in crps@-99:99"
        )
    # sum of (P - H)^2 = sum of P^2 + sum over x >= y of (1 - 2 P): no table of steps is needed
    first = np.ceil(y - low).astype(np.int64)
    losses = np.empty(len(y))
    for start in range(0, len(y), ROWS):
        part = cdf[start : start + ROWS]
        reached = np.arange(width) >= first[start : start + ROWS, None]
        losses[start : start + ROWS] = np.einsum("ij,ij->i", part, part) + ((1.0 - 2.0 * part) * reached).sum(axis=1)
    return np.asarray(losses[:, None] / width, dtype=np.float64)


def sample_losses(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """CRPS of samples `(n, m)`: E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007), `(n, 1)`."""
    samples = np.sort(np.asarray(prediction, dtype=np.float64), axis=1)
    m = samples.shape[1]
    near = np.abs(samples - np.asarray(truth, dtype=np.float64)[:, None]).mean(axis=1)
    # of sorted samples, the sum over pairs of |x - x'| is 2 * sum of (2i - m - 1) x_i
    spread = samples @ (2.0 * np.arange(1, m + 1) - m - 1.0) / m**2
    return np.asarray((near - spread)[:, None], dtype=np.float64)


def normal_losses(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """CRPS of a normal, `(n, 2)`: mean and standard deviation (Gneiting et al. 2005), `(n, 1)`; at 0 the absolute error."""
    from scipy.special import ndtr  # heavy: only where it is used

    mean, sd = np.asarray(prediction, dtype=np.float64).T
    if (sd < 0).any():
        raise InvalidPredictions("standard deviations are at least 0; found one below")
    error = np.asarray(truth, dtype=np.float64) - mean
    z = np.divide(error, sd, out=np.zeros_like(error), where=sd > 0)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    losses = sd * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi))
    return np.asarray(np.where(sd > 0, losses, np.abs(error))[:, None], dtype=np.float64)


def pinball_losses(truth: NDArray[Any], prediction: NDArray[Any], quantiles: tuple[float, ...]) -> Floats:
    """max(q (t - p), (q - 1) (t - p)) of each quantile, `(n, q)` (Koenker and Bassett 1978); the metric is their mean."""
    p = np.asarray(prediction, dtype=np.float64)
    p = p[:, None] if p.ndim == 1 else p
    if p.shape[1] != len(quantiles):
        raise InvalidPredictions(f"expected {len(quantiles)} columns, one a quantile; found {p.shape[1]}")
    error = np.asarray(truth, dtype=np.float64).reshape(len(p), -1) - p
    q = np.asarray(quantiles)
    return np.asarray(np.maximum(q * error, (q - 1.0) * error), dtype=np.float64)


def levels_of(text: str, name: str = "pinball") -> tuple[float, ...]:
    """The levels of `0.1,0.5,0.9`. Raises IntakeError where one is no number between 0 and 1, or comes twice."""
    parts = [part for part in text.split(",") if part]
    try:
        levels = tuple(float(part) for part in parts)
    except ValueError:
        levels = ()
    if not levels or not all(0.0 < level < 1.0 for level in levels) or len(set(levels)) < len(levels):
        raise IntakeError(
            f"metric {name}@{text} has no quantiles", expected=f"numbers between 0 and 1, as in {name}@0.1,0.5,0.9",
            found=repr(text), remedy="correct `metric` in config.json",
        )  # fmt: skip
    return levels


def levels_in(name: str) -> tuple[float, ...]:
    """The levels in a canonical name of a loss of quantiles; of the CRPS those that its distributions are learned at; () for
    any other metric."""
    head, _, levels = name.partition("@")
    if head == "crps":
        return CDF_LEVELS
    return levels_of(levels, head) if head in ("pinball", "spl", "wspl") else ()


def _pinball(text: str) -> Metric:
    """`pinball@0.1,0.5,0.9`."""
    levels = levels_of(text)
    spelled = ",".join(number(str(level)) for level in levels)
    per_row = partial(pinball_losses, quantiles=levels)
    made = _metric(f"pinball@{spelled}", f"pinball loss at {spelled}", per_row, "quantiles")
    return replace(made, levels=levels)


def _crps(text: str) -> Metric:
    """`crps@-99:99`. Raises IntakeError where the range is none."""
    match = re.fullmatch(r"(-?\d+):(-?\d+)", text)
    if match is None or int(match[1]) >= int(match[2]):
        raise IntakeError(
            f"metric crps@{text} has no range", expected="its lowest and highest x, as in crps@-99:99",
            found=repr(text), remedy="correct `metric` in config.json",
        )  # fmt: skip
    low, high = int(match[1]), int(match[2])
    per_row = partial(cdf_losses, low=low, high=high)
    return _metric(f"crps@{low}:{high}", f"CRPS over {low} to {high}", per_row, "distribution", 1.0)


def _metric(name: str, title: str, per_row: PerRow, needs: Needs, most: float = math.inf) -> Metric:
    function = decomposed(per_row)
    return Metric(name, title, function, "lower", needs, "value", (0.0, most), 0.0, TASKS, per_row=per_row)


FAMILIES: dict[str, Callable[[str], Metric]] = {"pinball": _pinball, "crps": _crps}
METRICS = (
    _metric("crps", "CRPS", cdf_losses, "distribution", 1.0),
    _metric("crps_samples", "CRPS of samples", sample_losses, "samples"),
    _metric("crps_normal", "CRPS of a normal distribution", normal_losses, "distribution"),
)
