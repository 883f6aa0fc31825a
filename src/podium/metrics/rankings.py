"""Metrics of ranked lists: MAP@k, NDCG@k, MRR, recall@k, precision@k, hit rate@k. The mean over units.

Truth and prediction are `shapes.Ranking`. An item predicted twice counts once, where it stands first; relevance is
binary except for NDCG, which takes truth's gains. A unit without relevant items scores 0, as in Kaggle's `ml_metrics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError
from podium.metrics.metric import Floats, Metric, PerRow, decomposed
from podium.metrics.shapes import Ints, Ranking, check_units

TASKS = ("recommendation", "ranking")
COMPARED = 24  # relevant items a unit, up to which comparing with each is faster than sorting


@dataclass(frozen=True)
class Hits:
    """The relevant items that were predicted, by unit, then rank. All `(h,)`: `unit`, `rank` (from 1), `gain`."""

    unit: Ints
    rank: Ints
    gain: Floats
    n: int

    def nth(self) -> Ints:
        """1 for the first hit of a unit, 2 for the second, …"""
        first = np.flatnonzero(np.diff(self.unit, prepend=-1))
        counts = np.diff(np.append(first, len(self.unit)))
        return np.asarray(np.arange(1, len(self.unit) + 1) - np.repeat(first, counts), dtype=np.int64)

    def total(self, merit: NDArray[np.float64]) -> Floats:
        """Sum of a merit `(h,)` over each unit's hits, `(n,)`."""
        return np.asarray(np.bincount(self.unit, weights=merit, minlength=self.n), dtype=np.float64)


def _codes(truth: Ranking, prediction: Ranking) -> tuple[Ints, Ints, int]:
    """Items as codes from 0 that truth and prediction share, and their number; (unit, item) fits one integer."""
    items = [truth.items, prediction.items]
    numeric = all(one.dtype.kind in "iu" for one in items)
    if numeric:
        low = min((int(one.min()) for one in items if len(one)), default=0)
        span = max((int(one.max()) for one in items if len(one)), default=0) - low + 1
        if span * max(len(truth), 1) < 2**62:
            return items[0].astype(np.int64) - low, items[1].astype(np.int64) - low, span
    joined = np.concatenate(items if numeric else [one.astype(str) for one in items])
    known, joint = np.unique(joined, return_inverse=True)
    codes = joint.astype(np.int64)
    return codes[: len(items[0])], codes[len(items[0]) :], len(known) + 1


def hits_of(truth: Ranking, prediction: Ranking, k: int | None) -> Hits:
    """The hits within the first k predictions of every unit."""
    check_units(truth, prediction)
    cut = prediction if k is None else prediction.head(k)
    wanted, given, span = _codes(truth, cut)
    unit = cut.unit
    longest = int(truth.sizes.max(initial=0))
    match = _compared if longest <= COMPARED else _searched
    where, at = match(truth, wanted, given, unit, span)
    _, first = np.unique(unit[where] * span + given[where], return_index=True)
    first = np.sort(first)
    where, at = where[first], at[first]
    gain = np.ones(len(where)) if truth.gains is None else truth.gains[at]
    return Hits(unit[where], where - cut.offsets[unit[where]] + 1, gain, len(truth))


def _compared(truth: Ranking, wanted: Ints, given: Ints, unit: Ints, _: int) -> tuple[Ints, Ints]:
    """(hit predictions, their place in truth), where units want few items: every one is compared with each of them."""
    found = np.full(len(given), -1, dtype=np.int64)
    starts, sizes = truth.offsets[:-1], truth.sizes
    for nth in range(int(sizes.max(initial=0))):
        at = np.minimum(starts + nth, len(wanted) - 1)
        target = np.where(sizes > nth, wanted[at], -1)
        hit = target[unit] == given
        found[hit] = at[unit[hit]]
    where = np.flatnonzero(found >= 0)
    return where, found[where]


def _searched(truth: Ranking, wanted: Ints, given: Ints, unit: Ints, span: int) -> tuple[Ints, Ints]:
    """The same by sorting, where some unit wants many items."""
    keys = truth.unit * span + wanted
    order = np.argsort(keys)
    ordered, asked = keys[order], unit * span + given
    at = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
    where = np.flatnonzero(ordered[at] == asked)
    return where, order[at[where]]


def _per_unit(part: Floats, whole: Floats | NDArray[np.int64]) -> Floats:
    """part / whole as `(n, 1)`; 0 where whole is 0."""
    share = np.divide(part, whole, out=np.zeros(len(part)), where=np.asarray(whole) > 0)
    return np.asarray(share[:, None], dtype=np.float64)


