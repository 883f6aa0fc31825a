"""Is it better, and is that more than chance? Welch's test over registered seeds, Holm's correction over candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Welch:
    """One-sided, of "the candidate is not better by more than `margin`". `gain`: standing minus candidate, so more is better;
    `lower`: of the gain, at level 1 − alpha."""

    gain: float
    stderr: float
    p: float
    lower: float
    margin: float
    n: tuple[int, int]


def welch(candidate: Sequence[float], standing: Sequence[float], margin: float, alpha: float) -> Welch:
    """Values where less is better (nats per byte, seconds), one a seed. Fewer than two on a side show nothing: p is 1.

    B. L. Welch, Biometrika 34 (1947). Two programs that do not vary at all differ for certain, or not at all.
    """
    a, b = np.asarray(candidate, dtype=float), np.asarray(standing, dtype=float)
    n = (len(a), len(b))
    if min(n) < 2:
        gain = float(b.mean() - a.mean()) if min(n) else 0.0
        return Welch(gain, 0.0, 1.0, gain, margin, n)
    gain, parts = float(b.mean() - a.mean()), (float(a.var(ddof=1)) / n[0], float(b.var(ddof=1)) / n[1])
    stderr = math.sqrt(sum(parts))
    if stderr <= 1e-12 * max(1.0, abs(gain)):
        return Welch(gain, 0.0, 0.0 if gain > margin else 1.0, gain, margin, n)
    df = sum(parts) ** 2 / sum(part**2 / (k - 1) for part, k in zip(parts, n, strict=True))
    p = float(stats.t.sf((gain - margin) / stderr, df))
    return Welch(gain, stderr, p, gain - float(stats.t.isf(alpha, df)) * stderr, margin, n)


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p-values in the given order (S. Holm, Scand. J. Statist. 6, 1979)."""
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted, so_far = [1.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        so_far = max(so_far, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = so_far
    return adjusted
