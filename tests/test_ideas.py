"""Ideas tried before are recognised; a changed seed is no idea."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team_world import experiment, spec

from podium.campaign import ideas

SOLUTION = '''
"""A header."""
import numpy as np
SEED = 1

def fit(train, ctx):
    """Fit."""
    table = train.frame()  # a comment
    model = LGBM(random_state=7, params={"seed": 3, "num_leaves": 31})
    return model.fit(table, train.y)

def predict(model, rows, ctx):
    return model.predict(rows.frame())
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SEED = 1", "SEED = 99"),
        ("random_state=7", "random_state=8"),
        ('"seed": 3', '"seed": 4'),
        ("table", "features"),
        ('"""Fit."""', '"""Other words."""'),
        ("  # a comment", ""),
        ("A header.", "Another."),
    ],
)
def test_names_comments_and_seeds_make_no_idea(old: str, new: str) -> None:
    assert ideas.fingerprint(SOLUTION.replace(old, new)) == ideas.fingerprint(SOLUTION)


@pytest.mark.parametrize(
    ("old", "new"), [('"num_leaves": 31', '"num_leaves": 63'), ("train.y", "np.log1p(train.y)"), ("LGBM", "XGB")]
)
def test_a_real_change_is_another_idea(old: str, new: str) -> None:
    assert ideas.fingerprint(SOLUTION.replace(old, new)) != ideas.fingerprint(SOLUTION)


@given(st.integers(0, 2**31), st.integers(0, 2**31))
def test_any_two_seeds_are_one_idea(a: int, b: int) -> None:
    source = "def fit(train, ctx):\n    rng = {}\n    return Model(seed={}, rng=rng)\n"
    assert ideas.fingerprint(source.format(a, a)) == ideas.fingerprint(source.format(b, b))


def test_a_hypothesis_in_other_order_is_the_same() -> None:
    planned = spec(
        family="mlp", recipe=None, hypothesis="a small net on quantile features, with dropout and early stopping"
    )
    done = experiment(
        "E001", family="mlp", hypothesis="With early stopping and dropout: a small net on quantile features"
    )
    found = ideas.repeated([planned], [done])
    assert found is not None and found[0] == 0 and "E001" in found[1]


def test_what_failed_may_be_tried_again() -> None:
    words = "a small net on quantile features with dropout"
    failed = experiment("E001", family="mlp", hypothesis=words, status="failed")
    assert ideas.repeated([spec(family="mlp", recipe=None, hypothesis=words)], [failed]) is None


def test_short_hypotheses_are_compared_whole() -> None:
    assert ideas.alike("try an mlp", "try an mlp") == 1.0
    assert ideas.alike("try an mlp", "try an mlp now") == 0.0
