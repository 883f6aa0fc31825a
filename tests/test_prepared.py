"""Features that several experiments would make alike are made once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from engine_world import SOURCE, add_experiments, copy_of, engine_of

from podium.campaign.engine import Engine
from podium.campaign.prepared import has_prepare, program
from podium.campaign.runner import Runner
from podium.campaign.tracks import fold_track
from podium.testing.fake_executor import FakeExecutor

PREPARE = "\n\ndef prepare(rows, ctx):\n    return rows.frame()\n"
WRITTEN = '''"""A linear model.

requires: pillow
"""

import polars as pl

from podium.protocol import Rows
from podium.recipes.vision import PictureLinear, measure_files

FEATURES = {"blocks": ["thumb"]}
PARAMS = {"penalty": 1.0}


def prepare(rows: Rows, ctx) -> pl.DataFrame:
    return helper(rows, ctx)


def helper(rows, ctx):
    return measure_files(rows, ctx, FEATURES)


def fit(train, ctx):
    return PictureLinear(features=FEATURES, **PARAMS).fit(train, ctx)


if __name__ == "__main__":
    print("by hand")
'''


@pytest.fixture
def engine(made: Path, tmp_path: Path) -> Engine:
    return engine_of(copy_of(made, tmp_path / "c"))


def started(engine: Engine) -> list[str]:
    assert isinstance(engine.executor, FakeExecutor)
    return engine.executor.started


def test_prepare_is_told_from_syntax() -> None:
    assert has_prepare("def prepare(rows, ctx):\n    return rows\n")
    assert not has_prepare("def fit(train, ctx):\n    def prepare(): ...\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A linear model.", "Another."),
        ('{"penalty": 1.0}', '{"penalty": 9.0}'),
        ("PictureLinear", "PictureBoost"),
        ("return PictureLinear(", "return None or PictureLinear("),
        ("by hand", "otherwise"),
    ],
)
def test_what_prepare_cannot_reach_is_no_part_of_it(old: str, new: str) -> None:
    assert old in WRITTEN and program(WRITTEN) == program(WRITTEN.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["thumb"]', '["colour"]'),
        ("measure_files(rows, ctx, FEATURES)", "measure_files(rows, ctx, {})"),
        ("import polars as pl\n", "import polars as pl\nimport os\n"),
        ('PARAMS = {"penalty": 1.0}', "PARAMS = dict(penalty=1.0)"),
        ("def fit(", "print()\n\n\ndef fit("),
        ("podium.recipes.vision", "podium.recipes.tabular"),
    ],
)
def test_what_prepare_may_reach_is_part_of_it(old: str, new: str) -> None:
    assert old in WRITTEN and program(WRITTEN) != program(WRITTEN.replace(old, new))


def test_who_looks_around_is_taken_whole() -> None:
    sly = WRITTEN.replace("return helper(rows, ctx)", "return globals()['helper'](rows, ctx)")
    assert program(sly) == sly


def test_equal_features_are_made_once_and_serve_later_rounds(engine: Engine) -> None:
    def play(round_: int) -> None:
        experiments = add_experiments(engine, 2, round_, source=SOURCE + PREPARE)
        tracks = [fold_track(engine, experiment) for experiment in experiments]
        Runner(engine).play(tracks)
        assert {track.status for track in tracks} == {"done"}

    play(1)
    play(2)
    assert [name for name in started(engine) if "prepare" in name] == ["E001/prepare"]
    for experiment in ("E001", "E002", "E003", "E004"):
        (run,) = (run for run in engine.registry.runs.of(experiment) if run.kind == "prepare")
        assert run.folder == "runs/E001/prepare"


def test_other_features_are_made_anew(engine: Engine) -> None:
    first = add_experiments(engine, 1, 1, source=SOURCE + PREPARE)
    second = add_experiments(engine, 1, 2, source=SOURCE + PREPARE.replace("rows.frame()", "rows.frame().head()"))
    Runner(engine).play([fold_track(engine, experiment) for experiment in (*first, *second)])
    assert [name for name in started(engine) if "prepare" in name] == ["E001/prepare", "E002/prepare"]


def test_where_making_them_fails_the_next_tries_itself(made: Path, tmp_path: Path) -> None:
    executor = FakeExecutor(
        outcome=lambda run: "error" if run.part == "prepare" and run.experiment == "E001" else "done",
        rng=random.Random(1),
    )
    engine = engine_of(copy_of(made, tmp_path / "c"), executor)
    tracks = [fold_track(engine, experiment) for experiment in add_experiments(engine, 2, source=SOURCE + PREPARE)]
    Runner(engine).play(tracks)
    assert [track.status for track in tracks] == ["failed", "done"]


def test_a_resumed_engine_finds_them(engine: Engine) -> None:
    experiments = add_experiments(engine, 2, source=SOURCE + PREPARE)
    Runner(engine).play([fold_track(engine, experiments[0])])
    again = engine_of(engine.campaign)
    Runner(again).play([fold_track(again, experiment) for experiment in experiments])
    assert "E002/prepare" not in started(again) and "E002/fold_1" in started(again)
