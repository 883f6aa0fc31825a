"""Vault and folds. Frozen, hashed, versioned: the same rows, strategy and seed give the same split."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError

VERSION = 1
VAULT_FROM = 20_000  # rows of train from which a vault is cut
VAULT_SHARE, VAULT_LEAST, VAULT_MOST = 0.05, 1_000, 20_000
GREEDY_GROUPS = 5_000  # beyond, groups are dealt in turns instead of one by one to the fold that needs them most

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dealt:
    """Over the labelled rows: `vault` (n,) bool; `fold_of` (n,) int8, -1 for the vault and for rows that are always
    trained on."""

    vault: NDArray[np.bool_]
    fold_of: NDArray[np.int8]


def vault_size(n: int) -> int:
    """Rows held out: none below 20,000, else 5 %, at least 1,000 and at most 20,000."""
    return 0 if n < VAULT_FROM else int(np.clip(round(VAULT_SHARE * n), VAULT_LEAST, VAULT_MOST))


def deal(strategy: str, folds: int, strata: Floats, groups: Ints | None, times: Floats | None, seed: int) -> Dealt:
    """Cut vault and folds of n labelled rows. `strata` `(n,)`: class codes or target values, their order is balanced.

    Raises IntakeError for fewer groups or distinct times than folds need.
    """
    n, rng = len(strata), np.random.default_rng([seed, VERSION])
    if strategy == "forward":
        assert times is not None, "forward folds need times"
        return _forward(times, folds, vault_size(n))
    if strategy.endswith("grouped"):
        assert groups is not None, "grouped folds need groups"
        return _grouped(strata, groups, folds, vault_size(n), rng, stratify=strategy.startswith("stratified"))
    order = rng.permutation(n)
    if strategy == "stratified":
        order = order[np.argsort(strata[order], kind="stable")]
    vault = np.zeros(n, dtype=bool)
    size = vault_size(n)
    if size:
        vault[order[((np.arange(size) + rng.random()) * n / size).astype(np.int64)]] = True
    rest = order[~vault[order]]
    fold_of = np.full(n, -1, dtype=np.int8)
    fold_of[rest] = _in_turns(len(rest), folds, rng)
    return Dealt(vault, fold_of)


def _in_turns(n: int, folds: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Fold numbers for rows in order: every run of `folds` rows holds each fold once, shuffled."""
    turns = rng.permuted(np.tile(np.arange(folds, dtype=np.int8), (-(-n // folds), 1)), axis=1)
    return turns.ravel()[:n]


def _forward(times: Floats, folds: int, size: int) -> Dealt:
    """Expanding windows: equal blocks of rows in time; the first is the past of fold 0, the vault is the latest."""
    n = len(times)
    order = np.argsort(times, kind="stable")
    starts_new = np.concatenate([[True], np.diff(times[order]) > 0])
    first_of = np.maximum.accumulate(np.where(starts_new, np.arange(n), 0))  # rows of one time stay together
    vault = np.zeros(n, dtype=bool)
    kept = n - size
    if size:
        kept = int(first_of[kept])
        vault[order[kept:]] = True
    bounds = [int(first_of[b]) for b in np.linspace(0, kept, folds + 2).astype(np.int64)[1:-1]]
    edges = [*bounds, kept]
    fold_of = np.full(n, -1, dtype=np.int8)
    for fold, (low, high) in enumerate(itertools.pairwise(edges)):
        if low >= high or low == 0:
            raise IntakeError(
                "too few different times for forward folds",
                expected=f"{folds + 1} at least",
                remedy="set `cv_strategy` or `cv_folds`",
            )
        fold_of[order[low:high]] = fold
    return Dealt(vault, fold_of)


def _grouped(strata: Floats, groups: Ints, folds: int, size: int, rng: np.random.Generator, *, stratify: bool) -> Dealt:
    _, code = np.unique(groups, return_inverse=True)
    counts = np.bincount(code)
    if len(counts) < folds:
        raise IntakeError(
            f"{len(counts)} groups are too few for {folds} folds",
            expected=f"{folds} at least",
            remedy="lower `cv_folds`",
        )
    vault_groups = np.zeros(len(counts), dtype=bool)
    if size:
        shuffled = rng.permutation(len(counts))
        taken = int(np.searchsorted(np.cumsum(counts[shuffled]), size)) + 1
        vault_groups[shuffled[: min(taken, len(counts) - folds)]] = True
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
    return Dealt(vault_groups[code], fold_of_group[code])


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


def digest(strategy: str, *arrays: NDArray[np.int64] | NDArray[np.int8]) -> str:
    """sha256 of a split: version, strategy and row numbers."""
    state = hashlib.sha256(f"{VERSION}:{strategy}".encode())
    for array in arrays:
        state.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
