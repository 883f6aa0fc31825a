"""How far two answers are apart, whatever they mean: 0 for the same, 1 for nothing in common, and the same both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import packing
from podium.metrics.shapes import Boxes, Masks, Ranking, Text
from podium.protocol import Layout
from podium.referee.probes.likeness import Answers
from podium.tasks.difference import APART, difference

LAYOUTS = {
    "masks": Layout("masks", (1, 6, 7), "float16"),
    "images": Layout("images", (1, 6, 7), "float16"),
    "boxes": Layout("boxes", (5, 6), "float32"),
    "ranking": Layout("ranking", (8, 2)),
    "spans": Layout("spans", (2, 12), "float32"),
    "text": Layout("text", (12,), "float32"),
}


def truths(kind: str, rng: np.random.Generator, n: int) -> Any:
    """`n` truths of a kind, as its task encodes them."""
    if kind == "masks":
        return Masks.from_array(rng.random((n, 6, 7)) < 0.4)
    if kind == "images":
        return rng.random((n, 42)).astype(np.float32)
    if kind == "boxes":
        corners = np.sort(rng.uniform(0, 50, (2 * n, 2, 2)), axis=1).reshape(2 * n, 4)
        return Boxes.of(np.repeat(np.arange(n), 2), rng.integers(0, 2, 2 * n), corners, n)
    if kind == "ranking":
        return Ranking.from_lists([rng.permutation(30)[:4].tolist() for _ in range(n)])
    return Text(tuple("".join(rng.choice(list("abcdefg"), int(rng.integers(3, 9)))) for _ in range(n)))


def said(kind: str, seed: int, n: int = 20) -> Any:
    layout = LAYOUTS[kind]
    return np.asarray(APART[layout.kind].saying(truths(kind, np.random.default_rng(seed), n), layout), layout.dtype)


@pytest.mark.parametrize("kind", LAYOUTS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_distance(kind: str, seed: int) -> None:
    one, other = said(kind, seed), said(kind, seed + 1)
    found = difference(one, other, LAYOUTS[kind])
    assert found.shape == (20,) and (found >= 0).all() and (found <= 1).all() and found.mean() > 0.05
    assert (difference(one, one, LAYOUTS[kind]) == 0).all()
    np.testing.assert_allclose(found, difference(other, one, LAYOUTS[kind]), atol=1e-6)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_what_predictions_tell_of_the_truth(kind: str) -> None:
    rng = np.random.default_rng(3)
    truth, like = truths(kind, rng, 60), Answers(LAYOUTS[kind])
    right = np.asarray(APART[LAYOUTS[kind].kind].saying(truth, LAYOUTS[kind]), dtype=LAYOUTS[kind].dtype)
    known, wrong = like.told(truth, right), like.told(truth, np.roll(right, 7, axis=0))
    assert known.skill == pytest.approx(1.0, abs=1e-3) and known.beyond
    assert not wrong.beyond and abs(wrong.skill) < 0.2
    assert like.told(truth, np.repeat(right[:1], 60, axis=0)).skill < 0.2
    planted = like.planted(truth, 200, 0)
    assert planted.shape == (200, right.shape[1]) and like.copied(planted, planted) > 0.9
    assert like.copied(right[np.arange(200) % 60], planted) < 0.1


def test_binary_masks_are_apart_by_what_they_do_not_share() -> None:
    one, other = np.zeros((1, 42)), np.zeros((1, 42))
    one[0, :8], other[0, 4:10] = 1.0, 1.0
    assert difference(one, other, LAYOUTS["masks"])[0] == pytest.approx(1 - 4 / 10)
    assert difference(one * 0, other * 0, LAYOUTS["masks"])[0] == 0.0


Pack = Callable[..., Any]


def test_what_counts_in_lists_and_texts() -> None:
    boxes = LAYOUTS["boxes"]
    a = packing.boxes([np.array([[0, 0, 0, 10, 10, 0.9]])], boxes).values.reshape(1, -1)
    half = packing.boxes([np.array([[0, 0, 0, 10, 5, 0.9]])], boxes).values.reshape(1, -1)
    other = packing.boxes([np.array([[1, 0, 0, 10, 10, 0.9]])], boxes).values.reshape(1, -1)
    assert difference(a, half, boxes)[0] == pytest.approx(1 - 0.45 / 1.35, abs=1e-5)
    assert difference(a, other, boxes)[0] == 1.0  # another class
    ranking = LAYOUTS["ranking"]
    lists = packing.rankings([[1, 2, 3], [3, 2, 1], [1, 2, 4]], [[3, 2, 1]] * 3, ranking).values.reshape(3, -1)
    top, last = difference(lists[[0, 0]], lists[[1, 2]], ranking)
    assert 0 < top < last < 1  # the order counts less than an item
    texts = packing.texts(["going home", "going hom", ""], LAYOUTS["text"]).values
    near, far = difference(texts[[0, 0]], texts[[1, 2]], LAYOUTS["text"])
    assert 0 < near < 0.2 and far == 1.0
