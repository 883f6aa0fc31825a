"""Power calibration of probabilities (temperature scaling, Guo et al. 2017), kept only on cross-fitted evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, PerRow
from podium.metrics.uncertainty import blocks_of

POWERS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.08, 1.16, 1.25, 1.4, 1.6)
MIN_ROWS = 200
MAX_ROWS = 10_000  # one parameter needs no more; keeps a fit under 30 ms
Z = 1.645


def sharpen(probabilities: Floats, power: float, independent: bool) -> Floats:
    """p^power, renormalised over the classes of a row, or against 1 - p where columns are independent."""
    if power == 1.0:
        return probabilities
    raised = np.clip(probabilities, 1e-15, 1.0) ** power
    if independent:
        return np.asarray(raised / (raised + np.clip(1.0 - probabilities, 1e-15, 1.0) ** power), dtype=np.float64)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)


def fit_power(truth: NDArray[Any], probabilities: Floats, per_row: PerRow, independent: bool) -> float:
    """The power that lowers the mean of `per_row`; 1.0 unless its cross-fitted gain is above its noise."""
    if len(truth) < MIN_ROWS:
        return 1.0
    step = -(-len(truth) // MAX_ROWS)
    truth, probabilities = truth[::step], probabilities[::step]
    losses = np.stack([per_row(truth, sharpen(probabilities, power, independent)).mean(axis=1) for power in POWERS])
    blocks = blocks_of(len(truth))
    sums = np.stack([np.bincount(blocks, weights=row) for row in losses])
    picks = np.argmin(sums.sum(axis=1, keepdims=True) - sums, axis=0)
    plain = POWERS.index(1.0)
    gains = losses[plain] - losses[picks[blocks], np.arange(len(blocks))]
    if gains.mean() <= Z * gains.std() / np.sqrt(len(gains)):
        return 1.0
    return POWERS[int(np.argmin(sums.sum(axis=1)))]
