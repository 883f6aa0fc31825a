"""Text recipes on generated texts: n-grams, models of every target, the catalog."""

from __future__ import annotations

import pickle
import random
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.protocol import Column, Context, Rows
from podium.recipes import pretrained, text
from podium.recipes.text import catalog
from podium.recipes.text.boost import TextBoost
from podium.recipes.text.fields import text_columns
from podium.recipes.text.linear import NbSvm, TfidfLinear
from podium.recipes.text.ngrams import Grams, cut
from podium.recipes.text.pairs import PairSimilarity, edit_similarity
from podium.recipes.text.peers import Peers, recurring
from podium.recipes.text.stack import NbStack, inner_folds
from podium.recipes.text.vocabulary import Vocabulary, tfidf
from podium.records import Competition, DataFacts, Hardware, Recipe

HARDWARE = Hardware(cores=2, memory_mb=4096)
TOPICS = (
    "moon star comet orbit planet light sky telescope night dust",
    "ship captain sail storm harbour wave anchor rope deck tide",
    "garden rose soil seed rain leaf bee root spring hedge",
)
FILLER = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "that",
    "it",
    "was",
    "his",
    "I",
    "with",
    "as",
    "had",
    "for",
    "but",
    "not",
    "at",
    "on",
    "by",
]
SMALL: dict[str, dict[str, Any]] = {
    "naive_bayes": {},
    "nbsvm": {"C": 3.0},
    "nb_stack": {"alphas": [0.3]},
    "text_boost": {"alphas": [0.3], "rounds": 30, "min_data_in_leaf": 5},
    "tfidf_linear": {"C": 3.0},
}


@pytest.fixture(autouse=True)
def without_an_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether one is installed is not asked here: test_sentences has those families."""
    monkeypatch.setattr(pretrained, "ENCODERS", ())


def write(rng: np.random.Generator, topic: int) -> str:
    words = [
        str(rng.choice(TOPICS[topic].split())) if rng.random() < 0.3 else str(rng.choice(FILLER)) for _ in range(12)
    ]
    return " ".join(words).capitalize() + "."


def texts_of(codes: np.ndarray, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [write(rng, int(code)) for code in codes]


def make(task: str, n: int = 240, seed: int = 0) -> tuple[pl.DataFrame, Any, Context]:
    """Frame, labels and context of one generated competition whose labels follow a text's topic."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(3, size=n)
    frame = pl.DataFrame({"text": texts_of(topic, seed), "n": rng.normal(size=n), "kind": rng.choice(["a", "b"], n)})
    one_hot = np.eye(3)[topic]
    answers: dict[str, tuple[Any, int]] = {
        "multiclass_classification": (topic.astype(np.int64), 3),
        "binary_classification": ((topic == 1).astype(np.int64), 1),
        "multilabel_classification": (one_hot[:, :2], 2),
        "regression": (topic * 2.0 + rng.normal(0, 0.1, n), 1),
        "ordinal_regression": (topic.astype(np.float64), 1),
    }
    y, width = answers[task]
    schema = (
        Column("text", "text", n, 0.0, 60.0),
        Column("n", "numeric", n),
        Column("kind", "categorical", 2, 0.0, 1.0),
    )
    metric = "log_loss" if task.endswith("classification") else "rmse"
    return frame, y, Context(seed=1, cores=1, task_type=task, metric=metric, n_outputs=width, schema=schema)


def model_of(recipe: Recipe) -> Any:
    return getattr(text, catalog.FAMILIES[recipe.model].class_name)(features=recipe.features, **recipe.params)


def deal(frame: pl.DataFrame, y: Any, n_train: int) -> tuple[Rows, Rows]:
    return Rows(frame, np.arange(n_train), y=y[:n_train]), Rows(frame, np.arange(n_train, len(frame)))


def competition(task: str) -> Competition:
    return Competition("x", ".", task, "log_loss", "lower", ("y",), "id", ("id", "y"), "probability")


