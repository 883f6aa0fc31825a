"""Types of units (users, shops, machines) by how their errors behave: who is hard, and whose errors follow what.

For each unit, half of its rows and the other half give the same figures twice: its mean loss, its mean residual, and the
slope of its residuals on each driver (a numeric column), and how much its residuals with the same thing (an item, an artist)
are alike: a variance component by products of pairs, unbiased whatever the sizes. Figures that agree between the halves over
units tell units apart; noise does not agree (the split-half reliability of Spearman 1910 and Brown 1910). Units are parted
in two on one half and compared on the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import upper_tail
from podium.referee.slices import holm
from podium.tasks.task import Floats

LEAST_ROWS = 4  # of a unit, in each half
LEAST_UNITS = 20
ALPHA = 0.001
RELIABLE = 0.15  # correlation between halves below which a figure tells too little of a unit
RIDGE = 2.0  # rows of prior slope 0
MOST_TRAITS = 3
HEAVIEST = 60  # rows beyond which a unit counts for no more
TAIL = 1.5  # scaled deviations
PRIOR_PAIRS = 6.0  # of likeness 0
THINGS = 1.5  # a unit meets at least so many kinds of a thing on average, or it belongs to the thing
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Trait:
    """One figure that tells units apart. `reliability`: its correlation between halves; `p`: Holm-corrected.

    `means`: of the two types on rows that did not part them, in standard deviations of the residual (or times the average
    loss), with `stderrs`.
    """

    name: str
    what: str  # loss, bias, slope, likeness: of errors; answer_slope, answer_likeness: of the target itself
    reliability: float
    p: float
    means: tuple[float, float]
    stderrs: tuple[float, float]


@dataclass(frozen=True)
class UnitTypes:
    """Two types of `unit`: shares of units, rows and loss, and the traits that part them, the most reliable first.

    `marks`: name → mean of a feature by type, where types differ in it by more than noise.
    """

    unit: str
    n_units: int
    units: tuple[float, float]
    rows: tuple[float, float]
    losses: tuple[float, float]
    traits: tuple[Trait, ...]
    marks: Mapping[str, tuple[float, float]]


def find_types(
    unit: str,
    of: Ints,
    loss: Floats,
    residual: Floats | None,
    drivers: Mapping[str, Floats],
    things: Mapping[str, Ints],
    *,
    seed: int,
    target: Floats | None = None,
) -> UnitTypes | None:
    """`of` `(n,)`: the unit of each row, from 0, negative where unknown. `drivers`: name → `(n,)`, NaN where unknown;
    `things`: name → what the row is about (an item, an artist), as levels from 0; `target` `(n,)`: whose habits are
    looked at beside those of the errors. None where units do not differ."""
    half = _within_halves(of, seed)
    enough = [np.bincount(of[(half == h) & (of >= 0)], minlength=int(of.max()) + 1) >= LEAST_ROWS for h in (0, 1)]
    chosen = np.flatnonzero(enough[0] & enough[1])
    if len(chosen) < LEAST_UNITS:
        return None
    place = np.full(int(of.max()) + 1, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    mine = np.where(of >= 0, place[of], -1)
    things = {name: levels for name, levels in things.items() if _varies(mine, levels)}
    told = [_figures(h, half, mine, len(chosen), loss, residual, drivers, things) for h in (0, 1)]
    if target is not None:
        habits = [_behaviour(h, half, mine, len(chosen), target, drivers, things) for h in (0, 1)]
        told = [{**one, **{(f"answer_{what}", name): v for (what, name), v in own.items()}}
                for one, own in zip(told, habits, strict=True)]  # fmt: skip
    names = list(told[0])
    counts = np.bincount(mine[mine >= 0], minlength=len(chosen))
    agreed = [_agreement(told[0][name], told[1][name], np.minimum(counts, HEAVIEST) * 1.0) for name in names]
    corrected = holm([p for _, p in agreed])
    picked = sorted(
        (i for i, p in enumerate(corrected) if p <= ALPHA and agreed[i][0] >= RELIABLE), key=lambda i: -agreed[i][0]
    )
    if not picked:
        return None
    kept = _kept([names[i][0] for i in picked], picked)
    first = _parted(np.column_stack([told[0][names[i]] for i in kept]))
    traits = tuple(_trait(names[i], agreed[i][0], corrected[i], told[1][names[i]], first) for i in kept)
    return _summed(unit, mine, first, traits, loss, drivers, things)


def _varies(of: Ints, levels: Ints) -> bool:
    """Whether units meet several kinds of the thing: a track has one artist, and that is no behaviour."""
    rows = (of >= 0) & (levels >= 0)
    pairs = np.unique(of[rows] * (int(levels.max(initial=0)) + 1) + levels[rows])
    return len(pairs) >= THINGS * max(1, len(np.unique(of[rows])))


def _within_halves(of: Ints, seed: int) -> NDArray[np.int8]:
    """0 or 1 for each row: every unit's rows dealt at random to two halves, equal but for one row."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(of)), of))
    rank = np.empty(len(of), dtype=np.int64)
    rank[order] = np.arange(len(of))
    return (rank % 2).astype(np.int8)


