"""Does cross-validation tell what the vault says? Gap and rank agreement of out-of-fold and held-out scores.

The error of each score comes from twenty blocks of rows (or of whole groups): their first-order effects where the metric
has an influence function, a delete-a-block jackknife else. The interval of Kendall's tau resamples the same blocks, of
both sides, for all members alike (a linearised cluster bootstrap: Davison and Hinkley 1997, chapters 2 and 3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics import Metric
from podium.metrics.uncertainty import blocks_of, influence
from podium.tasks.task import Floats

SIGMAS = 3.0  # of the gap's own error, beyond which it is no noise
LEAST_RANKED = 3  # members below which ranks say nothing
SAMPLES = 1_000
CONFIDENCE = 0.9
JACKKNIFE_ROWS = 30_000


@dataclass(frozen=True)
class Sample:
    """Rows that were scored: truth `(n, …)`, decisions of one or several fold models on them, groups `(n,)` or None."""

    truth: NDArray[Any]
    decided: Sequence[NDArray[Any]]
    groups: NDArray[Any] | None = None


@dataclass(frozen=True)
class Tracked:
    """One experiment: its out-of-fold score, its vault score (mean over its fold models), and how much the former
    flatters: positive where CV promised more than the vault gave. All in the metric's unit."""

    name: str
    cv: float
    vault: float
    flatters: float
    stderr: float


@dataclass(frozen=True)
class Tracking:
    """The verdict on cross-validation. `flatters`, `stderr`: of the best blend (else of the best member), `vault`: what
    that scored there.

    `tau`: Kendall's, of the members' ranks by CV and by vault, with its 90 % interval; None for fewer than three.
    """

    n_vault: int
    metric: str
    flatters: float | None
    stderr: float | None
    tau: float | None
    tau_low: float | None
    tau_high: float | None
    alarm: bool
    message: str
    vault: float | None = None
    members: tuple[Tracked, ...] = ()


@dataclass(frozen=True)
class Score:
    """A score and the first-order effects of twenty blocks of rows on it, `(20,)`, mean 0."""

    value: float
    effects: Floats

    @property
    def stderr(self) -> float:
        blocks = len(self.effects)
        return math.sqrt(blocks / (blocks - 1) * float((self.effects**2).sum())) if blocks > 1 else math.inf


def score_blocks(metric: Metric, sample: Sample) -> Score:
    """The mean score of the fold models; block effects of the first of them, which the others resemble."""
    value = float(np.mean([metric.function(sample.truth, decided) for decided in sample.decided]))
    truth, decided, groups = sample.truth, sample.decided[0], sample.groups
    rows = influence(metric, truth, decided)
    if rows is not None:
        blocks = blocks_of(len(truth), groups)
        effects = np.bincount(blocks, weights=rows) / len(rows)
        return Score(value, np.asarray(effects - effects.mean(), dtype=np.float64))
    return Score(value, _left_out(metric, truth, decided, groups))


def _left_out(metric: Metric, truth: NDArray[Any], decided: NDArray[Any], groups: NDArray[Any] | None) -> Floats:
    """Effects by leaving blocks out; of every so many rows where there are many, scaled as errors shrink with rows."""
    step = -(-len(truth) // JACKKNIFE_ROWS)
    truth, decided, groups = truth[::step], decided[::step], None if groups is None else groups[::step]
    blocks = blocks_of(len(truth), groups)
    count = int(blocks.max()) + 1
    left = np.array([metric.function(truth[blocks != b], decided[blocks != b]) for b in range(count)])
    return np.asarray((count - 1) / count * (left.mean() - left) / math.sqrt(step), dtype=np.float64)


def track(
    metric: Metric,
    members: Mapping[str, tuple[Sample, Sample]],
    blend: tuple[float, float, Sample] | None,
    n_vault: int,
) -> Tracking:
    """`members`: name → (out-of-fold, vault) samples, best first; `blend`: its CV score, that score's error, its vault
    sample. Deterministic."""
    scores = {name: (score_blocks(metric, cv), score_blocks(metric, vault)) for name, (cv, vault) in members.items()}
    tracked = tuple(
        Tracked(
            name, cv.value, vault.value, metric.sign * (cv.value - vault.value), math.hypot(cv.stderr, vault.stderr)
        )
        for name, (cv, vault) in scores.items()
    )
    flatters = stderr = vault = None
    if blend is not None:
        cv_score, cv_error, sample = blend
        vault_score = score_blocks(metric, sample)
        vault = vault_score.value
        flatters, stderr = metric.sign * (cv_score - vault), math.hypot(cv_error, vault_score.stderr)
    elif tracked:
        flatters, stderr, vault = tracked[0].flatters, tracked[0].stderr, tracked[0].vault
    tau, low, high = _agreement(list(scores.values()))
    alarm = flatters is not None and stderr is not None and math.isfinite(stderr) and abs(flatters) > SIGMAS * stderr
    message = _message(metric.name, n_vault, flatters, stderr, (tau, low, high), len(scores), alarm)
    return Tracking(n_vault, metric.name, flatters, stderr, tau, low, high, alarm, message, vault, tracked)


def untracked(n_vault: int, metric: str, why: str) -> Tracking:
    """Where nothing can be compared: without a vault, or without predictions of its rows."""
    return Tracking(n_vault, metric, None, None, None, None, None, False, why)


def _agreement(scores: list[tuple[Score, Score]]) -> tuple[float | None, float | None, float | None]:
    """Kendall's tau (a) of the members' two orders, and its percentile bootstrap interval."""
    if len(scores) < LEAST_RANKED:
        return None, None, None
    sides = [[pair[side] for pair in scores] for side in (0, 1)]
    rng = np.random.default_rng(len(scores))
    drawn = [_resampled(side, rng) for side in sides]
    observed = [np.array([[score.value for score in side]]) for side in sides]
    taus = np.sort(_taus(drawn[0], drawn[1]))
    edge = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(taus, [edge, 1.0 - edge])
    return float(_taus(observed[0], observed[1])[0]), float(low), float(high)


def _resampled(side: Sequence[Score], rng: np.random.Generator) -> Floats:
    """Scores `(samples, members)` with blocks drawn anew, the same draw for every member."""
    effects = np.array([score.effects for score in side])
    blocks = effects.shape[1]
    weights = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), SAMPLES) - 1.0
    return np.asarray(np.array([score.value for score in side]) + weights @ effects.T, dtype=np.float64)


def _taus(a: Floats, b: Floats) -> Floats:
    left, right = np.triu_indices(a.shape[1], 1)
    agree = np.sign(a[:, left] - a[:, right]) * np.sign(b[:, left] - b[:, right])
    return np.asarray(agree.mean(axis=1), dtype=np.float64)


def _message(
    metric: str, n_vault: int, flatters: float | None, stderr: float | None,
    ranks: tuple[float | None, float | None, float | None], count: int, alarm: bool,
) -> str:  # fmt: skip
    if flatters is None or stderr is None:
        return "CV was not compared with the vault: no predictions of its rows"
    verb = "flatters" if flatters > 0 else "understates"
    size = f"{metric} by {abs(flatters):.2g} ± {stderr:.2g} on {n_vault:,} vault rows"
    verdict = "more than noise allows" if alarm else "within the noise"
    tau, low, high = ranks
    agree = f"{count} experiments are too few to compare ranks"
    if tau is not None:
        agree = f"ranks of {count} experiments agree by tau {tau:.2f} ({low:.2f} to {high:.2f})"
    return f"CV {verb} {size}: {verdict}; {agree}"
