"""Weighted boxes fusion: cases by hand, and what must hold of any boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from podium.ensemble.boxes import OVERLAP, fuse
from podium.ensemble.mixing import MIXERS
from podium.packing import boxes, unpack_boxes
from podium.protocol import Layout

Floats = NDArray[np.float64]
MOST = 8
LAYOUT = Layout("boxes", (MOST, 6))


def packed(*images: list[list[float]]) -> Floats:
    found = [np.array(of, dtype=np.float64).reshape(-1, 6) for of in images]
    return boxes(found, LAYOUT).values.reshape(len(images), -1)


def test_boxes_are_mixed_by_fusion() -> None:
    assert MIXERS["boxes"] is fuse


def test_two_that_agree_by_hand() -> None:
    a = packed([[1, 0, 0, 10, 10, 0.8]])
    b = packed([[1, 0, 0, 10, 12, 0.4]])
    (found,) = unpack_boxes(fuse([a, b], [0.5, 0.5]))
    assert found == pytest.approx(np.array([[1, 0, 0, 10, (0.8 * 10 + 0.4 * 12) / 1.2, (0.8 + 0.4) / 2]]))


def test_weights_count_in_corners_and_confidence() -> None:
    a, b = packed([[0, 0, 0, 10, 10, 0.6]]), packed([[0, 0, 0, 10, 14, 0.6]])
    (found,) = unpack_boxes(fuse([a, b], [3.0, 1.0]))
    assert found == pytest.approx(np.array([[0, 0, 0, 10, 11, 0.6]]))


def test_who_did_not_find_it_lowers_the_confidence() -> None:
    a, b = packed([[0, 0, 0, 10, 10, 0.9]]), packed([])
    (found,) = unpack_boxes(fuse([a, b], [0.5, 0.5]))
    assert found == pytest.approx(np.array([[0, 0, 0, 10, 10, 0.45]]))


def test_other_classes_images_and_places_stay_apart() -> None:
    a = packed([[0, 0, 0, 10, 10, 0.9]], [])
    b = packed([[1, 0, 0, 10, 10, 0.8], [0, 40, 40, 50, 50, 0.7]], [[0, 0, 0, 10, 10, 0.6]])
    first, second = unpack_boxes(fuse([a, b], [0.5, 0.5]))
    assert first[:, 5] == pytest.approx([0.45, 0.4, 0.35]) and first[:, 0].tolist() == [0, 1, 0]
    assert second == pytest.approx(np.array([[0, 0, 0, 10, 10, 0.3]]))


def test_a_box_joins_the_fused_one_it_overlaps_most() -> None:
    """The third overlaps both of the first two by more than the bound, the second more."""
    a = packed([[0, 0, 0, 10, 10, 0.9], [0, 5, 0, 15, 10, 0.8]])
    b = packed([[0, 4, 0, 14, 10, 0.4]])
    assert 6 / 14 < OVERLAP < 9 / 11
    (found,) = unpack_boxes(fuse([a, b], [0.5, 0.5]))
    assert found[0] == pytest.approx([0, (5 * 0.8 + 4 * 0.4) / 1.2, 0, (15 * 0.8 + 14 * 0.4) / 1.2, 10, 0.6])
    assert found[1] == pytest.approx([0, 0, 0, 10, 10, 0.45])


def test_a_crowd_of_one_member_is_not_surer_than_the_members_are() -> None:
    """Two boxes of one member in one cluster: the mean of their confidences counts, once for each member at most."""
    a = packed([[0, 0, 0, 10, 10, 0.8], [0, 0, 0, 10, 10, 0.6], [0, 0, 0, 10, 10, 0.4]])
    b = packed([])
    (found,) = unpack_boxes(fuse([a, b], [0.5, 0.5]))
    assert found == pytest.approx(np.array([[0, 0, 0, 10, 10, (0.4 + 0.3 + 0.2) * 2 / 3]]))


def test_no_more_than_the_layout_holds_and_none_at_all() -> None:
    apart = [[[0, 20 * k, 0, 20 * k + 10, 10, 0.9 - 0.05 * k + 0.01 * m] for k in range(MOST)] for m in range(2)]
    shifted = [[[c, x, y + 100, r, b + 100, s] for c, x, y, r, b, s in apart[1]]]
    (found,) = unpack_boxes(fuse([packed(apart[0]), packed(shifted[0])], [0.5, 0.5]))
    assert len(found) == MOST and (np.diff(found[:, 5]) <= 0).all()
    assert not fuse([packed([], []), packed([], [])], [0.5, 0.5]).any()


@st.composite
def members(draw: st.DrawFn) -> list[Floats]:
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    n, count = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    out = []
    for _ in range(count):
        images = []
        for _ in range(n):
            m = int(rng.integers(0, MOST))
            corner, side = rng.uniform(0, 30, (m, 2)), rng.uniform(3, 25, (m, 2))
            sure = rng.choice([0.2, 0.5, 0.9], (m, 1)) if draw(st.booleans()) else rng.uniform(0.01, 1, (m, 1))
            images.append(np.hstack([rng.integers(0, 2, (m, 1)), corner, corner + side, sure]).tolist())
        out.append(packed(*images))
    return out


@settings(max_examples=60, deadline=None)
@given(members())
def test_one_member_alone_is_itself(found: list[Floats]) -> None:
    weights = [0.0] * len(found)
    weights[1] = 1.0
    assert np.array_equal(fuse(found, weights), found[1])


@settings(max_examples=60, deadline=None)
@given(members(), st.randoms(use_true_random=False))
def test_the_order_of_equal_members_is_irrelevant(found: list[Floats], shuffler: object) -> None:
    shuffled = list(found)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    even = [1 / len(found)] * len(found)
    assert np.allclose(fuse(found, even), fuse(shuffled, even), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(members())
def test_fused_boxes_are_boxes(found: list[Floats]) -> None:
    rng = np.random.default_rng(0)
    mixed = fuse(found, rng.dirichlet(np.ones(len(found))).tolist())
    assert mixed.shape == found[0].shape
    for image, of in enumerate(unpack_boxes(mixed)):
        given_ = np.concatenate([unpack_boxes(member)[image] for member in found])
        assert len(of) <= len(given_)
        assert ((of[:, 5] > 0) & (of[:, 5] <= 1)).all() and (np.diff(of[:, 5]) <= 0).all()
        if len(of):
            assert (of[:, 1:3] >= given_[:, 1:3].min(axis=0) - 1e-9).all()
            assert (of[:, 3:5] <= given_[:, 3:5].max(axis=0) + 1e-9).all()
            assert (of[:, 3:5] > of[:, 1:3]).all()


@settings(max_examples=30, deadline=None)
@given(members())
def test_rows_are_fused_each_by_itself(found: list[Floats]) -> None:
    even = [1 / len(found)] * len(found)
    alone = np.concatenate([fuse([member[i : i + 1] for member in found], even) for i in range(len(found[0]))])
    assert np.allclose(fuse(found, even), alone, atol=1e-9)