def _distinct(truth: Ranking) -> Ints:
    """How many different relevant items each unit has, `(n,)`."""
    codes, _, span = _codes(truth, truth[:0])
    keys = np.sort(truth.unit * span + codes)
    fresh = np.append(True, keys[1:] != keys[:-1]) if len(keys) else np.zeros(0, dtype=np.bool_)
    return np.bincount(keys[fresh] // span, minlength=len(truth)).astype(np.int64)


def average_precisions(truth: Ranking, prediction: Ranking, k: int) -> Floats:
    """Precision at each hit, summed, over min(relevant, k) (Kaggle's MAP@k)."""
    hits = hits_of(truth, prediction, k)
    return _per_unit(hits.total(hits.nth() / hits.rank), np.minimum(_distinct(truth), k))


def discounted_gains(truth: Ranking, prediction: Ranking, k: int | None) -> Floats:
    """NDCG: sum of (2^gain - 1) / log2(rank + 1), over that of the ideal order (Burges et al. 2005)."""
    hits = hits_of(truth, prediction, k)
    found = hits.total((2.0**hits.gain - 1.0) / np.log2(hits.rank + 1.0))
    return _per_unit(found, _ideal_gains(truth, k))


def _ideal_gains(truth: Ranking, k: int | None) -> Floats:
    """The discounted gain of truth's items, best first, within the first k, `(n,)`."""
    if truth.gains is None:
        sizes = _distinct(truth) if k is None else np.minimum(_distinct(truth), k)
        reached = np.cumsum(1.0 / np.log2(np.arange(2, int(sizes.max(initial=0)) + 2)))
        return np.asarray(np.append(0.0, reached)[sizes], dtype=np.float64)
    ideal = Ranking(truth.gains[np.lexsort((-truth.gains, truth.unit))], truth.offsets)
    ideal = ideal if k is None else ideal.head(k)
    rank = np.arange(len(ideal.items)) - np.repeat(ideal.offsets[:-1], ideal.sizes) + 1
    merit = (2.0**ideal.items - 1.0) / np.log2(rank + 1.0)
    return np.asarray(np.bincount(ideal.unit, weights=merit, minlength=len(truth)), dtype=np.float64)


def reciprocal_ranks(truth: Ranking, prediction: Ranking, k: int | None) -> Floats:
    """1 / rank of the first hit, 0 without one."""
    hits = hits_of(truth, prediction, k)
    first = hits.nth() == 1
    return _per_unit(hits.total(np.where(first, 1.0 / hits.rank, 0.0)), np.ones(len(truth)))


def recalls(truth: Ranking, prediction: Ranking, k: int) -> Floats:
    """Hits over min(relevant, k): 1 is always within reach (Kaggle's OTTO, per unit)."""
    hits = hits_of(truth, prediction, k)
    return _per_unit(hits.total(np.ones(len(hits.unit))), np.minimum(_distinct(truth), k))


def full_recalls(truth: Ranking, prediction: Ranking, k: int) -> Floats:
    """Hits over all relevant items."""
    hits = hits_of(truth, prediction, k)
    return _per_unit(hits.total(np.ones(len(hits.unit))), _distinct(truth))


def precisions(truth: Ranking, prediction: Ranking, k: int) -> Floats:
    """Hits over k."""
    hits = hits_of(truth, prediction, k)
    return _per_unit(hits.total(np.ones(len(hits.unit))), np.full(len(truth), k))


def hit_rates(truth: Ranking, prediction: Ranking, k: int) -> Floats:
    """1 where any hit is among the first k."""
    hits = hits_of(truth, prediction, k)
    return _per_unit(hits.total((hits.nth() == 1).astype(np.float64)), np.ones(len(truth)))


def _metric(name: str, title: str, per_row: PerRow, optimum: float = 1.0) -> Metric:
    function = decomposed(per_row)
    return Metric(name, title, function, "higher", "ranking", "rank", (0.0, 1.0), optimum, TASKS, per_row=per_row)


def cutoff(name: str, text: str) -> int:
    """The k of `name@k`. Raises IntakeError where it is no whole number above 0."""
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise IntakeError(
            f"metric {name}@{text} has no cut-off", expected="a whole number from 1, as in map@5", found=repr(text),
            remedy="correct `metric` in config.json",
        )  # fmt: skip
    return int(text)


def _family(name: str, title: str, merits: Callable[[Ranking, Ranking, int], Floats]) -> Callable[[str], Metric]:
    def build(text: str) -> Metric:
        k = cutoff(name, text)

        def per_row(truth: Ranking, prediction: Ranking) -> Floats:
            return merits(truth, prediction, k)

        return _metric(f"{name}@{k}", f"{title}@{k}", per_row)

    return build


FAMILIES: dict[str, Callable[[str], Metric]] = {
    "map": _family("map", "MAP", average_precisions),
    "ndcg": _family("ndcg", "NDCG", discounted_gains),
    "mrr": _family("mrr", "MRR", reciprocal_ranks),
    "recall": _family("recall", "recall", recalls),
    "full_recall": _family("full_recall", "full recall", full_recalls),
    "precision": _family("precision", "precision", precisions),
    "hit_rate": _family("hit_rate", "hit rate", hit_rates),
}
METRICS = (_metric("mrr", "mean reciprocal rank", lambda truth, prediction: reciprocal_ranks(truth, prediction, None)),)
