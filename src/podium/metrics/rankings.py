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


def _keys(truth: Ranking, prediction: Ranking) -> tuple[Ints, Ints]:
    """(unit, item) of every item as one integer."""
    items = [truth.items, prediction.items]
    if all(one.dtype.kind in "iu" for one in items):
        low = min((int(one.min()) for one in items if len(one)), default=0)
        high = max((int(one.max()) for one in items if len(one)), default=0)
        codes = [one.astype(np.int64) - low for one in items]
        span = high - low + 1
    else:
        _, joint = np.unique(np.concatenate([one.astype(str) for one in items]), return_inverse=True)
        codes = [joint[: len(truth.items)], joint[len(truth.items) :]]
        span = len(joint) + 1
    if span * max(len(truth), 1) >= 2**62:  # sparse item numbers: rank them first
        _, joint = np.unique(np.concatenate(codes), return_inverse=True)
        codes, span = [joint[: len(codes[0])], joint[len(codes[0]) :]], len(joint) + 1
    return truth.unit * span + codes[0], prediction.unit * span + codes[1]


def hits_of(truth: Ranking, prediction: Ranking, k: int | None) -> Hits:
    """The hits within the first k predictions of every unit."""
    check_units(truth, prediction)
    cut = prediction if k is None else prediction.head(k)
    wanted, given = _keys(truth, cut)
    order = np.argsort(wanted)
    ordered = wanted[order]
    at = np.minimum(np.searchsorted(ordered, given), max(len(ordered) - 1, 0))
    where = np.flatnonzero(ordered[at] == given) if len(ordered) else np.zeros(0, dtype=np.int64)
    _, first = np.unique(given[where], return_index=True)
    where = where[np.sort(first)]
    unit = cut.unit[where]
    gain = np.ones(len(where)) if truth.gains is None else truth.gains[order][at[where]]
    return Hits(unit, where - cut.offsets[unit] + 1, gain, len(truth))


def _per_unit(part: Floats, whole: Floats | NDArray[np.int64]) -> Floats:
    """part / whole as `(n, 1)`; 0 where whole is 0."""
    share = np.divide(part, whole, out=np.zeros(len(part)), where=np.asarray(whole) > 0)
    return np.asarray(share[:, None], dtype=np.float64)


def _distinct(truth: Ranking) -> Ints:
    """How many different relevant items each unit has, `(n,)`."""
    keys, _ = _keys(truth, truth)
    _, first = np.unique(keys, return_index=True)
    return np.bincount(truth.unit[first], minlength=len(truth)).astype(np.int64)


def average_precisions(truth: Ranking, prediction: Ranking, k: int) -> Floats:
    """Precision at each hit, summed, over min(relevant, k) (Kaggle's MAP@k)."""
    hits = hits_of(truth, prediction, k)
    return _per_unit(hits.total(hits.nth() / hits.rank), np.minimum(_distinct(truth), k))


def discounted_gains(truth: Ranking, prediction: Ranking, k: int | None) -> Floats:
    """NDCG: sum of (2^gain - 1) / log2(rank + 1), over that of the ideal order (Burges et al. 2005)."""
    hits = hits_of(truth, prediction, k)
    found = hits.total((2.0**hits.gain - 1.0) / np.log2(hits.rank + 1.0))
    gains = np.ones(len(truth.items)) if truth.gains is None else truth.gains
    ideal = Ranking(gains[np.lexsort((-gains, truth.unit))], truth.offsets)
    ideal = ideal if k is None else ideal.head(k)
    rank = np.arange(len(ideal.items)) - np.repeat(ideal.offsets[:-1], ideal.sizes) + 1
    best = np.bincount(ideal.unit, weights=(2.0**ideal.items - 1.0) / np.log2(rank + 1.0), minlength=len(truth))
    return _per_unit(found, best)


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
