"""The arena hosts every kind of competition that is played: what it scores is the published definition."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from podium.arena.grading import Grader
from podium.arena.making import Terms
from podium.arena.prepared import make_prepared
from podium.errors import InvalidPredictions
from podium.testing.contests import Planted

pytest.importorskip("PIL")

PERFECT = {
    "baskets": 1.0,
    "boxes": 1.0,
    "denoising": 0.0,
    "letters": 0.0,
    "masks": 1.0,
    "normalise": 1.0,
    "queries": 1.0,
}
PERFECT |= {"series": 0.0, "spans": 1.0}
Made = tuple[Planted, Grader, Path]


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    """(contest, its grader, the host's table of answers), made once."""
    made: dict[str, Made] = {}

    def of(name: str) -> Made:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            planted = import_module(f"podium.testing.contests.{name}").make(folder / "source")
            answers = folder / "source" / "private" / "answers.csv"
            if not answers.exists():
                answers.parent.mkdir(exist_ok=True)
                shutil.copyfile(folder / "source" / "answers.csv", answers)
            private = folder / "hosted" / "private"
            make_prepared(folder / "source", Terms(name), {}, public=folder / "hosted" / "public", private=private)
            made[name] = (planted, Grader(private), answers)
        return made[name]

    return of


@pytest.mark.parametrize("name", PERFECT)
def test_a_contest_of_each_kind(name: str, hosted: Callable[[str], Made], tmp_path: Path) -> None:
    planted, grader, answers = hosted(name)
    sample = planted.public / "sample_submission.csv"
    header = pl.read_csv(sample, infer_schema=False).columns
    right = pl.read_csv(answers, infer_schema=False)
    right = right.with_columns(pl.lit("1").alias(c) for c in header if c not in right.columns).select(header)
    right.sample(fraction=1.0, shuffle=True, seed=1).write_csv(tmp_path / "right.csv")
    scores = grader.scores(tmp_path / "right.csv")
    if name == "queries":  # where nothing of a query is relevant, nobody scores
        told = planted.score(tmp_path / "right.csv")
        assert grader.score(grader.decided(tmp_path / "right.csv")) == pytest.approx(told, abs=1e-4)
    else:
        assert (scores.public, scores.private) == pytest.approx((PERFECT[name], PERFECT[name]), abs=1e-4)
    assert grader.score(grader.decided(sample)) == pytest.approx(planted.score(sample), abs=1e-6)
    shown = grader.split("public")
    assert 0.1 < shown.mean() < 0.5 and len(shown) == len(grader._truth)


@pytest.mark.parametrize("name", PERFECT)
def test_what_is_refused(name: str, hosted: Callable[[str], Made], tmp_path: Path) -> None:
    planted, grader, _ = hosted(name)
    sample = pl.read_csv(planted.public / "sample_submission.csv", infer_schema=False)
    key = sample.columns[0]
    bad = {
        "header": sample.rename({key: "other"}),
        "unknown": sample.with_columns(pl.format("x{}", key).alias(key)),
        "words": sample.with_columns(pl.lit("no such answer").alias(sample.columns[-1])),
    }
    if name in ("normalise", "spans", "baskets"):  # any text is an answer there
        del bad["words"]
    for what, frame in bad.items():
        frame.write_csv(tmp_path / f"{what}.csv")
        with pytest.raises(InvalidPredictions):
            grader.scores(tmp_path / f"{what}.csv")


def test_pixels_of_an_image_and_candidates_of_a_query_are_on_one_side(hosted: Callable[[str], Made]) -> None:
    for name, of in (
        ("denoising", pl.col("id").cast(pl.String).str.extract(r"^(.+)_\d+_\d+$")),
        ("queries", pl.col("podium_unit")),
    ):
        kept = hosted(name)[1]._kept
        assert kept.group_by(of.alias("whose")).agg(pl.col("split").n_unique())["split"].max() == 1
