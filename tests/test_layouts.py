"""Predictions that are no numbers: packed, dealt, checked, stored, joined."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import packing, pixels
from podium.competition.answer_size import answer_size, is_structured
from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.execution.dealt import layout_of, truth_of
from podium.execution.publish import BadOutput
from podium.execution.publish import check_predictions as published
from podium.execution.worker import check_predictions
from podium.metrics.shapes import Boxes, Masks, Ranking, Series, Text, Tokens, concatenated, same
from podium.protocol import Dense, Layout

BOXES = Layout("boxes", (3, 6), "float32")
RANKING = Layout("ranking", (4, 2), "float32")
TEXT = Layout("text", (8,), "float32")

box = st.tuples(st.integers(0, 5), *[st.integers(0, 500)] * 4, st.integers(1, 100)).map(
    lambda b: [*b[:5], b[5] / 128.0]
)


@given(st.lists(st.lists(box, max_size=3), max_size=4))
def test_boxes_come_back_most_confident_first(found: list[list[list[float]]]) -> None:
    arrays = [np.array(of, dtype=np.float64).reshape(-1, 6) for of in found]
    dense = packing.boxes(arrays, BOXES)
    back = packing.unpack_boxes(dense.values.reshape(len(found), 18))
    for given_, got in zip(arrays, back, strict=True):
        assert np.array_equal(got, given_[np.argsort(-given_[:, 5], kind="stable")])


def test_of_too_many_boxes_the_most_confident_are_kept() -> None:
    many = np.array([[0, 0, 0, 1, 1, score] for score in (0.1, 0.9, 0.5, 0.7)])
    assert packing.unpack_boxes(packing.boxes([many], BOXES).values)[0][:, 5].tolist() == pytest.approx([0.9, 0.7, 0.5])


@given(st.lists(st.lists(st.integers(0, 60_000), max_size=4, unique=True), max_size=4))
def test_rankings_come_back(items: list[list[int]]) -> None:
    scores = [[1.0 / (1 + place) for place in range(len(of))] for of in items]
    codes, back = packing.unpack_rankings(packing.rankings(items, scores, RANKING).values)
    assert [of.tolist() for of in codes] == items
    assert [of.tolist() for of in back] == [pytest.approx(of) for of in scores]


@given(st.lists(st.text(st.characters(min_codepoint=1, exclude_categories=("Cs",)), max_size=8), max_size=4))
def test_texts_come_back(texts: list[str]) -> None:
    assert packing.unpack_texts(packing.texts(texts, TEXT).values) == texts


def test_a_long_text_is_cut() -> None:
    assert packing.unpack_texts(packing.texts(["0123456789"], TEXT).values) == ["01234567"]


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_pixels_come_back(channels: int) -> None:
    pytest.importorskip("PIL")
    planes = np.random.default_rng(0).integers(0, 256, (channels, 5, 9), dtype=np.uint8)
    data = pixels.encode(planes)
    assert pixels.size(data) == (channels, 5, 9)
    assert np.array_equal(pixels.decode(data), planes)


def test_layouts_of_requests() -> None:
    assert layout_of({"n_outputs": 3}) == Layout("dense", (3,))
    given_ = {"n_outputs": 18, "layout": {"kind": "boxes", "shape": [3, 6], "dtype": "float32"}}
    assert layout_of(given_) == BOXES


def test_truth_is_dealt_as_objects() -> None:
    boxes = truth_of(pl.DataFrame({"y0": [[1.0, 0, 0, 5, 5, 0, 1, 1, 2, 2], []]}), BOXES)
    assert [of.shape for of in boxes] == [(2, 5), (0, 5)]
    items = truth_of(pl.DataFrame({"y0": [[3, 1], [2]]}), RANKING)
    assert [of.tolist() for of in items] == [[3, 1], [2]] and items[0].dtype == np.int64
    assert truth_of(pl.DataFrame({"y0": ["a", ""]}), TEXT).tolist() == ["a", ""]
    assert truth_of(pl.DataFrame({"y0": [b"x", b"y"]}), TEXT)[[1]].tolist() == [b"y"]


@pytest.mark.parametrize("shape", [(2, 18), (2, 3, 6)])
def test_predictions_are_flattened_into_their_layout(shape: tuple[int, ...]) -> None:
    values = check_predictions(Dense(np.ones(shape)), 2, BOXES)
    assert values.shape == (2, 18) and values.dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 6, 3), (3, 18), (2, 17), (36,)])
def test_predictions_of_another_layout_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidPredictions, match="expected shape"):
        check_predictions(np.ones(shape), 2, BOXES)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_published_predictions_are_of_the_layouts_type(tmp_path: Any, dtype: str) -> None:
    with (tmp_path / "p.npy").open("wb+") as file:
        np.lib.format.write_array(file, np.ones((2, 3), dtype=dtype), version=(1, 0))
        file.flush()
        published(file.fileno(), (2, 3), dtype)
        with pytest.raises(BadOutput):
            published(file.fileno(), (2, 3), "float64" if dtype != "float64" else "float16")


SHAPES = (
    np.arange(6.0),
    Text(("a", "b", "c", "d", "e", "f")),
    Ranking.from_lists([[1], [], [2, 3], [4], [5, 6], [7]]),
    Ranking.from_lists([[1], [], [2], [], [3], [4]], [[1.0], [], [2.0], [], [1.0], [3.0]]),
    Masks.from_array(np.random.default_rng(1).integers(0, 2, (6, 3, 4))),
    Boxes.of([0, 0, 3, 5], [1, 0, 1, 1], np.arange(16).reshape(4, 4), 6, [0.1, 0.2, 0.3, 0.4]),
    Series.of(np.arange(6.0), [0, 0, 1, 1, 2, 2]),
    Tokens(np.arange(6), np.ones(6, dtype=np.int64)),
)


@pytest.mark.parametrize("units", SHAPES, ids=lambda units: type(units).__name__)
@pytest.mark.parametrize("cut", [[0, 2, 6], [0, 1, 5, 6]])
def test_parts_join_to_the_whole(units: Any, cut: list[int]) -> None:
    parts = [units[np.arange(a, b)] for a, b in itertools.pairwise(cut)]
    assert same(concatenated(parts), units)
    order = np.array([5, 3, 1, 0, 2, 4])
    assert same(concatenated([units[order[:2]], units[order[2:]]])[np.argsort(order)], units)


def test_the_size_of_answers() -> None:
    assert not is_structured(pl.DataFrame({"y": [1]}))
    assert answer_size(pl.DataFrame({TRUTH: [[1, 2], []]})).tolist() == [2.0, 0.0]
    assert answer_size(pl.DataFrame({TRUTH: ["ab", ""]})).tolist() == [2.0, 0.0]
    pytest.importorskip("PIL")
    masks = [pixels.encode(np.full((1, 2, 2), value, dtype=np.uint8)) for value in (0, 255)]
    assert answer_size(pl.DataFrame({TRUTH: masks})).tolist() == [0.0, 1.0]
