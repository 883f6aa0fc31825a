"""Vault and folds. Frozen, hashed, versioned: the same rows, strategy and seed give the same split."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from podium.competition import windows
from podium.competition.dealt import Bars, Dealt, Floats, no_bars
from podium.errors import IntakeError

VERSION = 2
STRATEGIES = (
    "stratified", "random", "grouped", "stratified_grouped", "forward", "purged", "interleaved_block", "last_n",
)  # fmt: skip
TIMED = ("forward", "purged", "interleaved_block", "last_n")  # need a time
IN_BLOCKS = ("grouped", "stratified_grouped", "interleaved_block")  # whole groups (or blocks of time) are dealt
VAULT_FROM = 20_000  # rows of train from which a vault is cut
VAULT_SHARE, VAULT_LEAST, VAULT_MOST = 0.05, 1_000, 20_000
GREEDY_GROUPS = 5_000  # beyond, groups are dealt in turns instead of one by one to the fold that needs them most
ORDERS = 20  # of folds tried for each run of blocks
FEW_STRATA = 50  # classes, not values: each is dealt evenly by itself

Ints = NDArray[np.int64]


def vault_size(n: int) -> int:
    """Rows held out: none below 20,000, else 5 %, at least 1,000 and at most 20,000."""
    return 0 if n < VAULT_FROM else int(np.clip(round(VAULT_SHARE * n), VAULT_LEAST, VAULT_MOST))


def deal(
    strategy: str, folds: int, strata: Floats, groups: Ints | None, times: Floats | None, seed: int,
    gap: float = 0.0, horizon: float = 0.0,
) -> Dealt:  # fmt: skip
    """Cut vault and folds of n labelled rows. `strata` `(n,)`: class codes or target values, their order is balanced.

    `gap`, `horizon`: in the unit of `times`; the latter in rows a group for last_n. Interleaved blocks come as `groups`.
    Raises IntakeError for fewer groups or distinct times than folds need.
    """
    n, rng = len(strata), np.random.default_rng([seed, VERSION])
    size = vault_size(n)
    if strategy in TIMED:
        assert times is not None, f"{strategy} folds need times"
    if strategy == "forward":
        return windows.forward(times, folds, size, gap, horizon)  # type: ignore[arg-type]
    if strategy == "purged":
        return windows.purged(times, folds, size, gap, rng)  # type: ignore[arg-type]
    if strategy in ("last_n", *IN_BLOCKS):
        assert groups is not None, f"{strategy} folds need groups"
    if strategy == "last_n":
        return windows.last_n(groups, times, folds, max(1, round(horizon)), size, rng)  # type: ignore[arg-type]
    if strategy in IN_BLOCKS:
        if strategy == "interleaved_block":
            dealt = _neighbours_apart(groups, folds, size, rng)  # type: ignore[arg-type]
        else:
            dealt = _grouped(strata, groups, folds, size, rng, stratify=strategy.startswith("stratified"))  # type: ignore[arg-type]
        return windows.embargo(dealt, times, folds, gap) if gap > 0 and times is not None else dealt
    return _by_rows(strata, folds, size, rng, stratify=strategy == "stratified")


def _by_rows(strata: Floats, folds: int, size: int, rng: np.random.Generator, *, stratify: bool) -> Dealt:
    n = len(strata)
    order = rng.permutation(n)
    if stratify:
        order = order[np.argsort(strata[order], kind="stable")]
    vault = np.zeros(n, dtype=bool)
    if size:
        vault[order[((np.arange(size) + rng.random()) * n / size).astype(np.int64)]] = True
    rest = order[~vault[order]]
    fold_of = np.full(n, -1, dtype=np.int8)
    if stratify and len(np.unique(strata)) <= FEW_STRATA:  # any `folds` rows in a row hold each fold once
        fold_of[rest] = rng.permutation(folds)[np.arange(len(rest)) % folds]
    else:
        fold_of[rest] = _in_turns(len(rest), folds, rng)
    return Dealt(vault, fold_of, no_bars(n))


def _in_turns(n: int, folds: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Fold numbers for rows in order: every run of `folds` rows holds each fold once, shuffled."""
    turns = rng.permuted(np.tile(np.arange(folds, dtype=np.int8), (-(-n // folds), 1)), axis=1)
    return turns.ravel()[:n]


def _grouped(strata: Floats, groups: Ints, folds: int, size: int, rng: np.random.Generator, *, stratify: bool) -> Dealt:
    _, code = np.unique(groups, return_inverse=True)
    counts = np.bincount(code)
    _check_count(len(counts), folds, "groups")
    vault_groups = _vault_of_whole(counts, folds, size, rng)
    left = np.flatnonzero(~vault_groups)
    tally = _tally(strata, code, len(counts), stratify)
    fold_of_group = np.full(len(counts), -1, dtype=np.int8)
    if len(left) <= GREEDY_GROUPS:
        _greedy(fold_of_group, left, tally, folds, rng)
    else:
        shuffled = left[rng.permutation(len(left))]
        main = tally[shuffled].argmax(axis=1)
        ranked = shuffled[np.lexsort((-counts[shuffled], main))]
        fold_of_group[ranked] = _in_turns(len(ranked), folds, rng)
    return Dealt(vault_groups[code], fold_of_group[code], no_bars(len(code)))


def _vault_of_whole(counts: Ints, folds: int, size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which groups (or blocks) are the vault: drawn whole until `size` rows are held; one is left for each fold."""
    vault = np.zeros(len(counts), dtype=bool)
    if size:
        shuffled = rng.permutation(len(counts))
        taken = int(np.searchsorted(np.cumsum(counts[shuffled]), size)) + 1
        vault[shuffled[: min(taken, len(counts) - folds)]] = True
    return vault


def _neighbours_apart(blocks: Ints, folds: int, size: int, rng: np.random.Generator) -> Dealt:
    """Blocks numbered in time, dealt so that no two neighbours share a fold: a fold's blocks stay as long as they are.

    Each run of `folds` blocks holds each fold once; of such orders the next is drawn that best evens out the rows.
    """
    _, code = np.unique(blocks, return_inverse=True)
    counts = np.bincount(code)
    _check_count(len(counts), folds, "blocks of time")
    vault = _vault_of_whole(counts, folds, size, rng)
    fold_of, held, last = np.full(len(counts), -1, dtype=np.int8), np.zeros(folds), -1
    left = np.flatnonzero(~vault)
    for low in range(0, len(left), folds):
        turn = left[low : low + folds]
        orders = [order for order in (rng.permutation(folds)[: len(turn)] for _ in range(ORDERS)) if order[0] != last]
        best = min(
            orders or [rng.permutation(folds)[: len(turn)]], key=lambda order: _unevenness(held, order, counts[turn])
        )
        fold_of[turn] = best
        held[best] += counts[turn]
        last = int(best[-1])
    return Dealt(vault[code], fold_of[code], no_bars(len(code)))


def _unevenness(held: Floats, order: Ints, counts: Ints) -> float:
    after = held.copy()
    after[order] += counts
    return float(np.ptp(after))


def _check_count(found: int, folds: int, what: str) -> None:
    if found < folds:
        raise IntakeError(
            f"{found} {what} are too few for {folds} folds", expected=f"{folds} at least", remedy="lower `cv_folds`"
        )


def _tally(strata: Floats, code: Ints, n_groups: int, stratify: bool) -> Floats:
    """Rows of each group in each stratum `(n_groups, s)`; many values are cut into ten quantiles."""
    if not stratify:
        return np.bincount(code, minlength=n_groups).astype(np.float64)[:, None]
    values, bins = np.unique(strata, return_inverse=True)
    if len(values) > 50:
        bins = np.searchsorted(np.quantile(strata, np.linspace(0.1, 0.9, 9)), strata)
    width = int(bins.max()) + 1
    return np.bincount(code * width + bins, minlength=n_groups * width).reshape(n_groups, width).astype(np.float64)


def _greedy(fold_of_group: NDArray[np.int8], left: Ints, tally: Floats, folds: int, rng: np.random.Generator) -> None:
    """Largest groups first, each to the fold where strata and sizes stay most even (as StratifiedGroupKFold does)."""
    total = np.maximum(tally[left].sum(axis=0), 1.0)
    held = np.zeros((folds, tally.shape[1]))
    shuffled = left[rng.permutation(len(left))]
    for group in shuffled[np.argsort(-tally[shuffled].sum(axis=1), kind="stable")]:
        # Adding t to a fold that holds h changes the sum of squares by 2ht + t²: the smallest change keeps it most even.
        shares = tally[group] / total
        cost = (2.0 * held * shares).mean(axis=1) + 1e-9 * held.sum(axis=1)
        fold = int(np.argmin(cost))
        held[fold] += shares
        fold_of_group[group] = fold


def digest(strategy: str, *arrays: NDArray[np.int64] | NDArray[np.int8] | Bars) -> str:
    """sha256 of a split: version, strategy, row numbers, folds and bars."""
    state = hashlib.sha256(f"{VERSION}:{strategy}".encode())
    for array in arrays:
        state.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