def _figures(
    h: int,
    half: NDArray[np.int8],
    of: Ints,
    n: int,
    loss: Floats,
    residual: Floats | None,
    drivers: Mapping[str, Floats],
    things: Mapping[str, Ints],
) -> dict[tuple[str, str], Floats]:
    """(what, name) → figure of each unit, from the rows of one half alone."""
    at = np.flatnonzero((half == h) & (of >= 0))
    units = of[at]
    count = np.bincount(units, minlength=n)
    out: dict[tuple[str, str], Floats] = {("loss", ""): np.bincount(units, weights=loss[at], minlength=n) / count}
    if residual is None:
        return out
    r = _clipped(residual)
    out["bias", ""] = np.bincount(units, weights=r[at], minlength=n) / count
    return {**out, **_behaviour(h, half, of, n, residual, drivers, things)}


def _clipped(values: Floats) -> Floats:
    return np.asarray(np.clip((values - values.mean()) / (float(values.std()) or 1.0), -4.0, 4.0), dtype=np.float64)


def _behaviour(
    h: int,
    half: NDArray[np.int8],
    of: Ints,
    n: int,
    values: Floats,
    drivers: Mapping[str, Floats],
    things: Mapping[str, Ints],
) -> dict[tuple[str, str], Floats]:
    """What each unit's values follow: slopes on drivers, likeness with the same thing; in standard deviations."""
    at = np.flatnonzero((half == h) & (of >= 0))
    units, v = of[at], _clipped(values)[at]
    centred = v - (np.bincount(units, weights=v, minlength=n) / np.bincount(units, minlength=n))[units]
    out = {("slope", name): _slopes(units, centred, _standard(x)[at], n) for name, x in drivers.items()}
    likeness = {("likeness", name): _likeness(units, levels[at], centred, n) for name, levels in things.items()}
    return {**out, **likeness}


def _kept(whats: Sequence[str], picked: Sequence[int]) -> list[int]:
    """How units behave says more than how hard they are; of errors at least one, where one tells."""
    behaviour = [i for what, i in zip(whats, picked, strict=True) if what not in ("loss", "bias")]
    kept = (behaviour or list(picked))[:MOST_TRAITS]
    erring = [i for what, i in zip(whats, picked, strict=True) if what in ("slope", "likeness")]
    if erring and not set(erring) & set(kept):
        kept = [*kept[: MOST_TRAITS - 1], erring[0]]
    return kept


def _standard(values: Floats) -> Floats:
    known = np.isfinite(values)
    spread = float(values[known].std()) if known.any() else 0.0
    return (
        np.where(known, np.clip((values - values[known].mean()) / spread, -4, 4), 0.0) if spread > 0 else values * 0.0
    )


def _likeness(units: Ints, levels: Ints, r: Floats, n: int) -> Floats:
    """Mean product of two residuals of a unit with the same thing, less that with different things: the part of the error's
    variance that comes back with the thing. Rows of unknown things count as things of their own."""
    _, pair = np.unique(units * (int(levels.max(initial=0)) + 2) + levels + 1, return_inverse=True)
    unit_of = np.zeros(int(pair.max()) + 1, dtype=np.int64)
    unit_of[pair] = units
    count, total = np.bincount(pair).astype(np.float64), np.bincount(pair, weights=r)
    squares = np.bincount(pair, weights=r * r)
    same, pairs = (np.bincount(unit_of, weights=w, minlength=n) for w in (total**2 - squares, count**2 - count))
    n_all, sum_all = np.bincount(units, minlength=n), np.bincount(units, weights=r, minlength=n)
    other = sum_all**2 - np.bincount(unit_of, weights=total**2, minlength=n)
    others = n_all.astype(np.float64) ** 2 - np.bincount(unit_of, weights=count**2, minlength=n)
    apart = np.divide(other, others, out=np.zeros(n), where=others > 0)
    return np.asarray((same - pairs * apart) / (pairs + 2 * PRIOR_PAIRS), dtype=np.float64)


