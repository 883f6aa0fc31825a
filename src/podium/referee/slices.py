"""Where a model fails: slices of rows that carry more of the loss than their share, searched and confirmed on other rows.

One half of the rows proposes (all intervals of a column's bins, all rectangles of two columns; each slice found is levelled
before the next is sought), the other half confirms: a one-sided test of the mean loss inside, by sampling units, corrected
by Holm (1979) for all proposals. In the tradition of subgroup discovery (Atzmueller 2015) and Slice Finder (Chung et al.
2019); the split is what keeps noise out. All figures shown are of the confirming half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import upper_tail
from podium.referee.coding import Coded
from podium.referee.slice_search import LEAST_ROWS, Condition, Search
from podium.referee.slice_search import inside as rows_inside
from podium.tasks.task import Floats

MOST = 6  # slices
ALPHA = 0.05
CUT = 0.995  # losses beyond this quantile count as that much where slices are sought and tested
CONFIDENT = 1.96

Halves = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class Slice:
    """`share` of the rows, `loss_share` of the loss; `times` the average loss a row carries, and its 95 % interval.

    `p`: of "no worse than average", Holm-corrected. `bias`: mean of truth minus prediction there, None where it has no sign.
    """

    conditions: tuple[str, ...]
    columns: tuple[str, ...]
    share: float
    loss_share: float
    times: float
    low: float
    high: float
    p: float
    bias: float | None = None
    bias_stderr: float | None = None

    @property
    def excess(self) -> float:
        """Share of the whole loss that these rows carry above the average."""
        return self.loss_share - self.share


def find_slices(
    loss: Floats,
    columns: Sequence[Coded],
    *,
    seed: int,
    groups: NDArray[Any] | None = None,
    residual: Floats | None = None,
    most: int = MOST,
) -> tuple[Slice, ...]:
    """Slices of `loss` `(n,)` (at least 0, mean 1), the most excess first; none where nothing stands above chance.

    `groups` `(n,)`: rows that are sampled together stay in one half. `residual` `(n,)`: truth minus prediction.
    """
    if not columns or len(loss) < 4 * LEAST_ROWS:
        return ()
    look, confirm = halves(len(loss), groups, seed)
    codes = np.stack([column.codes for column in columns], axis=1).astype(np.int64)
    capped = np.minimum(loss, np.quantile(loss, CUT))
    search = Search(columns, codes[look], capped[look] - capped[look].mean())
    left = capped[confirm] - capped[confirm].mean()
    units = confirm if groups is None else np.asarray(groups)[confirm]
    proposed: list[tuple[tuple[Condition, ...], NDArray[np.bool_], float]] = []
    while len(proposed) < most and (found := search.best()) is not None:
        inside = rows_inside(codes[confirm], found)
        proposed.append((found, inside, _p_worse(left, inside, units)))
        search.level(found)
        if inside.any():
            left = left - np.where(inside, left[inside].mean(), 0.0)
    kept = zip(proposed, holm([p for _, _, p in proposed]), strict=True)
    told = [
        _described(columns, found, inside, p, loss[confirm], units, None if residual is None else residual[confirm])
        for (found, inside, _), p in kept
        if p <= ALPHA
    ]
    return tuple(sorted((one for one in told if one.excess > 0), key=lambda one: -one.excess))


def halves(n: int, groups: NDArray[Any] | None, seed: int) -> Halves:
    """Positions of two random halves of the rows, or of the groups."""
    rng = np.random.default_rng(seed)
    if groups is None:
        first = rng.permutation(n) % 2 == 0
    else:
        names, of = np.unique(groups, return_inverse=True)
        first = (rng.permutation(len(names)) % 2 == 0)[of]
    return np.flatnonzero(first), np.flatnonzero(~first)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction, in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    out, running = [1.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        running = max(running, min(1.0, p_values[at] * (len(p_values) - rank)))
        out[at] = running
    return out


# ---------------------------------------------------------------- confirming


def _p_worse(excess: Floats, inside: NDArray[np.bool_], units: NDArray[Any]) -> float:
    mean, stderr, freedom = mean_of_units(excess[inside], units[inside])
    return upper_tail(mean / stderr, freedom) if stderr > 0 else 1.0


def mean_of_units(values: Floats, units: NDArray[Any]) -> tuple[float, float, float]:
    """Mean, its standard error with whole units as what was sampled, and degrees of freedom; no error for under 10 units."""
    names, of = np.unique(units, return_inverse=True)
    if len(names) < 10:
        return float(values.mean()) if len(values) else 0.0, 0.0, 0.0
    mean = float(values.mean())
    sums = np.bincount(of, weights=values - mean)
    k = len(names)
    return mean, math.sqrt(k / (k - 1) * float((sums**2).sum())) / len(values), float(k - 1)


def _described(
    columns: Sequence[Coded],
    found: Sequence[Condition],
    inside: NDArray[np.bool_],
    p: float,
    loss: Floats,
    units: NDArray[Any],
    residual: Floats | None,
) -> Slice:
    average = float(loss.mean())
    times, stderr, _ = mean_of_units(loss[inside] / average, units[inside])
    bias = None if residual is None else mean_of_units(residual[inside], units[inside])
    share = float(inside.mean())
    return Slice(
        conditions=tuple(columns[one.column].words(one.codes) for one in found),
        columns=tuple(dict.fromkeys(columns[one.column].column for one in found if columns[one.column].column)),
        share=share,
        loss_share=min(1.0, share * times),
        times=times,
        low=max(0.0, times - CONFIDENT * stderr),
        high=times + CONFIDENT * stderr,
        p=p,
        bias=None if bias is None else bias[0],
        bias_stderr=None if bias is None else bias[1],
    )
