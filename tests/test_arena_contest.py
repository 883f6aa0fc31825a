from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium.arena import grading, making
from podium.errors import InvalidPredictions, UserError


def labelled(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return pl.DataFrame(
        {"x": x, "colour": rng.choice(["red", "blue"], n), "sick": np.where(x + rng.normal(size=n) > 0, "yes", "no")}
    )


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    folder = tmp_path / "contest"
    making.create(
        folder, labelled(), title="Sick", target="sick", metric="auc", task_type="binary_classification", quota=3
    )
    return folder


def test_a_contest_hides_its_answers_from_the_public_folder(contest: Path) -> None:
    test = pl.read_csv(contest / "public" / "test.csv")
    assert "sick" not in test.columns
    assert sorted(p.name for p in (contest / "public").iterdir()) == [
        "description.md",
        "sample_submission.csv",
        "test.csv",
        "train.csv",
    ]


def test_grading_tells_a_good_submission_from_a_plain_one(contest: Path) -> None:
    test = pl.read_csv(contest / "public" / "test.csv")
    test.select("id", sick=1 / (1 + (-pl.col("x")).exp())).write_csv(contest / "good.csv")
    plain = grading.grade(contest, contest / "public" / "sample_submission.csv")
    assert plain == pytest.approx(0.5)
    assert grading.grade(contest, contest / "good.csv") > 0.7


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda f: f.rename({"sick": "ill"}), "header"),
        (lambda f: f.head(10), "test ids"),
        (lambda f: pl.concat([f, f.head(1)]), "test ids"),
        (lambda f: f.with_columns(sick=pl.lit(None, dtype=pl.Float64)), "finite"),
        (lambda f: f.with_columns(sick=pl.lit("often")), "numbers"),
        (lambda f: f.with_columns(id=pl.lit("x")), "test ids"),
    ],
)
def test_a_wrong_submission_is_refused_without_a_word_about_answers(contest: Path, change: object, what: str) -> None:
    sample = pl.read_csv(contest / "public" / "sample_submission.csv")
    change(sample).write_csv(contest / "bad.csv")  # type: ignore[operator]
    with pytest.raises(InvalidPredictions, match=what):
        grading.grade(contest, contest / "bad.csv")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'id,sick\n"1,2\n'])
def test_a_file_that_is_no_table_is_refused(contest: Path, content: bytes) -> None:
    (contest / "bad.csv").write_bytes(content)
    with pytest.raises(InvalidPredictions):
        grading.grade(contest, contest / "bad.csv")


def test_ids_are_equal_as_numbers(contest: Path) -> None:
    sample = pl.read_csv(contest / "public" / "sample_submission.csv")
    sample.with_columns(pl.col("id").cast(pl.Float64)).write_csv(contest / "floats.csv")
    assert grading.grade(contest, contest / "floats.csv") == pytest.approx(0.5)


def test_a_contest_needs_a_target_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no usable target"):
        making.create(tmp_path, labelled(), title="x", target="y", metric="auc", task_type="binary_classification")
