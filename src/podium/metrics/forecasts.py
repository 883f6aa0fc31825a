"""Metrics of forecasts: MASE, RMSSE, WRMSSE, weighted MAE, scaled pinball loss.

Truth is `shapes.Series`; prediction `(n,)`, one a point, or `(n, q)`, its quantiles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.distributions import levels_of, pinball_losses
from podium.metrics.metric import Floats, Metric, number
from podium.metrics.shapes import Series

TASKS = ("forecasting",)
UNBOUNDED = (0.0, float("inf"))


def scaled(name: str) -> bool:
    """Whether the metric of this name scales or weighs points by their series, so that its truth is `shapes.Series`."""
    return name.partition("@")[0] in ("mase", "rmsse", "wrmsse", "wmae", "spl", "wspl")


def naive_scale(values: NDArray[Any], series: NDArray[Any], season: int = 1, squared: bool = False) -> Floats:
    """In-sample error of the seasonal naive forecast of each series 0, 1, …, `(s,)`: mean |y_t - y_(t - season)|.

    `values` and `series` `(n,)`, each series in the order of time. `squared`: the mean of squares, for RMSSE. NaN where a
    series has no more than `season` points.
    """
    order = np.argsort(series, kind="stable")
    y, of = np.asarray(values, dtype=np.float64)[order], np.asarray(series)[order]
    step = np.abs(y[season:] - y[:-season])
    inside = of[season:] == of[:-season]
    size = int(of.max()) + 1
    total = np.bincount(of[season:][inside], weights=(step**2 if squared else step)[inside], minlength=size)
    counts = np.bincount(of[season:][inside], minlength=size)
    return np.asarray(np.divide(total, counts, out=np.full(size, np.nan), where=counts > 0), dtype=np.float64)


def _by_series(losses: Floats, truth: Series, weight: Floats | None) -> tuple[Floats, Floats]:
    """Mean loss of each series over its points, and the series' own weight: that of its points, averaged."""
    _, of = np.unique(truth.series, return_inverse=True)
    w = np.ones(len(losses)) if weight is None else weight
    size = np.bincount(of, weights=w)
    own = np.bincount(of, weights=w * truth.weight) / size
    return np.asarray(np.bincount(of, weights=w * losses) / size, dtype=np.float64), np.asarray(own, dtype=np.float64)


def _scaled(part: Floats, scale: Floats) -> Floats:
    """part / scale; a constant history has scale 0: an error then is infinite, none is 0."""
    safe = np.divide(part, scale, out=np.zeros_like(part), where=scale > 0)
    return np.asarray(np.where((scale > 0) | (part == 0), safe, np.inf), dtype=np.float64)


def mase(truth: Series, prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """Mean over series of the mean over points of |p - t| / scale (Hyndman and Koehler 2006)."""
    means, _ = _by_series(_scaled(np.abs(prediction - truth.values), truth.scale), truth, weight)
    return float(means.mean())


def rmsse(truth: Series, prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """Mean over series of sqrt(mean over points of (p - t)^2 / scale); scale is a mean of squares (M5)."""
    means, _ = _by_series(_scaled((prediction - truth.values) ** 2, truth.scale), truth, weight)
    return float(np.sqrt(means).mean())


def wrmsse(truth: Series, prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """RMSSE averaged with the series' weights (M5, over the series that are given: its aggregation levels are series)."""
    means, own = _by_series(_scaled((prediction - truth.values) ** 2, truth.scale), truth, weight)
    return float(own @ np.sqrt(means) / own.sum())


def wmae(truth: Series, prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """Sum of w |p - t| over the sum of w, w the weight of the point (Walmart store sales)."""
    w = truth.weight if weight is None else truth.weight * weight
    return float(w @ np.abs(prediction - truth.values) / w.sum())


def scaled_pinball(
    truth: Series, prediction: NDArray[Any], weight: Floats | None = None, levels: tuple[float, ...] = (0.5,)
) -> float:
    """Pinball loss, the mean over points and quantiles, divided by the series' scale and averaged with the series' weights
    (M5's uncertainty; plain where all weigh alike)."""
    losses = pinball_losses(truth.values, prediction, levels).mean(axis=1)
    means, own = _by_series(_scaled(losses, truth.scale), truth, weight)
    return float(own @ means / own.sum())


def _scaled_pinball(text: str, name: str, title: str) -> Metric:
    levels = levels_of(text, name)
    spelled = ",".join(number(str(level)) for level in levels)
    return Metric(
        f"{name}@{spelled}", f"{title} at {spelled}", partial(scaled_pinball, levels=levels), "lower", "quantiles", "value",
        UNBOUNDED, 0.0, TASKS, levels=levels,
    )  # fmt: skip


FAMILIES: dict[str, Callable[[str], Metric]] = {
    "spl": partial(_scaled_pinball, name="spl", title="scaled pinball loss"),
    "wspl": partial(_scaled_pinball, name="wspl", title="weighted scaled pinball loss"),
}
METRICS = (
    Metric("mase", "MASE", mase, "lower", "value", "value", UNBOUNDED, 0.0, TASKS),
    Metric("rmsse", "RMSSE", rmsse, "lower", "value", "value", UNBOUNDED, 0.0, TASKS),
    Metric("wrmsse", "WRMSSE", wrmsse, "lower", "value", "value", UNBOUNDED, 0.0, TASKS),
    Metric("wmae", "weighted MAE", wmae, "lower", "value", "value", UNBOUNDED, 0.0, TASKS),
)
