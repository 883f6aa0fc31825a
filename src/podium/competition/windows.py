"""Splits in time: forward windows, purged blocks, the last rows of each group.

Purging and embargo after López de Prado, Advances in Financial Machine Learning (2018), chapter 7: what lies within the
gap of a validated row is not trained on, because its label, or its neighbours' features, overlap it.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from podium.competition.dealt import Dealt, Floats, bar, no_bars
from podium.errors import IntakeError

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
LEAST_SHARE = 0.02  # of the rows that a validation window holds at least: fewer say nothing
BLOCKS_A_FOLD = 10  # sampling units of a purged fold, for errors and inner splits
EMBARGO = 0.01  # of the time that train spans, where no gap is known (López de Prado's advice)


def forward(times: Floats, folds: int, size: int, gap: float = 0.0, horizon: float = 0.0) -> Dealt:
    """Expanding windows; what lies before fold 0's is its past, the vault is the latest.

    `horizon` > 0: each fold validates a window as long as that (at least 2 % of the rows), the last ending where the
    vault begins, if as many windows leave as much time again for the first to train on; else equal blocks of rows.
    `gap`: a fold trains on what lies more than that before its window. Times in any unit, the same for all three.
    """
    n = len(times)
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    first_of = _first_of(ordered)
    kept = n - size
    if size:
        kept = int(first_of[kept])
    edges = _edges_by_horizon(ordered[:kept], folds, horizon) if horizon > 0 else None
    if edges is None:
        edges = [int(first_of[b]) for b in np.linspace(0, kept, folds + 2).astype(np.int64)[1:-1]] + [kept]
    fold_of, barred = np.full(n, -1, dtype=np.int8), no_bars(n)
    vault = np.zeros(n, dtype=bool)
    vault[order[kept:]] = True
    for fold, (low, high) in enumerate(itertools.pairwise(edges)):
        if low >= high or low == 0:
            raise _too_few("different times", "forward", folds + 1)
        fold_of[order[low:high]] = fold
        past = np.zeros(n, dtype=bool)
        past[order[:low]] = True
        past &= times < ordered[low] - gap
        if not past.any():
            raise IntakeError(
                f"fold {fold + 1} has nothing to train on before a gap of {gap:g}",
                expected="a past longer than the gap",
                remedy="lower `cv_gap` or `cv_folds`",
            )
        bar(barred, fold, ~past)
    return Dealt(vault, fold_of, barred, times)


def _first_of(ordered: Floats) -> Ints:
    """For each place in ascending times, the first place of the same time: rows of one time stay together."""
    n = len(ordered)
    starts_new = np.concatenate([[True], np.diff(ordered) > 0])
    return np.maximum.accumulate(np.where(starts_new, np.arange(n), 0))


def _edges_by_horizon(ordered: Floats, folds: int, horizon: float) -> list[int] | None:
    """Where windows of `horizon` begin and the last one ends; None where they do not fit or one would be empty."""
    n, end = len(ordered), ordered[-1]
    least = max(1, round(LEAST_SHARE * n))
    window = max(horizon, float(end - ordered[n - least]))
    if not fits(float(end - ordered[0]), folds, window):
        return None
    starts = end - window * np.arange(folds, 0, -1)
    edges = [*np.searchsorted(ordered, starts, side="right").tolist(), n]
    return edges if np.diff(edges).min() >= max(1, least // 2) and edges[0] > 0 else None


def fits(span: float, folds: int, window: float) -> bool:
    """Whether `folds` windows leave one more to train on in a `span` of time."""
    return (folds + 1) * window <= span


def purged(times: Floats, folds: int, size: int, gap: float, rng: np.random.Generator) -> Dealt:
    """Contiguous blocks of equal rows, one a fold, trained on both sides but for `gap` around it; the vault is one more
    block, somewhere, and as far from all training."""
    n = len(times)
    order = np.argsort(times, kind="stable")
    first_of = _first_of(times[order])
    vault = np.zeros(n, dtype=bool)
    if size:
        start = int(rng.integers(0, n - size))
        vault[order[first_of[start] : first_of[start + size]]] = True
    rest = order[~vault[order]]
    whole = _first_of(times[rest])
    edges = [int(whole[b]) for b in np.linspace(0, len(rest), folds + 1).astype(np.int64)[:-1]] + [len(rest)]
    fold_of = np.full(n, -1, dtype=np.int8)
    for fold, (low, high) in enumerate(itertools.pairwise(edges)):
        if low >= high:
            raise _too_few("different times", "purged", folds)
        fold_of[rest[low:high]] = fold
    return embargo(Dealt(vault, fold_of, no_bars(n)), times, folds, gap)


def embargo(dealt: Dealt, times: Floats, folds: int, gap: float) -> Dealt:
    """The same folds; what lies within `gap` of a fold's rows is barred from it, and of the vault from all of them.

    Raises IntakeError where that leaves a fold nothing to train on.
    """
    barred = dealt.barred.copy()
    for fold in range(folds):
        here = dealt.fold_of == fold
        bar(barred, fold, dealt.vault)
        if gap > 0:
            bar(barred, fold, ~here & _within(times, times[here | dealt.vault], gap))
        if not ((dealt.fold_of != fold) & (barred & np.uint32(1 << fold) == 0)).any():
            raise IntakeError(
                f"a gap of {gap:g} around fold {fold + 1} leaves nothing to train on",
                expected="longer blocks of time than the gap",
                remedy="lower `cv_gap` or `cv_folds`",
            )
    return Dealt(dealt.vault, dealt.fold_of, barred, dealt.clock)


def _within(times: Floats, held: Floats, gap: float) -> Mask:
    """Which times lie no further than `gap` from one of `held`."""
    held = np.unique(held)
    at = np.searchsorted(held, times)
    before = times - held[np.maximum(at - 1, 0)]
    after = held[np.minimum(at, len(held) - 1)] - times
    distance = np.minimum(np.where(at > 0, before, np.inf), np.where(at < len(held), after, np.inf))
    return np.asarray(distance <= gap)


def units(times: Floats, folds: int) -> Ints:
    """Blocks of consecutive rows, ten a fold: the sampling units where neighbours in time are alike."""
    _, index, counts = np.unique(times, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    return (before[index] * (folds * BLOCKS_A_FOLD) // len(times)).astype(np.int64)


def last_n(groups: Ints, times: Floats, folds: int, n_last: int, size: int, rng: np.random.Generator) -> Dealt:
    """The last `n_last` rows of each group are the last fold's, the ones before them the fold's before it, and so on.

    A group's first row is never scored, so that what is scored has a past. The vault: the last rows of some groups.
    """
    n = len(groups)
    _, code = np.unique(groups, return_inverse=True)
    order = np.lexsort((times, code))
    counts = np.bincount(code)
    left = np.empty(n, dtype=np.int64)  # rows of the same group that come after
    left[order] = (np.cumsum(counts) - 1)[code[order]] - np.arange(n)
    first = left == counts[code] - 1
    vault = np.zeros(n, dtype=bool)
    if size:
        shuffled = rng.permutation(len(counts))
        taken = np.searchsorted(np.cumsum(np.minimum(counts - 1, n_last)[shuffled]), size) + 1
        chosen = np.zeros(len(counts), dtype=bool)
        chosen[shuffled[:taken]] = True
        vault = chosen[code] & (left < n_last) & ~first
        left = left - np.bincount(code[vault], minlength=len(counts))[code]
    step = np.where(vault | first, folds, left // n_last)
    fold_of = np.where(step < folds, folds - 1 - step, -1).astype(np.int8)
    if len(np.unique(fold_of[fold_of >= 0])) < folds:
        raise _too_few(f"groups of more than {folds * n_last} rows", "last_n", 1)
    barred = no_bars(n)
    for fold in range(folds):
        bar(barred, fold, vault | (fold_of > fold))
    clock = np.where((fold_of < 0) & ~vault, np.minimum(-left, -folds * n_last), -left).astype(np.float64)
    return Dealt(vault, fold_of, barred, clock)


def _too_few(what: str, strategy: str, least: int) -> IntakeError:
    return IntakeError(
        f"too few {what} for {strategy} folds", expected=f"{least} at least", remedy="set `cv_strategy` or `cv_folds`"
    )
