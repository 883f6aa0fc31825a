"""Texts are mixed by consensus: votes where members agree, the middle one where none do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.ensemble.mixing import MIXERS
from podium.ensemble.texts import consensus, likeness
from podium.packing import texts, unpack_texts
from podium.protocol import Layout
from podium.tasks.task import Floats

LAYOUT = Layout("text", (24,), "float32")


def member(*answers: str) -> Floats:
    return np.asarray(texts(answers, LAYOUT).values)


def mixed(*answers: str, weights: list[float] | None = None) -> str:
    even = [1 / len(answers)] * len(answers)
    return unpack_texts(consensus([member(answer) for answer in answers], weights or even))[0]


def test_the_mixer_is_registered() -> None:
    assert MIXERS["text"] is consensus


@pytest.mark.parametrize(
    ("answers", "weights", "expected"),
    [
        (("a", "b", "b"), None, "b"),
        (("a", "b", "b"), [0.6, 0.2, 0.2], "a"),
        (("a cat sat", "a cat sits", "the dog ran"), None, "a cat sat"),
        (("x", "y"), [0.5, 0.5], "x"),
        (("x", "y"), [0.4, 0.6], "y"),
        (("", "", "full"), None, ""),
    ],
)
def test_consensus(answers: tuple[str, ...], weights: list[float] | None, expected: str) -> None:
    assert mixed(*answers, weights=weights) == expected


def test_of_answers_that_differ_the_middle_one_is_taken() -> None:
    assert mixed("one hundred two", "one hundred and two", "a hundred and two", "zwei") == "one hundred and two"


def test_rows_are_mixed_one_by_one() -> None:
    members = [member("a", "same", "c"), member("b", "same", "d"), member("b", "same", "c")]
    weights = [1 / 3] * 3
    together = consensus(members, weights)
    alone = np.concatenate([consensus([m[row : row + 1] for m in members], weights) for row in range(3)])
    assert unpack_texts(together) == ["b", "same", "c"]
    assert np.array_equal(together, alone) and together.dtype == members[0].dtype


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab ", max_size=8), min_size=1, max_size=5))
def test_a_mixture_is_one_of_the_answers(answers: list[str]) -> None:
    assert mixed(*answers) in answers


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=8), st.text(max_size=8))
def test_likeness_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert 0.0 <= likeness(a, b) <= 1.0
    assert likeness(a, b) == likeness(b, a)
    assert likeness(a, a) == 1.0
