"""Text-to-text models: memory with context, numbers and templates learned from pairs, retrieval, phrases, a small net."""

from __future__ import annotations

import importlib.util
import pickle
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.packing import unpack_texts
from podium.protocol import Column, Context, Layout, Rows
from podium.recipes import text_to_text
from podium.recipes.source import solution
from podium.recipes.text_to_text import catalog
from podium.recipes.text_to_text.beliefs import Beliefs
from podium.recipes.text_to_text.numbers import Numbers, harvested
from podium.recipes.text_to_text.templates import aligned, filled, shape
from podium.records import Competition, DataFacts, Hardware
from podium.testing.contests.normalise import said

CONTEXT = Context(
    seed=3, cores=1, task_type="text_generation", metric="exact_match", n_outputs=64,
    schema=(Column("kind", "categorical", 2, 0, 4), Column("before", "text", 99, 0, 9)),
    layout=Layout("text", (64,), "float32"),
)  # fmt: skip
GERMAN = {
    "the": "die",
    "a": "eine",
    "cat": "Katze",
    "mouse": "Maus",
    "sees": "sieht",
    "likes": "mag",
    "small": "kleine",
}
MODELS = ["TextMemory", "TextNearest", "TextPhrases", "TextSeq2Seq"]


def sentences(n: int, seed: int) -> tuple[pl.DataFrame, list[str]]:
    rng = np.random.default_rng(seed)
    texts = [
        f"{rng.choice(['the', 'a'])} {rng.choice(['small ', ''])}{rng.choice(['cat', 'mouse'])} "
        f"{rng.choice(['sees', 'likes'])} {rng.choice(['the', 'a'])} {rng.choice(['small ', ''])}{rng.choice(['cat', 'mouse'])}"
        for _ in range(n)
    ]
    answers = [" ".join(GERMAN[word] for word in text.split()) for text in texts]
    return pl.DataFrame({"kind": rng.choice(["x", "y"], n), "before": texts}), answers


def rows(frame: pl.DataFrame, answers: Sequence[str] | None = None) -> Rows:
    y = None
    if answers is not None:
        y = np.empty(len(answers), dtype=object)
        y[:] = list(answers)
    return Rows(frame, np.arange(frame.height), y=y)


def written(model: Any, frame: pl.DataFrame, ctx: Context = CONTEXT) -> list[str]:
    return unpack_texts(model.predict(rows(frame), ctx).values)


def made(name: str, **params: Any) -> Any:
    if name == "TextSeq2Seq":
        pytest.importorskip("torch")
        params = {"width": 32, "epochs": 1, **params}
    return getattr(text_to_text, name)(**params)


