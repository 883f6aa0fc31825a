"""Span models: reading, marks and their shifted ends, rules by condition, the ranker, a small net."""

from __future__ import annotations

import importlib.util
import pickle
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium import tasks
from podium.metrics.shapes import Text
from podium.protocol import Column, Context, Layout, Rows
from podium.recipes import pretrained, spans
from podium.recipes.source import solution
from podium.recipes.spans import candidates, catalog
from podium.recipes.spans.evidence import core, indicators
from podium.recipes.spans.marks import Ends, surplus
from podium.recipes.spans.passages import Reader
from podium.recipes.text.wordpiece import WordPiece
from podium.records import Competition, DataFacts, Hardware
from podium.testing import tiny_bert
from podium.testing.contests import spans as contest

CONTEXT = Context(
    seed=1, cores=1, task_type="span_extraction", metric="word_jaccard", n_outputs=256,
    schema=(Column("text", "text", 400, 0, 60), Column("mood", "categorical", 3, 0, 4)),
    layout=Layout("spans", (2, 128), "float32"), weights={},
)  # fmt: skip
MODELS: dict[str, dict[str, Any]] = {
    "SpanRules": {},
    "SpanRanker": {"rounds": 30, "folds": 2, "min_data_in_leaf": 20},
    "SpanTagger": {"width": 24, "epochs": 1},
    "SpanEncoder": {"features": {"weights": "folder:tiny", "length": 64}, "epochs": 1},
}
COMPETITION = Competition(
    "mood", "", "span_extraction", "word_jaccard", "higher", ("phrase",), "id", ("id", "phrase"), "text",
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, list[str]]:
    folder = tmp_path_factory.mktemp("spans")
    contest.make(folder)
    train = pl.read_csv(folder / "public" / "train.csv", infer_schema=False)
    return train.select("text", "mood"), train["phrase"].to_list()


def rows(frame: pl.DataFrame, answers: Sequence[str] | None = None) -> Rows:
    return Rows(frame, np.arange(frame.height), y=None if answers is None else np.array(answers, dtype=object))


@pytest.fixture(scope="module", autouse=True)
def encoder(tmp_path_factory: pytest.TempPathFactory, data: tuple[pl.DataFrame, list[str]]) -> Path:
    """Where every run of this module has the weights `folder:tiny`."""
    words = {"glad", "sad", "calm", *" ".join(data[0]["text"]).split()}
    folder = tiny_bert.make(tmp_path_factory.mktemp("tiny"), sorted(words))
    CONTEXT.weights["folder:tiny"] = folder  # type: ignore[index]
    return folder


def made(name: str) -> Any:
    if name in ("SpanTagger", "SpanEncoder"):
        pytest.importorskip("torch")
    return getattr(spans, name)(**MODELS[name])


def scored(model: Any, frame: pl.DataFrame, answers: Sequence[str]) -> float:
    task = tasks.for_competition(COMPETITION)
    task.longest = 128  # type: ignore[attr-defined]
    raw = task.check(model.predict(rows(frame), CONTEXT).values.reshape(frame.height, -1), frame.height)
    truth = Text(tuple(answers))
    return task.score(truth, task.decide(raw, task.fit_decision(truth, raw)))


