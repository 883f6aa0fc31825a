"""What the private leaderboard will say of a submission: an expected score with a predictive interval.

The estimate is out of fold, blind to each row's label, then moved by what is known to separate it from the private score
(`Shift`: averaging fold models helps, choosing the best of many flatters, test may have drifted), then combined with the
vault. The interval covers the error of that estimate AND the draw of the private test rows: an interval for the model's
true score alone would be far too narrow on a test of a few hundred rows.

Vault and out-of-fold are two estimates of one figure. The vault is unbiased and noisy, the other precise and maybe biased:
as in a random-effects combination (DerSimonian and Laird 1986) the out-of-fold estimate gets an excess variance of what the
gap shows, here beyond two of its standard errors, so a vault that contradicts it takes over, and one that agrees sharpens it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.errors import PodiumError
from podium.metrics import Metric
from podium.metrics.uncertainty import estimate, influence, quantile
from podium.tasks.task import Floats

CONFIDENCE = 0.9
SIGMAS = 2.0  # of the gap's own error: a smaller one counts against nobody, or a third of honest intervals would widen
SAMPLES = 4_000  # draws of a private test set and of the estimate's error
DRAWN_UNITS = 2_000  # beyond so many test units their mean is normal, and nothing is drawn
KEPT_UNITS = 20_000  # effects to draw from
LEAST_UNITS = 2
UNDEFINED = (ValueError, ZeroDivisionError, PodiumError)  # what a metric raises on rows that it has no score for


@dataclass(frozen=True)
class Basis:
    """A score and the sample it rests on. `units`: rows, or whole groups; `effects` `(m,)`: each unit's first-order
    effect times the number of units, mean 0 (None where the metric has no influence function); `stderr` of the score."""

    value: float
    stderr: float
    freedom: float
    units: int
    effects: Floats | None = None


@dataclass(frozen=True)
class Shift:
    """A known difference between out-of-fold and private score, in the metric's unit, with how unsure it is."""

    name: str
    value: float
    stderr: float


@dataclass(frozen=True)
class Expected:
    """The expected private score and its 90 % predictive interval `low`..`high`, in the metric's unit.

    `stderr`: of the estimate alone; `test_stderr`: what the private rows' draw adds; `test_width`: how wide the interval
    would be if the true score were known, by the test's size alone. `out_of_fold`: before any shift. `weight`: the
    vault's share in the estimate.
    """

    score: float
    low: float
    high: float
    stderr: float
    test_stderr: float
    test_width: float
    n_test: int
    out_of_fold: float
    shifts: tuple[Shift, ...] = ()
    vault: float | None = None
    weight: float = 0.0
    confidence: float = CONFIDENCE
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """How many times wider than the test's size alone implies."""
        return (self.high - self.low) / self.test_width if self.test_width > 0 else math.inf


