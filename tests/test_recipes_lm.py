"""Language-modelling recipes: the text put together again, counts by hand, mixtures, nets where torch is."""

from __future__ import annotations

import pickle
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.alphabet import Alphabet
from podium.protocol import Column, Context, Rows
from podium.recipes.lm import KneserNey, MixedGrams, Recurrent, catalog
from podium.recipes.lm.backoff import Backoff, discounted
from podium.recipes.lm.contexts import Text
from podium.recipes.lm.corpus import HOLE, Vocabulary, cut_out, rebuild, stacked
from podium.recipes.lm.counts import Table
from podium.records import Competition, DataFacts, Hardware, Recipe

LENGTH, STRIDE = 20, 5
WORDS = ["the cat", "a dog", "my fox", "Old man"]
VERBS = {"the cat": "purrs", "a dog": "barks", "my fox": "hides", "Old man": "talks"}


def running(n: int = 700, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    said = [str(rng.choice(WORDS)) for _ in range(n)]
    return "".join(f"{one} {rng.choice(['now', 'then', 'here'])} {VERBS[one]}.\n" for one in said)


def context(classes: tuple[str, ...], **changes: object) -> Context:
    fields = {
        "seed": 1, "cores": 1, "task_type": "language_modelling", "metric": "bits_per_character",
        "n_outputs": len(classes), "schema": (Column("context", "text", mean_length=float(LENGTH)),), "classes": classes,
    }  # fmt: skip
    return Context(**(fields | changes))  # type: ignore[arg-type]


def rows_of(text: str, classes: tuple[str, ...], places: np.ndarray, order: np.ndarray | None = None) -> Rows:
    places = places if order is None else places[order]
    frame = pl.DataFrame({"context": [text[max(0, p - LENGTH) : p] for p in places]})
    y = np.array([classes.index(f"c{ord(text[p])}") for p in places], dtype=np.int64)
    return Rows(frame, np.arange(len(places)), y=y, labels=pl.DataFrame({"place": places}))


def classes_of(text: str) -> tuple[str, ...]:
    return tuple(f"c{ord(letter)}" for letter in sorted(set(text)))


def dealt(text: str, seed: int = 0) -> tuple[Rows, Context]:
    places = np.arange(STRIDE - 1, len(text), STRIDE)
    order = np.random.default_rng(seed).permutation(len(places))
    classes = classes_of(text)
    return rows_of(text, classes, places, order), context(classes)


def asked(text: str, classes: tuple[str, ...], seed: int = 9) -> tuple[Rows, np.ndarray]:
    places = np.sort(np.random.default_rng(seed).choice(np.arange(LENGTH, len(text)), 300, replace=False))
    rows = rows_of(text, classes, places)
    assert rows.y is not None
    return Rows(rows.frame(), np.arange(len(places))), rows.y


def bits(found: np.ndarray, answers: np.ndarray) -> float:
    return float(-np.log2(found[np.arange(len(answers)), answers]).mean())


# ---------------------------------------------------------------- the text


@settings(max_examples=25, deadline=None)
@given(text=st.text("ab \né€", min_size=60, max_size=400), seed=st.integers(0, 99))
def test_rows_in_any_order_give_the_text_back(text: str, seed: int) -> None:
    rows, ctx = dealt(text, seed)
    corpus = rebuild(rows, "context", ctx)
    symbols = corpus.vocabulary.symbols
    assert "".join(symbols[code] for code in corpus.codes) == text[: len(corpus.codes)]
    assert len(corpus.codes) > len(text) - STRIDE
    assert np.array_equal(corpus.answers, np.arange(len(corpus.codes)))


def test_parts_that_nobody_tells_are_holes() -> None:
    text = running(60)
    classes = classes_of(text)
    places = np.concatenate([np.arange(30, 300, 5), np.arange(600, 900, 5)])
    corpus = rebuild(rows_of(text, classes, places), "context", context(classes))
    assert (corpus.codes == HOLE).any()
    assert not (corpus.codes[corpus.answers] == HOLE).any()


def test_from_shuffled_labels_only_they_are_learned() -> None:
    text = running()
    rows, ctx = dealt(text)
    assert rows.y is not None
    y = np.random.default_rng(0).permutation(rows.y)
    shuffled = Rows(rows.frame(), rows.ids, y=y, labels=rows.labels())
    corpus = rebuild(shuffled, "context", ctx)
    assert np.array_equal(corpus.codes[corpus.answers], y)
    test, answers = asked(running(80, 5), ctx.classes)
    plain = MixedGrams(order=4).fit(rows, ctx).predict(test, ctx).values
    blind = MixedGrams(order=4).fit(shuffled, ctx).predict(test, ctx).values
    assert bits(plain, answers) < 1.0 < 3.0 < bits(blind, answers)


def test_contexts_are_stacked_with_holes_between() -> None:
    vocabulary = Vocabulary(Alphabet(("a", "b")), ("a", "b"), 2)
    codes, ends = stacked(["ab", "", "abba"], vocabulary, 3)
    assert codes.tolist() == [HOLE, 0, 1, HOLE, HOLE, 1, 1, 0, HOLE]
    assert ends.tolist() == [3, 4, 8]
    cut, at = cut_out(np.array([0, 1, 1, 0], dtype=np.int32), np.array([3, 1]), 2)
    assert [cut[end - 2 : end].tolist() for end in at] == [[1, 1], [HOLE, 0]]


# ---------------------------------------------------------------- counts


def test_counts_are_those_of_the_text() -> None:
    vocabulary = Vocabulary(Alphabet(tuple("abc ")), tuple("abc "), 4)
    codes = vocabulary.codes("abcab abb")
    text = Text(codes, vocabulary)
    places = np.arange(len(codes))
    table = Table(text.before(places, 2), codes, 4)
    found = table.of(text.before(np.array([len(codes) - 1]), 2))  # what followed "ab"
    assert found.tolist() == [[0.0, 1.0, 1.0, 1.0]]


def test_a_context_hashes_alike_in_another_text() -> None:
    vocabulary = Vocabulary(Alphabet(tuple("abcdT ")), tuple("abcdT "), 6)
    one, other = (Text(vocabulary.codes(text), vocabulary) for text in ("dd cab T", "a cab  "))
    assert one.before(np.array([6]), 3)[0] == other.before(np.array([5]), 3)[0]
    words = [[h[0] for _, h in text.of_words(np.array([at]))] for text, at in ((one, 6), (other, 5))]
    assert words[0][0] == words[1][0]  # the word begun
    assert words[0][1] != words[1][1]  # after another word


def test_discounted_counts_sum_to_one_and_keep_what_is_unseen() -> None:
    lower = np.full((2, 4), 0.25, dtype=np.float32)
    counts = np.array([[5, 1, 0, 0], [0, 0, 0, 0]], dtype=np.float32)
    p = discounted(counts, (0.5, 0.9, 1.2), lower)
    assert p.sum(axis=1) == pytest.approx([1, 1])
    assert p[0].tolist() == pytest.approx([(3.8 + 1.7 / 4) / 6, (0.5 + 1.7 / 4) / 6, 1.7 / 24, 1.7 / 24])
    assert p[1].tolist() == lower[1].tolist()


def test_lower_orders_count_the_symbols_that_go_before() -> None:
    vocabulary = Vocabulary(Alphabet(tuple("abx")), tuple("abx"), 3)
    codes = vocabulary.codes("xaxaxaxaxabb")
    tables = Backoff(codes, np.arange(len(codes)), vocabulary, 1, words=False)
    # a follows x alone (and begins nothing else), b follows a and b: Kneser and Ney's example of San Francisco
    counts = tables.suffixes[0].of(np.array([Text(codes, vocabulary).before(np.array([0]), 0)[0]]))
    assert counts[0].tolist() == [1.0, 2.0, 2.0]


# ---------------------------------------------------------------- models


@pytest.fixture(scope="module")
def language() -> tuple[Rows, Context, Rows, np.ndarray]:
    rows, ctx = dealt(running())
    return rows, ctx, *asked(running(120, 7), ctx.classes)


@pytest.mark.parametrize("model", [KneserNey(order=5), MixedGrams(order=8)])
def test_counting_models_learn_and_repeat(model: KneserNey, language: tuple[Rows, Context, Rows, np.ndarray]) -> None:
    rows, ctx, test, answers = language
    found = model.fit(rows, ctx).predict(test, ctx).values
    assert found.shape == (300, len(ctx.classes))
    assert found.sum(axis=1) == pytest.approx(np.ones(300))
    assert found.min() > 0
    assert bits(found, answers) < 0.75
    again = type(model)(**{"order": model.params["order"]}).fit(rows, ctx).predict(test, ctx).values
    assert np.array_equal(found, again)
    kept = pickle.loads(pickle.dumps(model)).predict(test.take(np.arange(299, -1, -1)), ctx).values
    assert kept[::-1] == pytest.approx(found, abs=1e-6)


def test_words_before_tell_what_near_letters_cannot(language: tuple[Rows, Context, Rows, np.ndarray]) -> None:
    rows, ctx, test, answers = language
    near = KneserNey(order=3).fit(rows, ctx).predict(test, ctx).values
    far = MixedGrams(order=3).fit(rows, ctx).predict(test, ctx).values
    assert bits(far, answers) < bits(near, answers) - 0.05


def test_words_are_predicted_too() -> None:
    rng = np.random.default_rng(0)
    pairs = {"red": "fox", "blue": "sky", "old": "man"}
    said = [w for _ in range(900) for w in (lambda a: (a, pairs[a]))(str(rng.choice(list(pairs))))]
    classes = tuple(sorted({*pairs, *pairs.values()}))
    starts = np.cumsum([0, *(len(w) + 1 for w in said)])[:-1]
    text = " ".join(said)
    held = np.arange(3, len(said), 2)
    frame = pl.DataFrame({"context": [text[max(0, starts[i] - 30) : starts[i]] for i in held]})
    y = np.array([classes.index(said[i]) for i in held])
    rows = Rows(frame, np.arange(len(held)), y=y, labels=pl.DataFrame({"place": starts[held]}))
    ctx = context(classes)
    found = MixedGrams(order=3).fit(rows, ctx).predict(Rows(frame, np.arange(200)), ctx).values
    assert (found.argmax(axis=1) == y[:200]).mean() > 0.95


def test_a_net_learns_on_what_time_there_is(language: tuple[Rows, Context, Rows, np.ndarray]) -> None:
    pytest.importorskip("torch")
    rows, ctx, test, answers = language
    model = Recurrent(width=32, epochs=8, length=32, lr=0.02, dropout=0.0).fit(rows, ctx)
    found = model.predict(test, ctx).values
    assert found.sum(axis=1) == pytest.approx(np.ones(300))
    assert bits(found, answers) < 1.5
    turned = pickle.loads(pickle.dumps(model)).predict(test.take(np.arange(299, -1, -1)), ctx).values
    assert turned[::-1] == pytest.approx(found, abs=1e-5)


# ---------------------------------------------------------------- the catalog

ASKED = Competition(
    "made-up", "", "language_modelling", "bits_per_character", "lower", ("next",), "id", ("id",), "probability"
)
FACTS = DataFacts(60_000, 0, 2_000, 3, (Column("context", "text", mean_length=64.0),), 65, 65)


def test_the_catalog_leads_with_what_is_cheap_and_mutates_within_its_space() -> None:
    listed = catalog.portfolio(FACTS, ASKED, Hardware(2, 4000))
    assert [recipe.model for recipe in listed[:2]] == ["kneser_ney", "mixed_grams"]
    rng = random.Random(0)
    for recipe in listed:
        assert recipe.model in catalog.families(FACTS, ASKED)
        changed = catalog.neighbours(recipe, rng, FACTS, ASKED)
        assert changed.params != recipe.params
        assert 0 < catalog.cost_s(recipe, FACTS, 60_000) < 2_000
        assert 300 < catalog.memory_mb(recipe, FACTS) < 6_000


def test_without_torch_counting_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert catalog.families(FACTS, ASKED) == ("kneser_ney", "mixed_grams")


def test_longer_nets_cost_more() -> None:
    small, large = (Recipe("lm", "recurrent", {}, {"width": width, "epochs": 6}) for width in (128, 512))
    assert catalog.cost_s(small, FACTS, 60_000) < catalog.cost_s(large, FACTS, 60_000)