@pytest.mark.parametrize("name", MODELS)
def test_a_row_is_answered_alike_whatever_is_beside_it(name: str, data: tuple[pl.DataFrame, list[str]]) -> None:
    frame, answers = data
    model = made(name).fit(rows(frame[:120], answers[:120]), CONTEXT)
    other = frame[120:140]
    together = model.predict(rows(other), CONTEXT).values
    assert np.allclose(model.predict(rows(other[::-1]), CONTEXT).values[::-1], together, atol=1e-5)
    assert np.allclose(model.predict(rows(other[:1]), CONTEXT).values, together[:1], atol=1e-5)
    again = pickle.loads(pickle.dumps(model))
    assert np.allclose(again.predict(rows(other), CONTEXT).values, together, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_ends_in_time_and_is_the_same_again(name: str, data: tuple[pl.DataFrame, list[str]]) -> None:
    frame, answers = data[0][:80], data[1][:80]
    made(name).fit(rows(frame, answers), replace(CONTEXT, deadline=time.monotonic() + 5))
    first, second = (made(name).fit(rows(frame, answers), CONTEXT).predict(rows(frame), CONTEXT) for _ in range(2))
    assert np.array_equal(first.values, second.values)


@pytest.mark.parametrize("name", MODELS)
def test_odd_texts_are_answered(name: str, data: tuple[pl.DataFrame, list[str]]) -> None:
    model = made(name).fit(rows(data[0][:60], data[1][:60]), CONTEXT)
    odd = pl.DataFrame({"text": ["", None, "   ", "one", "x" * 300], "mood": ["new", None, "glad", "sad", "calm"]})
    values = model.predict(rows(odd), CONTEXT).values
    assert values.shape == (5, 2, 128) and (values[:3, 1] == 0).all() and values[:, 1].max() <= 1.0


def test_long_data_are_learned_in_part_and_answered_a_portion_at_a_time(
    data: tuple[pl.DataFrame, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, answers = data[0][:200], data[1][:200]
    model = made("SpanRanker").fit(rows(frame, answers), CONTEXT)
    assert "learned" not in model.notes
    whole = model.predict(rows(frame[:40]), CONTEXT).values
    monkeypatch.setattr("podium.recipes.spans.model.PORTION", 300)
    assert np.allclose(model.predict(rows(frame[:40]), CONTEXT).values, whole, atol=1e-5)
    monkeypatch.setattr(spans.SpanRanker, "most_words", 400)
    some = made("SpanRanker").fit(rows(frame, answers), CONTEXT)
    assert 10 < some.notes["learned"] < 100 and some.predict(rows(frame[:5]), CONTEXT).values.any()


def test_rules_find_that_calm_texts_are_whole(data: tuple[pl.DataFrame, list[str]]) -> None:
    model = made("SpanRules").fit(rows(*data), CONTEXT)
    calm = pl.DataFrame({"text": ["so happy and  very sick"], "mood": ["calm"]})
    assert scored(model, calm, ["so happy and  very sick"]) == 1.0
    assert model.notes["whole"] == 1


def test_the_ranker_finds_phrases_by_the_mood(data: tuple[pl.DataFrame, list[str]]) -> None:
    frame, answers = data
    model = made("SpanRanker").fit(rows(frame[:350], answers[:350]), CONTEXT)
    assert scored(model, frame[350:], answers[350:]) > 0.8


def test_the_encoder_reads_what_stands_beside_and_learns(data: tuple[pl.DataFrame, list[str]]) -> None:
    pytest.importorskip("torch")
    frame, answers = data
    features = {"weights": "folder:tiny", "length": 64}
    model = spans.SpanEncoder(features, epochs=60, slower=1.0, learning_rate=1e-2).fit(
        rows(frame[:350], answers[:350]), CONTEXT
    )
    assert scored(model, frame[350:], answers[350:]) > 0.65
    one = frame.filter(pl.col("mood") != "calm")[:1]
    moods = [model.predict(rows(one.with_columns(mood=pl.lit(mood))), CONTEXT).values for mood in ("glad", "sad")]
    assert not np.allclose(*moods, atol=1e-2)


def test_words_and_their_pieces(encoder: Path) -> None:
    cut = WordPiece.read(encoder).encode_words(["glad", ""], [["so", "no-one", "", "calm"], ["very"] * 9], 12)
    pieces, begin, ends = cut[0]
    assert pieces[0] == WordPiece.read(encoder).first and begin == 3
    assert ends == [4, 10, 11] and len(pieces) == 12, (
        "a word of no letters is one unknown piece; what does not fit is left out"
    )
    assert cut[1][1] == 2 and len(cut[1][2]) == 9


def test_an_encoder_that_is_here_is_offered(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "ENCODERS", ())
    assert "span_encoder" not in catalog.families(FACTS, COMPETITION)
    asked = replace(COMPETITION, brought=replace(COMPETITION.brought, weights=(f"folder:{encoder}",)))
    recipe = next(one for one in catalog.portfolio(FACTS, asked, Hardware(2, 4000)) if one.model == "span_encoder")
    assert f"weights: folder:{encoder}\n" in solution(recipe, "x", "y")
    assert (
        0 < catalog.cost_s(recipe, FACTS, 500) < catalog.cost_s(recipe, FACTS, 5000)
        and catalog.memory_mb(recipe, FACTS) > 1000
    )
    assert "span_encoder" not in catalog.families(FACTS, replace(asked, pretrained="no"))


# ---------------------------------------------------------------- marks


def marked(texts: list[str], answers: list[str]) -> tuple[Any, Any, Ends]:
    frame = pl.DataFrame({"text": texts, "mood": ["glad"] * len(texts)})
    passages = Reader(rows(frame, answers), CONTEXT).read(rows(frame))
    ends = Ends()
    return passages, ends.fit(passages, answers), ends


def test_a_shifted_answer_means_the_words_it_was_shifted_from() -> None:
    passages, marks, ends = marked(["we are  so happy now"] * 12, ["so happ"] * 12)
    assert (marks.first[0], marks.last[0]) == (2, 3)
    p = np.zeros(len(passages.texts[0]))
    ends.paint(p, passages, 0, 2, 3, 1.0)
    assert "".join(letter for letter, chance in zip(passages.texts[0], p, strict=True) if chance) == "so happ"


def test_surplus_blanks_are_counted() -> None:
    assert [surplus("  a b   c", upto) for upto in (0, 2, 5, 9)] == [0, 2, 2, 4]


def test_an_answer_that_is_not_in_its_text_teaches_nothing() -> None:
    _, marks, _ = marked(["so happy now", "a b c"], ["so happy", "zzz"])
    assert marks.first.tolist() == [0, -1]


def test_overlap_is_the_jaccard_index_of_words() -> None:
    _, marks, _ = marked(["a b c d"], ["b c"])
    assert marks.overlap(np.array([1]), np.array([2]))[0] == 1.0
    assert marks.overlap(np.array([0]), np.array([1]))[0] == pytest.approx(1 / 3)
    assert marks.overlap(np.array([3]), np.array([3]))[0] == 0.0


# ---------------------------------------------------------------- evidence and candidates


def test_cores_of_words() -> None:
    assert [core(word) for word in ("Sooo!!", "...", "don't,", "XD")] == ["soo", "..", "don't", "xd"]


def test_indicators_of_a_word_depend_on_its_text_alone() -> None:
    frame = pl.DataFrame({"text": ["we are so happy", "other words"], "mood": ["glad", "sad"]})
    reader = Reader(rows(frame, ["happy", "words"]), CONTEXT)
    both, alone = (indicators(reader.read(rows(part))) for part in (frame, frame[:1]))
    assert (both[:4] != alone).nnz == 0
    assert (both[4:] != alone[:2]).nnz > 0


def test_candidates_hold_the_whole_text_and_the_likeliest() -> None:
    frame = pl.DataFrame({"text": [" ".join(f"w{at}" for at in range(9)), "one"], "mood": ["glad", "sad"]})
    passages = Reader(rows(frame, ["w3", "one"]), CONTEXT).read(rows(frame))
    odds = np.full((10, 3), -4.0)
    odds[3] = odds[4] = 4.0
    found = candidates.found(passages, odds, 3)
    pairs = set(zip(found.row.tolist(), found.first.tolist(), found.last.tolist(), strict=True))
    assert {(0, 0, 8), (0, 3, 4), (1, 0, 0)} <= pairs
    assert candidates.described(passages, odds, found).shape == (len(found.row), 25)


def test_questions_are_texts_beside_and_not_conditions() -> None:
    texts = [f"animal {at} lives in town{at} by the sea" for at in range(40)]
    asked = [f"where does animal {at} live" for at in range(40)]
    ctx = replace(CONTEXT, schema=(Column("context", "text", 40, 0, 30), Column("question", "text", 40, 0, 20)))
    frame = pl.DataFrame({"context": texts, "question": asked})
    reader = Reader(rows(frame, [f"town{at}" for at in range(40)]), ctx)
    assert (reader.column, reader.others, reader.conditions) == ("context", ["question"], [])
    assert "animal" in reader.read(rows(frame)).beside[0]


# ---------------------------------------------------------------- catalog


FACTS = DataFacts(500, 0, 100, 5, CONTEXT.schema, 1, 300)


def test_recipes_are_solutions() -> None:
    listed = catalog.portfolio(FACTS, COMPETITION, Hardware(2, 4000))
    assert [recipe.model for recipe in listed][:2] == ["span_rules", "span_ranker"]
    for recipe in listed:
        assert "def predict" in solution(recipe, "title", "hypothesis")
        assert catalog.cost_s(recipe, FACTS, 500) > 0 and catalog.memory_mb(recipe, FACTS) > 100


def test_nets_are_left_out_where_torch_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    assert catalog.families(FACTS, COMPETITION) == ("span_rules", "span_ranker")


def test_neighbours_change_something_that_is_known() -> None:
    rng = random.Random(0)
    for recipe in catalog.portfolio(FACTS, COMPETITION, Hardware(2, 4000)):
        for _ in range(10):
            changed = catalog.neighbours(recipe, rng, FACTS, COMPETITION)
            assert set(changed.params) <= {*recipe.params, *catalog.SPACE[recipe.model], "rounds"}
            assert changed != recipe or recipe.model == "span_rules"
