"""Blending of ranked lists."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import ensemble
from podium.campaign.estimates import vault
from podium.ensemble.mixing import MIXERS
from podium.ensemble.rankings import fuse
from podium.packing import rankings, unpack_rankings
from podium.protocol import Layout
from podium.tasks.task import Floats

LAYOUT = Layout("ranking", (6, 2))


def packed(*lists: list[int]) -> Floats:
    scores = [list(np.linspace(1, 0.1, len(one))) for one in lists]
    return np.asarray(rankings(lists, scores, LAYOUT).values).reshape(len(lists), -1)


def items(values: Floats) -> list[list[int]]:
    return [one.tolist() for one in unpack_rankings(values)[0]]


def test_one_member_keeps_its_order() -> None:
    assert items(fuse([packed([4, 2, 9], [])], [1.0])) == [[4, 2, 9], []]


def test_an_item_that_both_rank_high_comes_first() -> None:
    assert items(fuse([packed([1, 2, 3]), packed([4, 2, 5])], [0.5, 0.5]))[0][0] == 2


def test_the_heavier_member_leads() -> None:
    a, b = packed([1, 2]), packed([2, 1])
    assert items(fuse([a, b], [0.8, 0.2])) == [[1, 2]]
    assert items(fuse([a, b], [0.2, 0.8])) == [[2, 1]]


def test_scales_of_scores_do_not_matter() -> None:
    a, b = packed([1, 2, 3]), packed([3, 4, 1])
    large = b.copy()
    large[:, 1::2] *= 1e6
    assert items(fuse([a, b], [0.5, 0.5])) == items(fuse([a, large], [0.5, 0.5]))


def test_the_mixer_of_rankings_is_registered() -> None:
    assert MIXERS["ranking"] is fuse


lists = st.lists(st.lists(st.integers(0, 12), max_size=6, unique=True), min_size=3, max_size=3)


@given(lists, lists, st.floats(0.05, 0.95))
def test_a_mixture_lists_only_what_members_list_and_each_row_alone(
    a: list[list[int]], b: list[list[int]], w: float
) -> None:
    members, weights = [packed(*a), packed(*b)], [w, 1 - w]
    whole = fuse(members, weights)
    for row, listed in enumerate(items(whole)):
        assert len(listed) == len(set(listed)) == min(6, len(set(a[row]) | set(b[row])))
        assert set(listed) <= set(a[row]) | set(b[row])
        assert items(fuse([one[row : row + 1] for one in members], weights)) == [listed]
    assert all((np.diff(one) <= 0).all() for one in unpack_rankings(whole)[1])


def test_the_vault_is_predicted_as_test_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of items have no mean."""
    known = [packed([1, 2, 3]), packed([3, 2, 4])]
    monkeypatch.setattr(vault, "folds", lambda engine, member: known)
    task: Any = SimpleNamespace(layout=lambda: SimpleNamespace(kind="ranking"))
    engine: Any = SimpleNamespace(task=task)
    found = vault.blend_mean(engine, ensemble.Blend({"E001": 1.0}, "ranking", 0.0, 0.0, 0.0))
    assert found is not None
    np.testing.assert_array_equal(found, ensemble.evenly(task, known))
    assert set(items(found)[0]) <= {1, 2, 3, 4}