def facts_of(columns: tuple[Column, ...], n_outputs: int = 3, n: int = 10_000) -> DataFacts:
    return DataFacts(n, 0, n // 5, 5, columns, n_outputs, n_outputs)


# ---------------------------------------------------------------- n-grams


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab é\U0001f600z.", max_size=12), min_size=1, max_size=6), st.integers(1, 3))
def test_char_counts_are_those_of_a_plain_loop(texts: list[str], size: int) -> None:
    counts = Grams("char", 1, size).counts(pl.Series(texts, dtype=pl.String), clip=500)
    for row, value in enumerate(texts):
        spaced = " " + pl.select(pl.lit(value).str.replace_all(r"\s+", " ")).item() + " "
        grams = Counter(spaced[i : i + k] for k in range(1, size + 1) for i in range(len(spaced) - k + 1))
        assert sorted(counts[row].data) == sorted(grams.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["sea", "Sea", "x", "!", "né"]), max_size=8), min_size=1, max_size=5))
def test_word_counts_are_those_of_a_plain_loop(words: list[list[str]]) -> None:
    counts = Grams("word", 1, 2).counts(pl.Series([" ".join(row) for row in words], dtype=pl.String), clip=500)
    for row, tokens in enumerate(words):
        grams = Counter(tuple(tokens[i : i + k]) for k in (1, 2) for i in range(len(tokens) - k + 1))
        assert sorted(counts[row].data) == sorted(grams.values())


def test_equal_texts_have_equal_rows_however_they_are_dealt() -> None:
    grams, texts = Grams.parse("char 2-4 lower"), pl.Series(["A sea", "of stars", "a SEA", None])
    counts = grams.counts(texts, clip=500)
    assert (counts[0] != counts[2]).nnz == 0
    assert (counts[1] != grams.counts(texts[1:2], clip=500)[0]).nnz == 0


def test_counts_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, grams = pl.Series([*texts_of(np.zeros(40, int)), ""]), Grams.parse("word 1-2")
    whole = grams.counts(texts, clip=500)
    monkeypatch.setattr("podium.recipes.text.ngrams.CHUNK", 150)
    assert (grams.counts(texts, clip=500) != whole).nnz == 0


def test_a_column_that_is_told_apart_shares_no_ngram() -> None:
    grams, texts = Grams.parse("word 1-1"), pl.Series(["sea sky moon"])
    assert not set(grams.counts(texts, 500, salt=0).indices) & set(grams.counts(texts, 500, salt=1).indices)


@pytest.mark.parametrize("spelling", ["char", "char 3-2", "words 1-2", "word 0-1"])
def test_a_misspelt_kind_of_ngram_is_named(spelling: str) -> None:
    with pytest.raises(ValueError, match=f"found '{spelling}'"):
        Grams.parse(spelling)


def test_the_vocabulary_is_of_the_training_texts() -> None:
    vocabulary = Vocabulary(("word 1-1",), min_df=2)
    counts = vocabulary.fit_transform([pl.Series(["sea sky", "sea moon", "sky"])])
    assert counts.shape == (3, 2)
    assert vocabulary.transform([pl.Series(["moon rose", "sea sea"])]).sum(axis=1).ravel().tolist() == [[0.0, 2.0]]


def test_the_vocabulary_keeps_to_its_size() -> None:
    texts = [pl.Series(texts_of(np.arange(60) % 3))]
    assert Vocabulary(("char 2-4",), largest=100).fit_transform(texts).shape[1] <= 100