def _slopes(units: Ints, r: Floats, x: Floats, n: int) -> Floats:
    """Ridge slope of `r` (centred by unit) on `x` for each unit."""
    count = np.bincount(units, minlength=n)
    x = x - (np.bincount(units, weights=x, minlength=n) / count)[units]
    spread = float((x**2).mean())
    over = np.bincount(units, weights=x * x, minlength=n) + RIDGE * spread
    return np.asarray(np.bincount(units, weights=x * r, minlength=n) / np.maximum(over, 1e-12), dtype=np.float64)


def _agreement(a: Floats, b: Floats, weight: Floats) -> tuple[float, float]:
    """Weighted correlation between halves over units (of ranks: one wild unit proves nothing), and its one-sided p with as
    many units as the weights are worth (Kish 1965)."""
    if a.std() <= 0 or b.std() <= 0:
        return 0.0, 1.0
    w = weight / weight.sum()
    x, y = (np.argsort(np.argsort(v, kind="stable"), kind="stable").astype(np.float64) for v in (a, b))
    x, y = x - w @ x, y - w @ y
    r = float((w * x) @ y / math.sqrt(float((w * x) @ x) * float((w * y) @ y)))
    bounded, worth = min(max(r, -0.999999), 0.999999), 1.0 / float(w @ w)
    return r, upper_tail(math.atanh(bounded) * math.sqrt(max(1.0, worth - 3.0)))


def _parted(figures: Floats) -> NDArray[np.bool_]:
    """Two means (Lloyd 1982) on robustly scaled figures, begun at the median of the first; True for the upper type. Tails
    are cut: a few wild units of few rows would else be a type of their own."""
    centre = np.median(figures, axis=0)
    spread = 1.4826 * np.median(np.abs(figures - centre), axis=0)
    scaled = np.clip((figures - centre) / np.where(spread > 0, spread, 1.0), -TAIL, TAIL)
    upper = scaled[:, 0] > 0
    for _ in range(30):
        if upper.all() or not upper.any():
            break
        middles = scaled[upper].mean(axis=0), scaled[~upper].mean(axis=0)
        away = [((scaled - middle) ** 2).sum(axis=1) for middle in middles]
        new = away[0] < away[1]
        if (new == upper).all():
            break
        upper = new
    return np.asarray(upper)


def _trait(name: tuple[str, str], reliability: float, p: float, other: Floats, upper: NDArray[np.bool_]) -> Trait:
    sides = [other[side] for side in (upper, ~upper)]
    means = tuple(float(side.mean()) if len(side) else 0.0 for side in sides)
    errors = tuple(float(side.std() / math.sqrt(max(1, len(side)))) for side in sides)
    return Trait(name[1], name[0], reliability, p, (means[0], means[1]), (errors[0], errors[1]))


def _summed(
    unit: str,
    of: Ints,
    upper: NDArray[np.bool_],
    traits: Sequence[Trait],
    loss: Floats,
    drivers: Mapping[str, Floats],
    things: Mapping[str, Ints],
) -> UnitTypes:
    rows = of >= 0
    first = np.where(rows, upper[of], False)
    total = max(float(loss[rows].sum()), 1e-300)
    units = float(upper.mean())
    share, lost = float(first[rows].mean()), float(loss[first].sum() / total)
    again = {f"rows with the same {name} again": _repeated(of, levels) for name, levels in things.items()}
    marks = _marks(of, upper, {**again, **drivers})
    return UnitTypes(unit, len(upper), (units, 1 - units), (share, 1 - share), (lost, 1 - lost), tuple(traits), marks)


def _repeated(of: Ints, levels: Ints) -> Floats:
    """1 where the unit meets a thing that it met in another row, else 0."""
    _, pair, count = np.unique(
        of * (int(levels.max(initial=0)) + 2) + levels + 1, return_inverse=True, return_counts=True
    )
    return np.asarray(count[pair] > 1, dtype=np.float64)


def _marks(of: Ints, upper: NDArray[np.bool_], features: Mapping[str, Floats]) -> dict[str, tuple[float, float]]:
    """The three features whose unit means differ most between the types, beyond four standard errors."""
    rows, found = of >= 0, []
    for name, values in features.items():
        known = rows & np.isfinite(values)
        count = np.bincount(of[known], minlength=len(upper))
        mean = np.bincount(of[known], weights=values[known], minlength=len(upper)) / np.maximum(count, 1)
        a, b = mean[upper & (count > 0)], mean[~upper & (count > 0)]
        if len(a) < 5 or len(b) < 5:
            continue
        error = math.sqrt(a.var() / len(a) + b.var() / len(b))
        if error > 0 and abs(a.mean() - b.mean()) > 4 * error:
            found.append((-abs(a.mean() - b.mean()) / error, name, (float(a.mean()), float(b.mean()))))
    return {name: pair for _, name, pair in sorted(found)[:3]}
