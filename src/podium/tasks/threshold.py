"""Decisions for label metrics: a family of deciders indexed 0..G-1, chosen on counts, kept only on evidence.

Each family is one-dimensional (a threshold; a power of the class priors), so it cannot fit much noise. The choice is
cross-fitted: every fifth of the rows is decided by what the other four chose. It replaces the plain decision only
where the cross-fitted gain is above `Z` of its own jackknife standard error; else the plain one stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.labels import FROM_CONFUSION, FromConfusion
from podium.metrics.metric import Floats
from podium.metrics.uncertainty import blocks_of

Z = 1.645  # one-sided 5 %
CANDIDATES = 128
SMOOTHING = 5
POWERS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)  # of 1 / class prior
MIN_ROWS = 50
INNER_FOLDS = 5
MAX_CLASSES = 150  # beyond it confusion matrices of all blocks would not be small


def fit_threshold(truth: NDArray[Any], positive: Floats, metric: str) -> float:
    """The threshold t of "positive where p >= t" for 0/1 truth `(n,)`; 0.5 unless another is shown to be better."""
    if len(truth) < MIN_ROWS or not 0 < truth.sum() < len(truth):
        return 0.5
    grid = np.unique(np.append(np.quantile(positive, np.linspace(0.005, 0.995, CANDIDATES)), 0.5))
    plain = int(np.searchsorted(grid, 0.5))
    blocks = blocks_of(len(truth))
    counts = _binary_counts(truth, positive, grid, blocks)
    chosen = choose(counts, FROM_CONFUSION[metric], plain, smoothing=SMOOTHING)
    return 0.5 if chosen is None else float(grid[chosen])


def fit_prior_power(truth: NDArray[Any], probabilities: Floats, metric: str) -> list[float] | None:
    """Class weights w = prior^-a of "class of the largest w p", a in 0..1; None for the plain argmax."""
    size = probabilities.shape[1]
    if len(truth) < MIN_ROWS or size > MAX_CLASSES:
        return None
    prior = np.maximum(probabilities.mean(axis=0), 1e-9)
    blocks = blocks_of(len(truth))
    cell = (blocks * size + truth) * size
    n_blocks = int(blocks.max()) + 1
    counts = np.stack(
        [
            np.bincount(
                cell + np.argmax(probabilities * prior**-power, axis=1), minlength=n_blocks * size * size
            ).reshape(n_blocks, size, size)
            for power in POWERS
        ]
    ).astype(np.float64)
    chosen = choose(counts, FROM_CONFUSION[metric], 0)
    if not chosen:
        return None
    weights = prior ** -POWERS[chosen]
    return [float(weight) for weight in weights / weights.sum()]


def _binary_counts(truth: NDArray[Any], positive: Floats, grid: Floats, blocks: NDArray[np.int64]) -> Floats:
    """Confusion matrices `(G, blocks, 2, 2)` of every threshold of the grid."""
    n_blocks, width = int(blocks.max()) + 1, len(grid) + 1
    reached = np.searchsorted(grid, positive, side="right")  # thresholds at or below p
    cell = (blocks * 2 + truth.astype(np.int64)) * width + reached
    tally = np.bincount(cell, minlength=n_blocks * 2 * width).reshape(n_blocks, 2, width).astype(np.float64)
    above = tally[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:]  # p >= grid[g]
    below = tally.sum(axis=-1, keepdims=True) - above
    return np.moveaxis(np.stack([below, above], axis=-1), 2, 0)


def choose(counts: Floats, formula: FromConfusion, plain: int, smoothing: int = 1) -> int | None:
    """Index of the decider to use, from confusion matrices `(G, blocks, K, K)`; None where `plain` should stay."""
    total = counts.sum(axis=1)
    blocks = np.arange(counts.shape[1])
    # a fifth is held out, not one block: leave-one-out picks hardly differ, and their gain looks surer than it is
    folds = blocks % INNER_FOLDS
    held_out = np.stack([counts[:, folds == fold].sum(axis=1) for fold in range(int(folds.max()) + 1)], axis=1)
    picks = _best(formula(total[:, None] - held_out), smoothing)[folds]
    held, kept = counts[picks, blocks], counts[plain]
    held_total, kept_total = held.sum(axis=0), kept.sum(axis=0)
    gain = float(formula(held_total) - formula(kept_total))
    replicates = formula(held_total - held) - formula(kept_total - kept)
    count = len(blocks)
    stderr = float(np.sqrt((count - 1) / count * ((replicates - replicates.mean()) ** 2).sum()))
    if gain <= Z * stderr or gain <= 0:
        return None
    return int(np.median(picks)) if smoothing > 1 else int(_best(formula(total)[:, None], 1)[0])


def _best(scores: Floats, smoothing: int) -> NDArray[np.int64]:
    """The best decider of each column of `(G, blocks)`, after a moving average along the family."""
    if smoothing > 1 and len(scores) > smoothing:
        pad = smoothing // 2
        padded = np.pad(scores, ((pad, pad), (0, 0)), mode="edge").cumsum(axis=0)
        lower = np.vstack([np.zeros((1, scores.shape[1])), padded[:-smoothing]])
        scores = (padded[smoothing - 1 :] - lower) / smoothing
    return np.asarray(np.argmax(scores, axis=0), dtype=np.int64)