def test_tfidf_rows_have_length_one_and_empty_ones_stay_empty() -> None:
    vocabulary = Vocabulary(("word 1-1",))
    weighed = tfidf(vocabulary.fit_transform([pl.Series(["sea sky", "", "sea sea moon", ""])]), vocabulary.idf())
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    assert np.allclose(lengths, [1, 0, 1, 0], atol=1e-6)


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("family", sorted(SMALL))
@pytest.mark.parametrize("task", ["multiclass_classification", "binary_classification", "multilabel_classification"])
def test_classes_are_learnt(family: str, task: str) -> None:
    frame, y, ctx = make(task)
    train, valid = deal(frame, y, 180)
    features = {"grams": ["word 1-1", "char 2-3"]} if family in ("nb_stack", "text_boost") else {}
    values = model_of(Recipe("text", family, features, SMALL[family])).fit(train, ctx).predict(valid, ctx).values
    assert values.shape == (60, ctx.n_outputs)
    assert np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()
    if task == "multiclass_classification":
        assert np.allclose(values.sum(axis=1), 1)
        assert (values.argmax(axis=1) == y[180:]).mean() > 0.8
    else:
        assert ((values > 0.5) == y[180:].reshape(60, -1)).mean() > 0.8


@pytest.mark.parametrize("family", ["tfidf_linear", "nbsvm", "nb_stack", "naive_bayes", "text_boost"])
@pytest.mark.parametrize("task", ["regression", "ordinal_regression"])
def test_values_are_learnt(family: str, task: str) -> None:
    frame, y, ctx = make(task)
    train, valid = deal(frame, y, 180)
    values = model_of(Recipe("text", family, {"grams": ["word 1-1"]}, SMALL[family])).fit(train, ctx)
    predicted = values.predict(valid, ctx).values
    assert predicted.shape == (60, 1)
    assert np.corrcoef(predicted[:, 0], y[180:])[0, 1] > 0.8


def test_several_values_are_learnt_at_once() -> None:
    frame, y, ctx = make("regression")
    both, ctx = np.column_stack([y, -y]), replace(ctx, n_outputs=2)
    train, valid = deal(frame, both, 180)
    for family in ("tfidf_linear", "nb_stack", "text_boost"):
        model = model_of(Recipe("text", family, {"grams": ["word 1-1"]}, SMALL[family])).fit(train, ctx)
        values = model.predict(valid, ctx).values
        assert values.shape == (60, 2)
        assert np.corrcoef(values[:, 1], both[180:, 1])[0, 1] > 0.8


@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_model_pickles_repeats_itself_and_notes_plain_facts(family: str) -> None:
    frame, y, ctx = make("multiclass_classification", n=120)
    train, valid = deal(frame, y, 90)
    recipe = Recipe("text", family, {}, SMALL[family])
    first, second = (model_of(recipe).fit(train, ctx) for _ in range(2))
    copy = pickle.loads(pickle.dumps(first))
    values = first.predict(valid, ctx).values
    assert np.array_equal(values, copy.predict(valid, ctx).values)
    assert np.array_equal(values, second.predict(valid, ctx).values)
    assert first.notes["rows"] == 90


@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_row_is_predicted_alone_as_among_others(family: str) -> None:
    frame, y, ctx = make("binary_classification", n=120)
    train, valid = deal(frame, y, 90)
    model = model_of(Recipe("text", family, {}, SMALL[family])).fit(train, ctx)
    together = model.predict(valid, ctx).values
    alone = model.predict(valid.take(np.array([3])), ctx).values
    assert np.allclose(alone[0], together[3], atol=1e-6)


