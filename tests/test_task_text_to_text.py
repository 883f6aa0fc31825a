"""Answers that are texts: encoded as spelled, checked as code points, written with quotes where they are needed."""

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
from podium.errors import InvalidPredictions
from podium.metrics.shapes import Text
from podium.packing import texts, unpack_texts
from podium.records import Competition
from podium.tasks.text_to_text import TextToTextTask
from podium.testing.task_conformance import conform

ANSWERS = ["one", "twenty, two", '"quoted"', "three\nlines", " padded ", "ünïcode ✓", "", "one", "5", "NA"] * 3


def competition(metric: str = "levenshtein", direction: Any = "lower") -> Competition:
    return Competition(
        "talk", "", "text_generation", metric, direction, ("after",), "id", ("id", "after"), "text",
    )  # fmt: skip


def task(metric: str = "levenshtein", direction: Any = "lower") -> TextToTextTask:
    made = tasks.for_competition(competition(metric, direction))
    assert isinstance(made, TextToTextTask)
    made.longest = 16
    return made


def raw_of(made: TextToTextTask, answers: list[str]) -> Any:
    return texts(answers, made.layout()).values.astype(np.float64)


@pytest.mark.parametrize(
    ("metric", "direction"), [("levenshtein", "lower"), ("accuracy", "higher"), ("bleu", "higher")]
)
def test_conforms(metric: str, direction: str) -> None:
    made = task(metric, direction)
    labels = pl.DataFrame({TRUTH: ANSWERS})
    conform(made, labels, raw_of(made, ANSWERS[::-1]), pl.Series("id", [f"r{at}" for at in range(30)]))


def test_answers_are_kept_as_spelled() -> None:
    made = task()
    truth = made.encode(pl.DataFrame({TRUTH: ANSWERS}))
    assert truth.values == tuple(ANSWERS)
    assert made.decide(raw_of(made, ANSWERS), {}).values == tuple(ANSWERS)
    assert made.score(truth, made.decide(raw_of(made, ANSWERS), {})) == 0.0


def test_accuracy_of_texts_is_their_exact_match() -> None:
    made = task("accuracy", "higher")
    assert made.metric.name == "exact_match"
    assert made.score(Text(("a", "b")), Text(("a", "B"))) == 0.5


def test_the_baseline_is_the_commonest_answer() -> None:
    made = task()
    assert set(unpack_texts(made.baseline(Text(("b", "a", "a")), 4))) == {"a"}


@pytest.mark.parametrize("bad", [0.5, -1.0, 0x110000, 0xD800])
def test_what_is_no_character_is_refused(bad: float) -> None:
    made = task()
    raw = raw_of(made, ["abc"])
    raw[0, 1] = bad
    with pytest.raises(InvalidPredictions, match="code points"):
        made.check(raw, 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=16), min_size=1))
def test_any_text_goes_there_and_back(answers: list[str]) -> None:
    made = task()
    assert made.decide(made.check(raw_of(made, answers), len(answers)), {}).values == tuple(answers)


def test_a_sheet_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made, ids = task(), pl.Series("id", list("abcde"))
    answers = ["x, y", 'say "x"', "two\nlines", "", "007"]
    made.write(Text(tuple(answers)), ids).write_csv(tmp_path / "s.csv")
    back = pl.read_csv(tmp_path / "s.csv", infer_schema=False)
    made.check_submission(back.with_columns(pl.col("after").fill_null("")), ids)
    assert back["after"].fill_null("").to_list() == answers


def test_the_layout_is_as_long_as_answers_are(tmp_path: Path) -> None:
    pl.DataFrame({TRUTH: ["a" * 40, "b"]}).write_ipc(tmp_path / "labels.arrow")
    made = task()
    made.measure(tmp_path)
    assert made.layout().shape == (40,)
