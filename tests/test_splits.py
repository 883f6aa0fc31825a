"""Vault and folds: what holds for every strategy, and what each promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.competition import splits
from podium.errors import IntakeError


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(60, 400),
    folds=st.integers(2, 6),
    strategy=st.sampled_from(["random", "stratified", "grouped", "stratified_grouped", "forward"]),
    seed=st.integers(0, 10),
)
def test_every_row_has_one_place(n: int, folds: int, strategy: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    strata, groups, times = rng.integers(0, 3, n).astype(float), rng.integers(0, 30, n), rng.random(n)
    a = splits.deal(strategy, folds, strata, groups, times, seed)
    b = splits.deal(strategy, folds, strata, groups, times, seed)
    assert np.array_equal(a.fold_of, b.fold_of), "the same seed gives the same split"
    assert not a.vault.any()
    expected = set(range(folds)) | ({-1} if strategy == "forward" else set())
    assert set(np.unique(a.fold_of)) == expected
    if strategy.endswith("grouped"):
        assert all(len(np.unique(a.fold_of[groups == g])) == 1 for g in np.unique(groups))
    elif strategy != "forward":
        sizes = np.bincount(a.fold_of)
        assert sizes.max() - sizes.min() <= folds


def test_strata_are_even() -> None:
    strata = np.repeat([0.0, 1.0, 2.0], [500, 100, 17])
    fold_of = splits.deal("stratified", 5, strata, None, None, 3).fold_of
    for value, count in ((0.0, 500), (1.0, 100), (2.0, 17)):
        inside = np.bincount(fold_of[strata == value], minlength=5)
        assert inside.max() - inside.min() <= 2 and inside.sum() == count


def test_regression_folds_have_like_targets() -> None:
    target = np.random.default_rng(0).lognormal(size=1000)
    fold_of = splits.deal("stratified", 5, target, None, None, 0).fold_of
    means = [np.log(target[fold_of == k]).mean() for k in range(5)]
    plain = splits.deal("random", 5, target, None, None, 0).fold_of
    loose = [np.log(target[plain == k]).mean() for k in range(5)]
    assert np.ptp(means) < 0.02 < np.ptp(loose)


def test_grouped_folds_are_balanced_in_rows_and_classes() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(200), rng.integers(1, 12, 200))
    strata = (rng.random(len(groups)) < np.where(groups % 5 == 0, 0.9, 0.1)).astype(float)
    fold_of = splits.deal("stratified_grouped", 5, strata, groups, None, 0).fold_of
    sizes = np.bincount(fold_of)
    shares = [strata[fold_of == k].mean() for k in range(5)]
    assert sizes.max() < 1.15 * sizes.min() and np.ptp(shares) < 0.06


def test_many_groups_are_dealt_in_turns() -> None:
    groups = np.arange(30_000) // 2
    strata = (groups % 3 == 0).astype(float)
    dealt = splits.deal("stratified_grouped", 5, strata, groups, None, 0)
    sizes = np.bincount(dealt.fold_of[dealt.fold_of >= 0])
    assert sizes.max() - sizes.min() <= 10
    assert 1000 <= dealt.vault.sum() <= 1600


def test_forward_folds_never_look_ahead() -> None:
    times = np.random.default_rng(0).permutation(np.repeat(np.arange(100), 7)).astype(float)
    fold_of = splits.deal("forward", 5, times, None, times, 0).fold_of
    for fold in range(5):
        assert times[fold_of < fold].max() < times[fold_of == fold].min()
    assert (fold_of == -1).sum() > 50, "the first block is the past of fold 0"


@pytest.mark.parametrize(("n", "size"), [(100, 0), (19_999, 0), (20_000, 1000), (100_000, 5000), (1_000_000, 20_000)])
def test_vault_size(n: int, size: int) -> None:
    assert splits.vault_size(n) == size


def test_the_vault_is_stratified_latest_or_of_whole_groups() -> None:
    n = 24_000
    strata = (np.arange(n) % 10 == 0).astype(float)
    plain = splits.deal("stratified", 5, strata, None, None, 0)
    assert plain.vault.sum() == 1200 and strata[plain.vault].sum() == 120
    assert (plain.fold_of[plain.vault] == -1).all() and (plain.fold_of[~plain.vault] >= 0).all()
    times = np.random.default_rng(0).random(n)
    late = splits.deal("forward", 5, strata, None, times, 0)
    assert times[late.vault].min() > times[~late.vault].max()
    groups = np.arange(n) // 8
    grouped = splits.deal("grouped", 5, strata, groups, None, 0)
    assert not np.isin(groups[grouped.vault], groups[~grouped.vault]).any()


def test_too_few_groups_or_times() -> None:
    strata = np.zeros(50)
    with pytest.raises(IntakeError, match="3 groups are too few for 5 folds"):
        splits.deal("grouped", 5, strata, np.arange(50) % 3, None, 0)
    with pytest.raises(IntakeError, match="too few different times"):
        splits.deal("forward", 5, strata, None, np.arange(50.0) // 25, 0)


def test_the_digest_depends_on_every_row() -> None:
    train, fold_of = np.arange(10), np.zeros(10, dtype=np.int8)
    other = fold_of.copy()
    other[3] = 1
    assert splits.digest("random", train, fold_of) != splits.digest("random", train, other)
    assert splits.digest("random", train, fold_of) != splits.digest("stratified", train, fold_of)