@pytest.mark.parametrize("family", sorted(SMALL))
def test_many_rows_are_predicted_a_portion_at_a_time(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, y, ctx = make("multiclass_classification", n=120)
    train, valid = deal(frame, y, 90)
    model = model_of(Recipe("text", family, {}, SMALL[family])).fit(train, ctx)
    whole, asked = model.predict(valid, ctx).values, []
    plain = type(model)._predict
    monkeypatch.setattr("podium.recipes.text.model.PORTION", 100)
    monkeypatch.setattr(
        type(model), "_predict", lambda self, rows, *rest: asked.append(len(rows)) or plain(self, rows, *rest)
    )
    assert np.allclose(model.predict(valid, ctx).values, whole, atol=1e-6)
    assert sum(asked) == 30 and len(asked) > 5


def test_a_class_that_training_rows_lack_gets_next_to_nothing() -> None:
    frame, y, ctx = make("multiclass_classification")
    keep = np.flatnonzero(y != 2)
    for family in SMALL:
        model = model_of(Recipe("text", family, {}, SMALL[family])).fit(Rows(frame, keep, y=y[keep]), ctx)
        values = model.predict(Rows(frame, np.arange(20)), ctx).values
        assert values.shape == (20, 3) and values[:, 2].max() < 0.34, family


def test_an_output_of_one_value_is_predicted_so() -> None:
    frame, _, ctx = make("binary_classification")
    train = Rows(frame, np.arange(50), y=np.zeros(50, np.int64))
    for family in ("naive_bayes", "nbsvm", "tfidf_linear", "nb_stack"):
        model = model_of(Recipe("text", family, {}, SMALL[family])).fit(train, ctx)
        assert model.predict(Rows(frame, np.arange(9)), ctx).values.max() < 0.1, family


def test_texts_missing_empty_or_of_strange_signs_are_borne() -> None:
    frame, y, ctx = make("multiclass_classification", n=60)
    strange = pl.Series("text", [None, "", "   ", "🦀🦀 ≈", "Ωμέγα"] * 12)
    rows = Rows(frame.with_columns(strange), np.arange(60), y=y)
    for family in SMALL:
        model = model_of(Recipe("text", family, {}, SMALL[family])).fit(rows, ctx)
        assert np.isfinite(model.predict(rows, ctx).values).all(), family


def test_the_table_beside_the_text_is_read() -> None:
    rng = np.random.default_rng(3)
    number = rng.normal(size=400)
    frame = pl.DataFrame({"text": texts_of(rng.integers(3, size=400)), "n": number})
    y = (number > 0).astype(np.int64)
    _, _, ctx = make("binary_classification")
    ctx = replace(ctx, schema=(Column("text", "text", 400, 0.0, 60.0), Column("n", "numeric", 400)))
    train, valid = deal(frame, y, 300)
    for model in (TfidfLinear({}, table=1.0), NbSvm({}, table=1.0), NbStack({"grams": ["word 1-1"]})):
        values = model.fit(train, ctx).predict(valid, ctx).values[:, 0]
        assert ((values > 0.5) == y[300:]).mean() > 0.8


def test_weights_count_like_copies() -> None:
    frame, y, ctx = make("binary_classification", n=120)
    ctx = replace(ctx, schema=ctx.schema[:1])
    doubled = np.concatenate([np.arange(120), np.arange(0, 120, 3)])
    weight = np.where(np.arange(120) % 3 == 0, 2.0, 1.0)
    one = NbSvm({"grams": ["word 1-1"]}).fit(Rows(frame, np.arange(120), y=y, weight=weight), ctx)
    two = NbSvm({"grams": ["word 1-1"]}).fit(Rows(frame, doubled, y=y[doubled]), ctx)
    assert np.allclose(one.ratios, two.ratios, atol=1e-5)


def test_the_best_of_several_strengths_is_chosen_and_support_vectors_are_calibrated() -> None:
    frame, y, ctx = make("multiclass_classification")
    train, _ = deal(frame, y, 200)
    assert TfidfLinear({}, C=[1e-4, 10.0]).fit(train, ctx).notes["C"] == 10.0
    assert TfidfLinear({}, C=1.0, loss="hinge").fit(train, ctx).notes["scale"] > 1


def test_too_much_text_is_cut_to_what_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, y, ctx = make("multiclass_classification")
    train, valid = deal(frame, y, 200)
    monkeypatch.setattr("podium.recipes.text.model.BUDGET", {"word": 3000, "char": 3000})
    model = NbSvm().fit(train, ctx)
    assert 50 < model.notes["rows"] < 150
    assert (model.predict(valid, ctx).values.argmax(axis=1) == y[200:]).mean() > 0.6


def test_the_kind_of_n_gram_with_the_least_room_decides_how_much_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, y, ctx = make("multiclass_classification")
    train, _ = deal(frame, y, 200)
    monkeypatch.setattr("podium.recipes.text.model.BUDGET", {"word": 4500, "char": 1500})
    both = NbSvm({"grams": ["word 1-2", "char 2-4"]}).fit(train, ctx).notes["rows"]
    assert both == NbSvm({"grams": ["char 2-4"]}).fit(train, ctx).notes["rows"]
    assert both < NbSvm({"grams": ["word 1-2"]}).fit(train, ctx).notes["rows"] < 200


def test_boosting_ends_with_its_time_at_the_best_round_there_was() -> None:
    frame, y, ctx = make("multiclass_classification")
    train, valid = deal(frame, y, 200)
    hurried = replace(ctx, deadline=time.monotonic() + 0.5)
    model = TextBoost({"grams": ["word 1-1"]}, rounds=100_000, patience=100_000, min_data_in_leaf=5).fit(train, hurried)
    assert all(1 <= rounds < 100_000 for rounds in model.notes["best_iteration"])
    assert np.isfinite(model.predict(valid, ctx).values).all()


def test_evidence_is_counted_out_of_fold() -> None:
    """Labels without any relation to texts: evidence counted on a row's own label would look like knowledge."""
    frame, _, ctx = make("binary_classification", n=300)
    y = np.random.default_rng(5).integers(2, size=300).astype(np.int64)
    ctx = replace(ctx, schema=ctx.schema[:1])
    values = NbStack({"grams": ["word 1-3", "char 4-6"]}, C=1.0).fit(Rows(frame, np.arange(300), y=y), ctx)
    unseen = Rows(pl.DataFrame({"text": texts_of(np.arange(300) % 3, seed=9)}), np.arange(300))
    assert np.abs(values.predict(unseen, ctx).values - 0.5).mean() < 0.2


def test_inner_folds_keep_groups_together_and_time_in_blocks() -> None:
    frame = pl.DataFrame({"text": ["x"] * 30})
    groups = np.repeat(np.arange(10), 3)
    of_groups = inner_folds(Rows(frame, np.arange(30), groups=groups), 5)
    assert all(len(set(of_groups[groups == g])) == 1 for g in range(10))
    of_times = inner_folds(Rows(frame, np.arange(30), times=np.arange(30.0)[::-1]), 5)
    assert (np.diff(of_times) <= 0).all() and set(of_times) == set(range(5))


# ---------------------------------------------------------------- pairs


def plain_levenshtein(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = _next_row(row, i, x, b)
    return row[-1]


def _next_row(row: list[int], i: int, x: str, b: str) -> list[int]:
    out = [i]
    for j, y in enumerate(b, 1):
        out.append(min(row[j] + 1, out[-1] + 1, row[j - 1] + (x != y)))
    return out


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.text("abc", max_size=9), st.text("abc", max_size=9)), min_size=1, max_size=8))
def test_edit_similarity_is_levenshtein(pairs: list[tuple[str, str]]) -> None:
    left, right = (pl.Series([pair[k] for pair in pairs], dtype=pl.String) for k in (0, 1))
    expected = [1 - plain_levenshtein(a, b) / max(len(a), len(b), 1) for a, b in pairs]
    assert np.allclose(edit_similarity(left, right), expected)


