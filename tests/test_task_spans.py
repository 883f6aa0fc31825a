"""Spans: probabilities of characters to one piece of the text, whole words first, ragged ends where they pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import tasks
from podium.competition.units import TRUTH
from podium.ensemble.mixing import MIXERS
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Text
from podium.packing import spans
from podium.records import Competition
from podium.tasks.passages import bounds, passage_column, words
from podium.tasks.span_choice import best_run, choose
from podium.tasks.span_extraction import SpanExtractionTask
from podium.testing.task_conformance import conform

TEXTS = [f"we all said good {word} to them  today" for word in "morning evening luck bye grief".split()] * 5  # noqa: SIM905


def task(metric: str = "word_jaccard") -> SpanExtractionTask:
    asked = Competition(
        "mood", "", "span_extraction", metric, "higher", ("phrase",), "id", ("id", "phrase"), "text",
    )  # fmt: skip
    made = tasks.for_competition(asked)
    assert isinstance(made, SpanExtractionTask)
    made.longest = 48
    return made


def raw_of(made: SpanExtractionTask, texts: list[str], marked: list[tuple[int, int]], p: float = 0.9) -> Any:
    chances = []
    for text, (begin, end) in zip(texts, marked, strict=True):
        chance = np.full(len(text), 0.05)
        chance[begin:end] = p
        chances.append(chance)
    return spans(texts, chances, made.layout()).values.reshape(len(texts), -1).astype(np.float64)


@pytest.mark.parametrize("metric", ["word_jaccard", "exact_match"])
def test_conforms(metric: str) -> None:
    made = task(metric)
    labels = pl.DataFrame({TRUTH: [text[12:20] for text in TEXTS]})
    raw = raw_of(made, TEXTS, [(12, 20 + at % 4) for at in range(25)])
    conform(made, labels, raw, pl.Series("id", [f"r{at}" for at in range(25)]))


def test_whole_words_are_chosen() -> None:
    made = task()
    raw = raw_of(made, TEXTS[:1], [(13, 20)])
    assert made.decide(raw, {}).values == ("good morning",)


def test_ends_within_words_where_they_were_marked_so() -> None:
    made = task()
    marked = [(text.index("good") - 2, text.index(" to") - 1) for text in TEXTS]
    truth = Text(tuple(text[a:b].strip() for text, (a, b) in zip(TEXTS, marked, strict=True)))
    raw = raw_of(made, TEXTS, marked)
    decision = made.fit_decision(truth, raw)
    assert decision["ragged"] is True
    assert made.decide(raw, decision).values == truth.values
    assert made.score(truth, made.decide(raw, {})) < 1.0


def test_the_whole_text_where_most_of_it_is_likely() -> None:
    made = task()
    raw = raw_of(made, TEXTS[:1], [(0, 30)], p=0.7)
    assert made.decide(raw, {"whole": 0.5}).values == (TEXTS[0],)
    assert made.decide(raw, {"whole": 2.0}).values != (TEXTS[0],)


def test_a_text_without_words_has_no_span() -> None:
    made = task()
    assert made.decide(raw_of(made, ["   ", ""], [(0, 0), (0, 0)]), {"ragged": True}).values == ("", "")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab \t\n,", max_size=20), st.integers(0, 99), st.booleans())
def test_a_choice_is_a_piece_of_the_text(text: str, seed: int, ragged: bool) -> None:
    made = task()
    p = np.random.default_rng(seed).random(len(text))
    raw = spans([text], [p], made.layout()).values.reshape(1, -1)
    (chosen,) = choose(raw, {"ragged": ragged, "power": 2.0})
    assert chosen in text
    assert bool(chosen) == bool(text.split())


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abc \t\n", max_size=24))
def test_words_are_those_of_split(text: str) -> None:
    codes = np.zeros((1, 24))
    codes[0, : len(text)] = [ord(letter) for letter in text]
    word_of, counts = words(codes)
    starts, ends = bounds(word_of, max(1, int(counts[0])))
    found = [text[a:b] for a, b in zip(starts[0], ends[0], strict=True)]
    assert found[: int(counts[0])] == text.split()


def test_the_best_run_is_the_best_of_all() -> None:
    rng = np.random.default_rng(0)
    q = rng.random((30, 7))
    counts = rng.integers(1, 8, 30)
    q[np.arange(7)[None, :] >= counts[:, None]] = 0.0
    first, last = best_run(q, counts)
    for row in range(30):
        total = q[row].sum()
        merits = {
            (a, b): q[row, a : b + 1].sum() / (b - a + 1 + total - q[row, a : b + 1].sum())
            for a in range(counts[row])
            for b in range(a, counts[row])
        }
        assert merits[first[row], last[row]] == pytest.approx(max(merits.values()))


@pytest.mark.parametrize(("place", "bad", "why"), [(0, 0.5, "code points"), (60, 1.5, "probabilities")])
def test_what_is_neither_character_nor_probability_is_refused(place: int, bad: float, why: str) -> None:
    made = task()
    raw = raw_of(made, TEXTS[:1], [(0, 4)])
    raw[0, place] = bad
    with pytest.raises(InvalidPredictions, match=why):
        made.check(raw, 1)


def test_members_of_one_text_are_averaged_and_others_not_heard() -> None:
    made = task()
    one, other = raw_of(made, TEXTS[:2], [(0, 4)] * 2), raw_of(made, TEXTS[:2], [(4, 8)] * 2)
    strange = raw_of(made, [TEXTS[0], "another text"], [(0, 4)] * 2)
    mixed = MIXERS["spans"]([one, other, strange], [0.4, 0.4, 0.2])
    assert np.array_equal(mixed[:, :48], one[:, :48])
    assert np.allclose(mixed[1, 48:], (one[1, 48:] + other[1, 48:]) / 2)
    assert np.allclose(mixed[0, 48:], 0.6 * one[0, 48:] + 0.4 * other[0, 48:])


def test_the_passage_is_the_column_that_holds_the_answers(tmp_path: Path) -> None:
    frame = pl.DataFrame({"mood": ["good"] * 25, "text": TEXTS, "n": range(25)})
    answers = [text[12:20] for text in TEXTS]
    assert passage_column(frame, answers) == "text"
    frame.write_ipc(tmp_path / "features.arrow")
    pl.DataFrame({"#row": np.arange(25), TRUTH: answers}).write_ipc(tmp_path / "labels.arrow")
    made = task()
    made.measure(tmp_path)
    assert made.layout().shape == (2, max(map(len, TEXTS)))
