"""What could still be learned: whether columns predict the residuals of a blend, out of fold, with a p-value.

Each half of the rows learns shrunken means of the residual by level or bin, the other half is predicted by them. The test is
a one-sided t-test of residual times prediction on one of them, by sampling units: under "nothing is left" its mean is 0. (The
two halves' products are of the same pairs of rows: taken together they would count every pair twice.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import upper_tail
from podium.referee.slices import halves, holm, mean_of_units
from podium.tasks.task import Floats

PRIOR_ROWS = 10.0  # of mean 0 in every level's mean
CUT = 0.005  # residuals beyond these quantiles count as that much
ALPHA = 0.01
LEAST_EXPLAINED = 0.002  # of the residual's variance, or it is not worth a word


@dataclass(frozen=True)
class Leftover:
    """`explained`: share of the residuals' variance that the column alone predicts out of fold. `p`: Holm-corrected over
    all columns that were tried."""

    name: str
    explained: float
    p: float

    @property
    def counts(self) -> bool:
        return self.p <= ALPHA and self.explained >= LEAST_EXPLAINED


def leftovers(
    residuals: Floats, keys: Mapping[str, NDArray[np.int64]], *, seed: int, groups: NDArray[Any] | None = None
) -> tuple[Leftover, ...]:
    """`residuals` `(n, q)`; `keys`: name → level of each row `(n,)`, from 0, negative where unknown. The most explained first.

    A name is tested on the output where it explains most, Bonferroni-corrected for that choice.
    """
    if not keys or len(residuals) < 100:
        return ()
    low, high = np.quantile(residuals, [CUT, 1.0 - CUT], axis=0)
    capped = np.clip(residuals, low, high)
    capped = capped - capped.mean(axis=0)
    split = halves(len(capped), groups, seed)
    units = np.arange(len(capped)) if groups is None else np.asarray(groups)
    tested = [(name, *_test(capped, levels, split, units)) for name, levels in keys.items()]
    corrected = holm([p for _, _, p in tested])
    found = [Leftover(name, explained, p) for (name, explained, _), p in zip(tested, corrected, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one.explained, one.name)))


def _test(
    residuals: Floats, levels: NDArray[np.int64], split: Sequence[NDArray[np.intp]], units: NDArray[Any]
) -> tuple[float, float]:
    """(share of variance explained, p) of the output that is predicted best."""
    best = (0.0, 1.0)
    width = int(levels.max(initial=-1)) + 1
    known = levels >= 0
    for column in range(residuals.shape[1]):
        r, predicted = residuals[:, column], np.zeros(len(residuals))
        for learn, apply in (split, split[::-1]):
            from_ = learn[known[learn]]
            count = np.bincount(levels[from_], minlength=max(width, 1))
            means = np.bincount(levels[from_], weights=r[from_], minlength=max(width, 1)) / (count + PRIOR_ROWS)
            to = apply[known[apply]]
            predicted[to] = means[levels[to]]
        tested = split[1]
        mean, stderr, freedom = mean_of_units((r * predicted)[tested], units[tested])
        if stderr > 0 and mean > 0:
            gain = float((2.0 * r * predicted - predicted**2).mean())
            explained = max(gain / float((r**2).mean()), 0.0)
            p = min(1.0, upper_tail(mean / stderr, freedom) * residuals.shape[1])
            best = min(best, (explained, p), key=lambda pair: pair[1])
    return best


def joined_levels(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """One level for each pair of levels that occurs; negative where either is unknown."""
    key = a.astype(np.int64) * (int(b.max(initial=0)) + 1) + b
    _, out = np.unique(key, return_inverse=True)
    return np.where((a < 0) | (b < 0), -1, out.reshape(-1)).astype(np.int64)


def explained_text(one: Leftover) -> str:
    return f"{one.explained:.1%} of the residuals’ variance out of fold, p {p_text(one.p)}"


def p_text(p: float) -> str:
    return "< 1e-12" if p < 1e-12 else f"= {p:.1g}" if math.isfinite(p) else "unknown"