def basis_of(
    metric: Metric, truth: NDArray[Any], decided: NDArray[Any], groups: NDArray[Any] | None = None,
    *, value: float | None = None,
) -> Basis:  # fmt: skip
    """The sample behind a score of decisions `(n, …)`. `value`: the honest score, where it is not that of `decided`."""
    judged = estimate(metric, truth, decided, groups)
    rows = influence(metric, truth, decided)
    units = len(truth) if groups is None else len(np.unique(groups))
    effects = None
    if rows is not None and units >= LEAST_UNITS:
        effects = rows if groups is None else _by_group(rows, groups, units)
        effects = effects[:: -(-len(effects) // KEPT_UNITS)]
    return Basis(judged.value if value is None else value, judged.stderr, judged.freedom, units, effects)


def _by_group(rows: Floats, groups: NDArray[Any], units: int) -> Floats:
    _, of = np.unique(groups, return_inverse=True)
    return np.asarray(np.bincount(of, weights=rows) * (units / len(rows)), dtype=np.float64)


def expect(
    metric: Metric,
    basis: Basis,
    n_test: int,
    *,
    shifts: Sequence[Shift] = (),
    vault: tuple[float, float] | None = None,
    between: float = 0.0,
    notes: Sequence[str] = (),
) -> Expected:
    """`n_test`: private test units (rows or groups). `vault`: score and standard error there of the very predictions that
    are submitted. `between`: standard deviation of the score from period to period, where test is another period."""
    moved = basis.value + sum(shift.value for shift in shifts)
    error = math.sqrt(basis.stderr**2 + sum(shift.stderr**2 for shift in shifts))
    score, stderr, weight = _combined(moved, error, vault)
    test = basis.stderr * math.sqrt(basis.units / max(1, n_test))
    edge = (1.0 - CONFIDENCE) / 2.0
    low, high = metric.bounds  # all that can be said where an error is unknown
    if all(map(math.isfinite, (stderr, test, between))):
        drawn = _draws(basis, stderr, test, n_test, between)
        low, high = np.clip(score + np.quantile(drawn, [edge, 1.0 - edge]), *metric.bounds).tolist()
    width = 2.0 * quantile(1.0 - edge) * test
    score = float(np.clip(score, *metric.bounds))
    return Expected(
        score, low, high, stderr, test, width, n_test, basis.value, tuple(shifts),
        None if vault is None else vault[0], weight, notes=tuple(notes),
    )  # fmt: skip


def _combined(moved: float, error: float, vault: tuple[float, float] | None) -> tuple[float, float, float]:
    """(score, standard error, the vault's weight)."""
    if vault is None or not math.isfinite(vault[1]) or vault[1] <= 0:
        return moved, error, 0.0
    excess = max(0.0, (vault[0] - moved) ** 2 - SIGMAS**2 * (error**2 + vault[1] ** 2))
    ours, its = 1.0 / max(error**2 + excess, 1e-300), 1.0 / vault[1] ** 2
    weight = its / (ours + its)
    return (1.0 - weight) * moved + weight * vault[0], math.sqrt(1.0 / (ours + its)), weight


def _draws(basis: Basis, stderr: float, test: float, n_test: int, between: float) -> Floats:
    """Private score minus expected score, `(SAMPLES,)`: the estimate's error, the period's and the test rows' draw."""
    rng = np.random.default_rng([basis.units, n_test])
    tails = _standard(rng, basis.freedom)
    around = np.hypot(stderr, between) * tails
    if basis.effects is None:
        return np.asarray(
            np.hypot(np.hypot(stderr, between), test) * tails
        )  # one draw: its own spread is what `freedom` limits
    if n_test > DRAWN_UNITS:
        return np.asarray(around + test * rng.standard_normal(SAMPLES), dtype=np.float64)
    means = np.empty(SAMPLES)
    step = max(1, 4_000_000 // n_test)
    for at in range(0, SAMPLES, step):
        picked = rng.integers(0, len(basis.effects), size=(min(step, SAMPLES - at), n_test), dtype=np.int32)
        means[at : at + step] = basis.effects[picked].mean(axis=1)
    spread = float(basis.effects.std()) / math.sqrt(n_test)
    return np.asarray(around + (means * (test / spread) if spread > 0 else 0.0), dtype=np.float64)


def _standard(rng: np.random.Generator, freedom: float) -> Floats:
    """Student's t where the error rests on few blocks, else normal."""
    if not math.isfinite(freedom) or freedom > 200:
        return np.asarray(rng.standard_normal(SAMPLES), dtype=np.float64)
    return np.asarray(rng.standard_t(max(freedom, 2.0), SAMPLES), dtype=np.float64)


def between_folds(scores: Sequence[float], errors: Sequence[float]) -> float:
    """Standard deviation of the score from fold to fold beyond sampling noise (method of moments); 0 for fewer than 3.

    Meant for folds that are periods of time: test is one more of them, so it is widened for the draw and for the mean.
    """
    kept = [(s, e) for s, e in zip(scores, errors, strict=True) if math.isfinite(s) and math.isfinite(e)]
    if len(kept) < 3:
        return 0.0
    values, noises = np.array(kept).T
    excess = float(values.var(ddof=1) - (noises**2).mean())
    return math.sqrt(max(0.0, excess) * (1.0 + 1.0 / len(kept)))
