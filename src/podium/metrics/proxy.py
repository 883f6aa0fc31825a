"""A score whose formula nobody knows ("points"): metrics that may stand in for it, and how well each tracks it.

A campaign optimises one stated proxy. Each score that comes back makes a pair (proxy on out-of-fold predictions of what
was submitted, score). From three pairs on, Kendall's tau-b says how alike the two rank the submissions; its interval is
Fieller, Hartley and Pearson's (1957) on Fisher's scale, with half a discordant pair as a continuity correction, so that
a few pairs in perfect order do not claim certainty. A monotone fit (isotonic regression by pooling adjacent violators,
Barlow et al. 1972) turns the proxy into the score's own unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.metrics import get
from podium.metrics.uncertainty import quantile
from podium.records import Direction

Floats = NDArray[np.float64]
LEAST = 3  # pairs before anything is said
LEAST_WARNING = 6  # pairs before another proxy may be called clearly better
DOUBT = 0.05  # chance of calling any candidate clearly better where none is
CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "binary_classification": ("log_loss", "auc", "average_precision", "brier", "f1", "accuracy", "mcc"),
    "multiclass_classification": ("log_loss", "accuracy", "f1_macro", "balanced_accuracy", "mcc"),
    "multilabel_classification": ("log_loss", "auc", "average_precision", "f1_macro", "f1_micro"),
    "regression": ("rmse", "mae", "medae", "r2", "pearson", "spearman"),
    "ordinal_regression": ("qwk", "accuracy", "f1_macro", "mae"),
}


@dataclass(frozen=True)
class Tracking:
    """How well one proxy ranks the submissions: Kendall's tau-b (1: exactly as the score does) and its 95 % interval."""

    proxy: str
    tau: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """`n` submissions with a score. `fit`: (proxy, score) of the monotone fit, proxy ascending; `spread`: standard
    deviation of the scores about it. `better`: another proxy that clearly tracks the score better."""

    n: int
    current: Tracking
    others: tuple[Tracking, ...]  # best first
    fit: tuple[tuple[float, float], ...]
    spread: float
    better: str | None = None

    def expected(self, value: float) -> float:
        """The score that the fit expects at a value of the proxy; flat beyond the pairs seen."""
        x, y = zip(*self.fit, strict=True)
        return float(np.interp(value, x, y))


def candidates(task_type: str) -> tuple[str, ...]:
    """Metrics that may stand in for an unknown score of this kind of task, the default first; () where there is none."""
    return CANDIDATES.get(task_type, ())


def calibrate(
    proxies: Mapping[str, Sequence[float]], scores: Sequence[float], current: str, direction: Direction
) -> Calibration | None:
    """How well `current`, and every other of `proxies` (name → value for each submission), tracks `scores`.

    None for fewer than `LEAST` finite pairs. `direction` is the score's own. Deterministic.
    """
    public = np.asarray(scores, dtype=np.float64) * (1.0 if direction == "higher" else -1.0)
    values = {name: get(name).sign * np.asarray(found, dtype=np.float64) for name, found in proxies.items()}
    known = np.isfinite(public) & np.isfinite(values[current])
    if int(known.sum()) < LEAST:
        return None
    public = public[known]
    merits = {name: found[known] for name, found in values.items() if np.isfinite(found[known]).all()}
    tracked = {name: tracking(name, found, public) for name, found in merits.items()}
    others = sorted((t for name, t in tracked.items() if name != current), key=lambda t: (-t.tau, t.proxy))
    fit, spread = _fit(np.asarray(proxies[current], dtype=np.float64)[known], merits[current], public, direction)
    better = _clearly_better(merits, public, current, others)
    return Calibration(len(public), tracked[current], tuple(others), fit, spread, better)


def tracking(name: str, merit: Floats, public: Floats) -> Tracking:
    """Kendall's tau-b of two sets of merits (more is better), with its interval."""
    n, tau = len(public), kendall(merit, public)
    if n <= 4:
        return Tracking(name, tau, -1.0, 1.0)  # so few pairs exclude nothing
    most = 1.0 - 2.0 / (n * (n - 1))
    centre, reach = math.atanh(min(max(tau, -most), most)), 1.96 * math.sqrt(0.437 / (n - 4))
    return Tracking(name, tau, math.tanh(centre - reach), math.tanh(centre + reach))


def kendall(first: Floats, second: Floats) -> float:
    """Kendall's tau-b, -1 to 1; 0 where one of them is constant. Quadratic in n: submissions are few."""
    upper = np.triu_indices(len(first), 1)
    a = np.sign(first[:, None] - first[None, :])[upper]
    b = np.sign(second[:, None] - second[None, :])[upper]
    pairs = math.sqrt(float((a != 0).sum()) * float((b != 0).sum()))
    return float((a * b).sum() / pairs) if pairs > 0 else 0.0


def isotonic(values: Floats) -> Floats:
    """The non-decreasing sequence nearest to `values` in squares, by pooling adjacent violators."""
    means: list[float] = []
    counts: list[int] = []
    for value in values.tolist():
        means.append(value)
        counts.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            total = counts[-2] + counts[-1]
            means[-2:] = [(means[-2] * counts[-2] + means[-1] * counts[-1]) / total]
            counts[-2:] = [total]
    return np.repeat(np.array(means), counts)


def _fit(
    proxy: Floats, merit: Floats, public: Floats, direction: Direction
) -> tuple[tuple[tuple[float, float], ...], float]:
    """Knots of the monotone fit, proxy ascending, in the score's own unit; and the residuals' standard deviation."""
    levels, place = np.unique(merit, return_inverse=True)
    counts = np.bincount(place)
    means = np.bincount(place, weights=public) / counts
    fitted = np.repeat(means, counts)  # ties of the proxy share one value: pool them with their weight
    smooth = isotonic(fitted)[np.cumsum(counts) - 1]
    residual = public - smooth[place]
    freedom = max(1, len(public) - len(np.unique(smooth)))
    spread = float(np.sqrt((residual**2).sum() / freedom))
    own = dict(zip(place.tolist(), proxy.tolist(), strict=True))
    unit = 1.0 if direction == "higher" else -1.0
    knots = sorted((own[at], unit * float(smooth[at])) for at in range(len(levels)))
    return tuple(knots), spread


def _clearly_better(
    merits: Mapping[str, Floats], public: Floats, current: str, others: Sequence[Tracking]
) -> str | None:
    """The best other proxy, where its tau is above the current one's by more than chance explains.

    A jackknife over submissions gives the difference's standard error; the bound is Bonferroni's over the candidates.
    """
    n = len(public)
    if n < LEAST_WARNING or not others:
        return None
    best = others[0].proxy
    gain = kendall(merits[best], public) - kendall(merits[current], public)
    without = [np.delete(np.arange(n), at) for at in range(n)]
    left = np.array([kendall(merits[best][r], public[r]) - kendall(merits[current][r], public[r]) for r in without])
    stderr = math.sqrt((n - 1) / n * float(((left - left.mean()) ** 2).sum()))
    bound = quantile(1.0 - DOUBT / len(others), n - 1) * max(stderr, 1.0 / (n * (n - 1)))
    return best if gain > bound else None
