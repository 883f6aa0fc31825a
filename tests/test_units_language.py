"""Units of a running text: rows that cover it, folds that cannot see their answers, spellings of what comes next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import alphabet
from podium.competition.build import build
from podium.competition.dataset import Dataset
from podium.competition.intake import intake
from podium.competition.kinds.language import PLACE
from podium.competition.units import language
from podium.errors import IntakeError
from podium.records import Competition

LENGTH, FOLDS = 12, 3


def running(n: int = 12_000, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("abcde fgh\n"), n))


def write(folder: Path, text: str, tests: list[str], columns: list[str], word: str = "character") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.txt").write_text(text)
    ids = range(len(tests))
    pl.DataFrame({"id": ids, "context": tests}).write_csv(folder / "test.csv")
    even = {name: [1 / len(columns)] * len(tests) for name in columns}
    pl.DataFrame({"id": ids, **even}).write_csv(folder / "sample_submission.csv")
    (folder / "description.md").write_text(f"Predict the next {word}. The metric is bits per character.")
    return folder


@pytest.fixture(scope="module")
def competition(tmp_path_factory: pytest.TempPathFactory) -> Competition:
    text, rest = running(), running(600, 1)
    tests = [rest[at : at + LENGTH] for at in range(0, 500, 13)]
    return intake(write(tmp_path_factory.mktemp("lm"), text, tests, [f"c{ord(c)}" for c in sorted(set(text))]))


@pytest.fixture(scope="module")
def data(competition: Competition, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build(competition, tmp_path_factory.mktemp("dealt") / "data", 3)


def test_intake_names_target_folds_and_what_is_label_side(competition: Competition) -> None:
    assert competition.target_columns == ("next character",)
    assert (competition.cv_strategy, competition.cv_folds, competition.label_side_columns) == ("forward", 3, (PLACE,))
    assert competition.classes[0] == "c10"


def test_a_row_is_a_place_of_the_text(competition: Competition) -> None:
    units = language.make(competition, Path(competition.data_dir), 0)
    text, train = running(), units.source.train
    for before, answer, place in train.select("context", "next character", PLACE).iter_rows():
        assert text[:place].endswith(before)
        assert answer == f"c{ord(text[place])}"
    assert units.source.test["context"].str.len_chars().max() == LENGTH


def test_contexts_and_answers_cover_the_text(competition: Competition) -> None:
    train = language.make(competition, Path(competition.data_dir), 0).source.train
    told = np.zeros(len(running()), dtype=bool)
    for before, place in train.select("context", PLACE).iter_rows():
        told[place - len(before) : place + 1] = True
    assert told.all()


def test_no_fold_sees_its_stretch_nor_its_file_the_answers(data: Dataset) -> None:
    labels = pl.read_ipc(data.folder / "labels.arrow")
    place = dict(zip(labels["#row"].to_list(), labels[PLACE].to_list(), strict=True))
    length = data.frame()["context"].str.len_chars().to_list()
    for fold in range(FOLDS):
        scored = data.train[data.fold_of == fold]
        answers = {place[row] for row in scored.tolist()}
        assert len(answers) >= 100
        # everything the run could read, not only what it is dealt
        readable = [row for row in range(int(scored.max()) + 1) if row in place]
        seen = {at for row in readable for at in range(place[row] - length[row], place[row])}
        assert not answers & seen
        barred = (data.barred >> np.uint32(fold)) & 1 == 1
        learned = data.train[(data.fold_of != fold) & ~barred]
        assert max(place[row] for row in learned.tolist()) < min(answers)


def test_later_folds_learn_from_earlier_stretches(data: Dataset) -> None:
    sizes = [int(((data.fold_of != k) & ((data.barred >> np.uint32(k)) & 1 == 0)).sum()) for k in range(FOLDS)]
    assert sizes[0] < sizes[1] < sizes[2]
    assert not len(data.vault)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2_000, 400_000), length=st.integers(1, 2_000), folds=st.integers(2, 5))
def test_rows_are_bounded_and_scored_places_lie_in_their_stretches(n: int, length: int, folds: int) -> None:
    laid = language.lay(n, np.ones(n, dtype=bool), np.arange(n), length, folds)
    assert len(laid.at) <= language.MOST_ROWS + folds * language.SCORED + 1
    scored = laid.fold_of >= 0
    counts = np.bincount(laid.fold_of[scored], minlength=folds)
    assert counts.min() > 0
    assert counts.max() <= language.SCORED
    assert (laid.fold_of[scored] == laid.stretch[scored]).all()


@pytest.mark.parametrize(
    ("classes", "symbols"),
    [
        (["c97", "c98", "c32"], "ab "),
        (["b97", "b98", "b32"], "ab "),
        (["97", "98", "32"], "ab "),
        (["U+0061", "U+0062", "U+0020"], "ab "),
        (["a", "b", "space"], "ab "),
    ],
)
def test_spellings_of_characters(classes: list[str], symbols: str) -> None:
    read = alphabet.read(classes, "ab ba ab")
    assert read is not None
    assert read.unit == "character"
    assert "".join(read.symbols) == symbols
    assert read.codes("ba?")[0].tolist() == [1, 0, -1]


def test_words_are_read_small_or_as_they_stand() -> None:
    read = alphabet.read(["the", "cat", "sat"], "The cat sat. The cat!")
    assert read is not None
    assert (read.unit, read.lower) == ("word", True)
    codes, places = read.codes("The cat")
    assert (codes.tolist(), places.tolist()) == ([0, 1], [0, 4])


def test_next_words_are_units_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = ["red", "green", "blue", "fast", "slow"]
    text = " ".join(rng.choice(words, 4_000))
    asked = intake(write(tmp_path, text, [" ".join(rng.choice(words, 6)) for _ in range(30)], words, "word"))
    train = language.make(asked, tmp_path, 0).source.train
    before, answer, place = train.row(50)
    assert text[place:].startswith(answer)
    assert text[:place].endswith(before)


def test_classes_that_do_not_spell_the_text_are_refused(tmp_path: Path) -> None:
    asked = intake(write(tmp_path, running(), ["ab cd" for _ in range(20)], ["x1y", "x2y", "x3y"]))
    with pytest.raises(IntakeError, match="do not spell the text"):
        language.make(asked, tmp_path, 0)


def test_a_short_text_is_refused(tmp_path: Path) -> None:
    asked = intake(write(tmp_path, "abc " * 300, ["ab ab" for _ in range(20)], ["a", "b", "c", "space"]))
    with pytest.raises(IntakeError, match="1200 symbols"):
        language.make(asked, tmp_path, 0)