def test_similar_pairs_look_similar() -> None:
    left = pl.Series(["steel spring clip", "steel spring clip", "moon"])
    right = pl.Series(["Steel spring clip", "garden hose", ""])
    columns = PairSimilarity().fit([left, right]).transform([left, right])
    assert np.isfinite(columns).all()
    assert columns[0, 0] == pytest.approx(1, abs=1e-5) and columns[1, 0] == 0 and columns[2, 0] == 0


def test_values_of_pairs_are_learnt_from_their_similarity() -> None:
    rng = np.random.default_rng(0)
    words = " ".join(TOPICS).split()
    left = [" ".join(rng.choice(words, 3)) for _ in range(500)]
    shared = rng.integers(4, size=500)
    right = [" ".join([*a.split()[:k], *rng.choice(words, 3 - k)]) for a, k in zip(left, shared, strict=True)]
    frame = pl.DataFrame({"a": left, "b": right})
    schema = (Column("a", "text", 500, 0.0, 15.0), Column("b", "text", 500, 0.0, 15.0))
    ctx = Context(1, 1, "regression", "pearson", 1, schema)
    train, valid = deal(frame, shared / 3, 400)
    plain, paired = ({"grams": ["word 1-1"], "pairs": pairs} for pairs in (False, True))
    scores = [
        np.corrcoef(NbStack(features).fit(train, ctx).predict(valid, ctx).values[:, 0], shared[400:])[0, 1]
        for features in (plain, paired)
    ]
    assert scores[1] > 0.9 and scores[0] < 0.7


