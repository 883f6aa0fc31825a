from __future__ import annotations

import dataclasses
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podium.protocol import Context, Rows


def rows(n: int = 100, **parts: object) -> Rows:
    return Rows(pl.DataFrame({"x": np.arange(n * 2)}), np.arange(n, dtype=np.int64) * 2, **parts)  # type: ignore[arg-type]


def context(**parts: object) -> Context:
    values: dict[str, object] = dict(
        seed=3, cores=1, task_type="regression", metric="rmse", n_outputs=1, schema=(), **parts
    )
    return Context(**values)  # type: ignore[arg-type]


def test_a_frame_has_the_dealt_rows_in_the_dealt_order() -> None:
    dealt = Rows(pl.DataFrame({"x": [10, 11, 12, 13]}), np.array([3, 1]))
    assert dealt.frame()["x"].to_list() == [13, 11]


def test_unlabelled_rows_have_no_labels_to_give() -> None:
    assert rows().y is None
    with pytest.raises(ValueError, match="not labelled"):
        rows().labels()


def test_take_carries_everything_along() -> None:
    y, weight, groups = np.arange(100.0), np.linspace(1, 2, 100), np.arange(100) // 10
    taken = rows(y=y, weight=weight, groups=groups).take(np.array([5, 50]))
    assert taken.y is not None and taken.groups is not None
    assert taken.y.tolist() == [5.0, 50.0]
    assert taken.ids.tolist() == [10, 100]
    assert taken.groups.tolist() == [0, 5]
    assert taken.weight.tolist() == pytest.approx([weight[5], weight[50]])


@given(st.integers(10, 300), st.floats(0.05, 0.5), st.integers(2, 5))
@example(n=11, share=0.0625, classes=2)  # a stride longer than the rows once held nothing back
def test_an_inner_split_keeps_every_row_once_and_every_class_on_both_sides(n: int, share: float, classes: int) -> None:
    y = np.arange(n) % classes
    most, held = context().inner_split(rows(n, y=y), share)
    assert sorted([*most.ids, *held.ids]) == [2 * i for i in range(n)]
    assert len(held) > 0
    assert len(most) > 0


def test_an_inner_split_keeps_groups_whole() -> None:
    groups = np.repeat(np.arange(20), 5)
    most, held = context().inner_split(rows(groups=groups), 0.2)
    assert most.groups is not None and held.groups is not None
    assert not set(most.groups) & set(held.groups)
    assert len(held) == 20


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.floats(0.05, 0.5), st.integers(0, 5))
@example(sizes=[90, 5, 5], share=0.1, seed=0)
@example(sizes=[100], share=0.1, seed=0)
def test_an_inner_split_of_unequal_groups_holds_neither_all_nor_most(sizes: list[int], share: float, seed: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    ctx = dataclasses.replace(context(), seed=seed)
    if len(groups) < 3:
        return
    most, held = ctx.inner_split(rows(len(groups), groups=groups), share)
    assert len(most) + len(held) == len(groups) and len(most) > 0 and len(held) > 0
    want = max(1, round(len(groups) * share))
    assert len(held) <= 3 * want or len(held) == min(sizes), "a large group is not held back beside others"


def test_an_inner_split_holds_the_latest_rows_back() -> None:
    times = np.random.default_rng(0).permutation(100).astype(float)
    most, held = context().inner_split(rows(times=times), 0.2)
    assert most.times is not None and held.times is not None
    assert most.times.max() < held.times.min()


def test_time_left_is_endless_where_time_must_not_decide() -> None:
    assert context().time_left() == float("inf")
    assert 9 < context(deadline=time.monotonic() + 10).time_left() <= 10
