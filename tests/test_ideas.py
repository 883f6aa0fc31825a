"""Ideas tried before are recognised; a changed seed is no idea."""

from __future__ import annotations

from contextlib import suppress

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


LAZY = {
    "arguments renamed": (("train", "rows_in"), ("ctx", "context")),
    "an import renamed": (("import numpy as np", "import numpy as n"), ("np.", "n.")),
    "an import that nothing uses": (("import numpy as np", "import os\nimport numpy as np"),),
    "a helper that nothing calls": (("def predict", "def unused(x):\n    return x\n\ndef predict"),),
    "a helper renamed": (("columns(", "make_features("),),
    "a constant renamed": (("ROUNDS", "N_ROUNDS"),),
    "a constant moved": (("ROUNDS = 300\n", ""), ("def fit", "ROUNDS = 300\ndef fit")),
    "a local that nothing reads": (("    table = ", "    version = 2\n    table = "),),
    "annotations": (("def fit(train, ctx)", "def fit(train: object, ctx: object) -> object"),),
    "a print": (("    table = ", "    print('fitting')\n    table = "),),
    "keywords in another order": (("rounds=ROUNDS, random_state=7", "random_state=7, rounds=ROUNDS"),),
    "keys in another order": (('"seed": 3, "num_leaves": 31', '"num_leaves": 31, "seed": 3'),),
    "a seed by position": (("default_rng(1)", "default_rng(2)"),),
    "a seed reckoned": (("random_state=7", "random_state=ctx.seed * 13 + 5"),),
    "a seed of a seed": (("default_rng(1)", "default_rng(ctx.seed + 99)"),),
    "a seed set elsewhere": (("    table = ", "    np.random.seed(5)\n    table = "), ("    np.random.seed(5)\n", "")),
}
LONG = """
import numpy as np
ROUNDS = 300

def columns(frame):
    return frame.to_numpy()

def fit(train, ctx):
    table = columns(train.frame())
    noise = np.random.default_rng(1).normal(size=len(table))
    model = LGBM(rounds=ROUNDS, random_state=7, params={"seed": 3, "num_leaves": 31})
    return model.fit(table + noise, train.y)

def predict(model, rows, ctx):
    return model.predict(columns(rows.frame()))
"""


@pytest.mark.parametrize("trick", LAZY)
def test_a_lazy_author_does_not_get_round_it(trick: str) -> None:
    changed = LONG
    for old, new in LAZY[trick]:
        assert old in changed, trick
        changed = changed.replace(old, new)
    assert ideas.fingerprint(changed) == ideas.fingerprint(LONG)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ROUNDS = 300", "ROUNDS = 600"),
        ("frame.to_numpy()", "np.log1p(frame.to_numpy())"),
        ("table + noise", "table"),
        ("columns(rows.frame())", "rows.frame().to_numpy()"),
        ('"num_leaves": 31', '"num_leaves": 31, "max_bin": 63'),
        ("return frame.to_numpy()", 'frame["seed_area"] = frame["a"] / frame["b"]\n    return frame'),
        ("import numpy as np", "import cupy as np"),
    ],
)
def test_what_does_change_a_solution_is_another_idea(old: str, new: str) -> None:
    assert ideas.fingerprint(LONG.replace(old, new)) != ideas.fingerprint(LONG)


def test_columns_about_seeds_are_no_random_seeds() -> None:
    one = LONG.replace("return frame.to_numpy()", 'frame["seed_area"] = frame["a"] / frame["b"]\n    return frame')
    assert ideas.fingerprint(one) != ideas.fingerprint(one.replace('frame["a"] /', 'frame["c"] *'))


@given(st.text())
def test_any_text_has_a_mark_or_is_no_python(text: str) -> None:
    with suppress(SyntaxError, ValueError, RecursionError):
        assert len(ideas.fingerprint(text)) == 16


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


def test_an_idea_is_planned_once() -> None:
    words = "a small net on quantile features with dropout"
    twice = [spec(family=family, recipe=None, hypothesis=words) for family in ("mlp", "MLP_v2")]
    found = ideas.repeated(twice, [])
    assert found is not None and found[0] == 1
    assert ideas.repeated([twice[0], spec(family="knn", recipe=None, hypothesis=words)], []) is None