def test_peers_are_rows_that_share_a_text_and_never_the_row_itself() -> None:
    group = pl.Series(["x"] * 6 + ["y"] * 6)
    other = pl.Series(["sea wave", "sea wind", "star sky", "star moon", "rose", "soil"] * 2)
    labels = np.array([1.0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]).reshape(-1, 1)
    peers = Peers(0, 1)
    columns = peers.fit_transform([group, other], labels, np.arange(12) % 2)
    assert columns[0, 0] > 0.2 and columns[6, 0] < -0.1  # the same words, another group
    new = peers.transform([pl.Series(["x", "y", "z"]), pl.Series(["sea tide"] * 3)])
    assert new[0, 0] > 0.2 and new[1, 0] < -0.1 and not new[2].any()
    shuffled = np.random.default_rng(0).permutation(12)
    of_self = Peers(0, 1).fit_transform([group, pl.Series(list("abcdefghijkl"))], labels, shuffled % 2)
    assert not of_self[:, -1].any()  # no two rows have a word in common: no row has a peer


def test_texts_that_recur_are_found() -> None:
    anchors, others = pl.Series(["a", "b"] * 20), pl.Series([str(k) for k in range(40)])
    assert recurring([anchors, others]) == [(0, 1)]
    assert recurring([others, others]) == []


def test_a_text_that_says_nothing_within_its_group_is_not_compared() -> None:
    """A prompt's question and its passage make the same groups, and neither varies within them."""
    questions, essays = pl.Series(["why", "how"] * 20), pl.Series([str(k) for k in range(40)])
    passages = questions.replace_strict({"why": "the sea", "how": "the sky"})
    assert recurring([questions, passages, essays]) == [(0, 2)]