@pytest.mark.parametrize("name", MODELS)
def test_a_row_is_answered_alike_whatever_is_beside_it(name: str) -> None:
    frame, answers = sentences(60, 0)
    model = made(name).fit(rows(frame, answers), CONTEXT)
    other, _ = sentences(12, 1)
    together = written(model, other)
    assert written(model, other[::-1])[::-1] == together
    assert [written(model, other[at : at + 1])[0] for at in range(3)] == together[:3]
    assert written(pickle.loads(pickle.dumps(model)), other) == together


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_ends_in_time_and_is_the_same_again(name: str) -> None:
    frame, answers = sentences(40, 0)
    hurried = replace(CONTEXT, deadline=time.monotonic() + 5)
    made(name).fit(rows(frame, answers), hurried)
    first, second = (written(made(name).fit(rows(frame, answers), CONTEXT), frame[:8]) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", MODELS)
def test_odd_texts_are_answered(name: str) -> None:
    frame, answers = sentences(30, 0)
    model = made(name).fit(rows(frame, answers), CONTEXT)
    odd = pl.DataFrame({"kind": ["new", None, "x"], "before": ["", None, "(*)[ \\1 ?+"]}, schema=frame.schema)
    assert len(written(model, odd)) == 3


def test_phrases_translate_sentences_never_seen() -> None:
    frame, answers = sentences(120, 0)
    model = made("TextPhrases").fit(rows(frame, answers), CONTEXT)
    other, expected = sentences(40, 9)
    assert np.mean([a == b for a, b in zip(written(model, other), expected, strict=True)]) > 0.9


def test_the_nearest_answer_is_repaired_where_names_differ() -> None:
    frame = pl.DataFrame({"kind": ["x"] * 2, "before": ["call Anna now please", "quite another text here"]})
    model = made("TextNearest").fit(rows(frame, ["please ring Anna now", "something else"]), CONTEXT)
    asked = pl.DataFrame({"kind": ["x"], "before": ["call Olaf now please"]})
    assert written(model, asked) == ["please ring Olaf now"]


def test_memory_decides_by_what_stands_beside() -> None:
    frame = pl.DataFrame({"kind": ["x", "y", "x"] * 20, "before": ["St.", "St.", "road"] * 20})
    answers = ["saint", "street", "road"] * 20
    model = made("TextMemory").fit(rows(frame, answers), CONTEXT)
    assert written(model, frame[:2]) == ["saint", "street"]
    alone = made("TextMemory", beside=False).fit(rows(frame, answers), CONTEXT)
    assert len(set(written(alone, frame[:2]))) == 1


def test_numbers_never_seen_are_read() -> None:
    rng = np.random.default_rng(0)
    seen = np.flatnonzero(rng.random(1000) < 0.3)
    numbers = Numbers().fit([(str(n), said(int(n))) for n in seen])
    told = [numbers.read(str(n)) for n in range(20, 1000)]
    assert np.mean([words == said(20 + at) for at, words in enumerate(told)]) > 0.97
    assert numbers.read("12x") is None


def test_numbers_are_harvested_from_what_surrounds_them() -> None:
    pairs = [("$9", f"${n}", f"{said(n)} dollars") for n in range(30, 60)]
    assert ("35", "thirty five") in harvested(pairs)


def test_a_template_fills_other_sources_of_its_shape() -> None:
    numbers = Numbers().fit([(str(n), said(n)) for n in range(100)])
    template = aligned("12kg", "twelve kilograms", numbers)
    assert template is not None and shape("12kg") == shape("45kg") != shape("45 kg")
    assert filled("45kg", template, numbers) == "forty five kilograms"
    assert filled("same", aligned("word", "word", numbers) or (), numbers) == "same"
    letters = aligned("USA", "u s a", numbers)
    assert filled("NBC", letters or (), numbers) == "n b c"


def test_beliefs_of_a_key_never_seen_are_none() -> None:
    beliefs = Beliefs().fit([("a", "x", ("l",)), ("a", "y", ("r",)), ("a", "y", ("r",))])
    assert beliefs.best("b", ("l",)) is None
    found = beliefs.best("a", ("l",))
    assert found is not None and found[0] == "x" and 0.5 < found[1] < 1.0 and found[2] == 3


def test_neighbours_are_of_the_same_group_in_its_order() -> None:
    frame = pl.DataFrame({"token": [2, 0, 1, 0], "before": ["c", "a", "b", "z"]})
    ctx = replace(CONTEXT, schema=(Column("token", "numeric", 3), Column("before", "categorical", 4, 0, 1)))
    found = text_to_text.measure_files(Rows(frame, np.arange(4), groups=np.array([7, 7, 7, 8])), ctx, {})
    assert found["before#previous"].to_list() == ["b", None, "a", None]
    assert found["before#next"].to_list() == [None, "b", "c", None]


# ---------------------------------------------------------------- catalog


def facts(groups: int = 0) -> DataFacts:
    return DataFacts(500, 0, 100, 5, CONTEXT.schema, 1, 300, groups)


def competition() -> Competition:
    return Competition("t", "", "text_generation", "exact_match", "higher", ("after",), "id", ("id", "after"), "text")


def test_recipes_are_solutions() -> None:
    listed = catalog.portfolio(facts(), competition(), Hardware(2, 4000))
    assert [recipe.model for recipe in listed][:2] == ["text_memory", "text_nearest"]
    for recipe in listed:
        assert "def predict" in solution(recipe, "title", "hypothesis")
        assert catalog.cost_s(recipe, facts(), 500) > 0 and catalog.memory_mb(recipe, facts()) > 100
    grouped = catalog.portfolio(facts(40), competition(), Hardware(2, 4000))[0]
    assert "def prepare" in solution(grouped, "title", "hypothesis")


def test_nets_are_left_out_where_torch_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    assert catalog.families(facts(), competition()) == ("text_memory", "text_nearest", "text_phrases")


def test_neighbours_change_something_that_is_known() -> None:
    rng = random.Random(0)
    for recipe in catalog.portfolio(facts(), competition(), Hardware(2, 4000)):
        for _ in range(10):
            changed = catalog.neighbours(recipe, rng, facts(), competition())
            assert changed != recipe
            assert set(changed.params) <= {*recipe.params, *catalog.SPACE[recipe.model]}
