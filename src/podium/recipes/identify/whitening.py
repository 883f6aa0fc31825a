"""A space in which rows of one class lie close: what varies within classes is scaled down (as in linear discriminants)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 1e-3  # of the largest spread: what varies less within classes is taken to vary so


class Whitening:
    """`shrink` 0..1: how much of the correlations within classes (Ledoit and Wolf's share at least) gives way to none;
    `length`: whether rows are brought to length 1, so that nearness is the cosine."""

    def __init__(self, values: NDArray[np.float32], codes: NDArray[np.int64], shrink: float, length: bool) -> None:
        self.mean, self.length = values.mean(axis=0), length
        inner = _within(values.astype(np.float64), codes)
        width = values.shape[1]
        if len(inner) < 2:  # every class has one row: only what varies at all is known
            inner = values.astype(np.float64) - self.mean
        spread = np.sqrt((inner**2).mean(axis=0))
        spread = np.maximum(spread, LEAST * max(float(spread.max(initial=0.0)), LEAST))
        inner /= spread
        share = max(shrink, _ledoit_wolf(inner))
        sizes, turn = np.linalg.eigh((1.0 - share) * inner.T @ inner / len(inner) + share * np.eye(width))
        self.turn = (turn / np.sqrt(np.maximum(sizes, LEAST)) / spread[:, None]).astype(np.float32)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        turned = (values - self.mean) @ self.turn
        if self.length:
            turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-6)
        else:
            turned /= np.float32(np.sqrt(max(1, turned.shape[1])))
        return np.asarray(turned, dtype=np.float32)


def _within(values: Floats, codes: NDArray[np.int64]) -> Floats:
    """Rows less the mean of their class, of classes with several rows."""
    _, unit, counts = np.unique(codes, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), values.shape[1]))
    np.add.at(means, unit, values)
    return np.asarray((values - (means / counts[:, None])[unit])[counts[unit] > 1], dtype=np.float64)


def _ledoit_wolf(inner: Floats) -> float:
    from sklearn.covariance import ledoit_wolf_shrinkage

    return float(ledoit_wolf_shrinkage(inner, assume_centered=True))