def test_what_all_rows_share_is_left_out_where_pairs_would_share_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    group, labels = pl.Series(["x"] * 40), np.tile([0.0, 1.0], 20).reshape(-1, 1)
    other = pl.Series([f"the {'sea' if k % 2 else 'sky'}" for k in range(40)])
    monkeypatch.setattr("podium.recipes.text.peers.MOST_SHARED", 40**2)  # one n-gram of all rows
    peers = Peers(0, 1)
    columns = peers.fit_transform([group, other], labels, np.arange(40) // 2 % 2)
    assert peers.known.nnz < 40 * 5
    assert columns.shape == (40, 4) and np.isfinite(columns).all()
    assert peers.transform([group[:2], other[:2]]).shape == (2, 4)


# ---------------------------------------------------------------- catalog


PROSE = (Column("text", "text", 9000, 0.0, 150.0),)
PAIR = (Column("a", "text", 700, 0.0, 15.0), Column("b", "text", 9000, 0.0, 15.0), Column("c", "code", 90, 0.0, 3.0))
TABLE = (Column("Name", "text", 890, 0.0, 26.0), *(Column(f"n{k}", "numeric", 90) for k in range(9)))


def test_texts_that_carry_the_rows_get_recipes_and_names_in_a_table_do_not() -> None:
    many = competition("multiclass_classification")
    assert set(catalog.families(facts_of(PROSE), many)) == set(SMALL)
    assert catalog.families(facts_of(TABLE), many) == () and catalog.portfolio(facts_of(TABLE), many, HARDWARE) == ()
    assert "naive_bayes" not in catalog.families(facts_of(PAIR), competition("regression"))


@pytest.mark.parametrize("columns", [PROSE, PAIR])
@pytest.mark.parametrize("task", ["multiclass_classification", "binary_classification", "regression"])
def test_the_first_recipe_is_the_cheapest_and_all_can_be_made(columns: tuple[Column, ...], task: str) -> None:
    facts = facts_of(columns)
    recipes = catalog.portfolio(facts, competition(task), HARDWARE)
    costs = [catalog.cost_s(recipe, facts, 8000) for recipe in recipes]
    assert len(recipes) >= 4 and costs[0] < 2 and all(0 < cost < 60 for cost in costs)
    assert all(200 < catalog.memory_mb(recipe, facts) < 4096 for recipe in recipes)
    for recipe in recipes:
        model_of(recipe)


@pytest.mark.parametrize("task", ["multiclass_classification", "regression"])
def test_neighbours_differ_and_stay_in_their_family(task: str) -> None:
    facts, asked, rng = facts_of(PAIR), competition(task), random.Random(4)
    for recipe in catalog.portfolio(facts, asked, HARDWARE):
        for _ in range(30):
            other = catalog.neighbours(recipe, rng, facts, asked)
            assert other.model == recipe.model and other != recipe
            model_of(other)


def test_of_two_classes_each_is_the_others_complement() -> None:
    """An option that changes nothing is not tried."""
    facts, rng = facts_of(PROSE, 1), random.Random(4)
    recipe = Recipe("text", "naive_bayes", {"grams": ["word 1-2"]}, {"alphas": [0.1]})
    for task, moved in (("binary_classification", False), ("multiclass_classification", True)):
        others = [catalog.neighbours(recipe, rng, facts, competition(task)) for _ in range(100)]
        assert any("complement" in other.params for other in others) == moved


def test_neighbours_follow_the_random_stream() -> None:
    facts, asked = facts_of(PROSE), competition("multiclass_classification")
    recipe = catalog.portfolio(facts, asked, HARDWARE)[0]
    streams = [
        [catalog.neighbours(recipe, r, facts, asked) for _ in range(5)] for r in (random.Random(1), random.Random(1))
    ]
    assert streams[0] == streams[1]


def test_more_rows_cost_more() -> None:
    facts = facts_of(PROSE)
    for recipe in catalog.portfolio(facts, competition("multiclass_classification"), HARDWARE):
        assert catalog.cost_s(recipe, facts, 20_000) > catalog.cost_s(recipe, facts, 2_000)


def test_strings_stand_in_where_intake_sees_no_text() -> None:
    assert text_columns((Column("a", "categorical"), Column("n", "numeric"))) == ["a"]


# ---------------------------------------------------------------- long documents, pairs of texts


def test_a_long_text_is_read_at_its_beginning_its_end_and_between() -> None:
    long = "start " + "x" * 40_000 + " middle " + "y" * 40_000 + " end"
    short = "short and whole"
    found = cut(pl.Series("t", [long, short]), 1_000).to_list()
    assert found[0].startswith("start ")
    assert found[0].endswith(" end")
    assert 900 < len(found[0]) <= 1_000
    assert "x" in found[0]
    assert "y" in found[0]
    assert found[1] == short


@pytest.mark.parametrize("task_type", ["binary_classification", "regression"])
def test_texts_that_come_in_pairs_are_compared(task_type: str) -> None:
    columns = (Column("one", "text", mean_length=50.0), Column("other", "text", mean_length=50.0))
    facts = DataFacts(1_000, 0, 500, 5, columns, 1, 2)
    asked = Competition(
        "made-up", "", task_type, "log_loss", "lower", ("y",), "id", ("id", "y"), "probability", ("no", "yes")
    )
    listed = catalog.portfolio(facts, asked, HARDWARE)
    assert any(recipe.features.get("pairs") for recipe in listed[:2])
