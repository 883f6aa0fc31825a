"""The leak zoo: every planted fault is caught or made impossible, no clean twin is blocked, and what mutants slip through is
pinned by name, so that docs/zoo.md stays true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from podium.testing.zoo import DATA_FAULTS, FRESH_DATA, FRESH_SOLUTIONS, SOLUTION_FAULTS, look
from podium.testing.zoo.clean import GENERATED, REAL, Clean, honest
from podium.testing.zoo.planted import Planted, Trick
from podium.testing.zoo.playing import Stage, competition, play

# mutants that no detector sees: take a name out once one does, here and in docs/zoo.md
MISSED = frozenset(
    {
        "parity of numbers in file names",
        "target split over three columns",
        "target with an offset by region",
        "target of the row before, in each row",
        "label in a pixel",
        "answers of a tenth of the rows",
        "answers as a feature, some of them wrong",
    }
)
# data mutants that the audit misses, and a boosting's first folds give away, or would
DEEP = MISSED | {"clerk of one class, named in a text"}
EVERY_DATA = (*DATA_FAULTS, *FRESH_DATA)
EVERY_TRICK = (*SOLUTION_FAULTS, *FRESH_SOLUTIONS)
SLOW = ("looks ahead in time",)  # a second stage
CLEAN = ("generated easy", "generated texts", "sklearn wine")  # of 32: bench/zoo.py --clean has all
Stages = Callable[[bool], Stage]


def _named(one: Planted | Trick | Clean) -> str:
    return one.name


@pytest.mark.parametrize("fault", EVERY_DATA, ids=_named)
def test_faults_in_data(fault: Planted, tmp_path: Path) -> None:
    folder = fault.write(tmp_path / "data", np.random.default_rng([0, 3]), True)
    found = look(folder, tmp_path / "campaign", deep=fault.name in DEEP)
    assert found.defences.isdisjoint(fault.caught) == (fault.name in MISSED), sorted(found.defences)


@pytest.mark.parametrize("fault", EVERY_DATA, ids=_named)
def test_their_clean_twins(fault: Planted, tmp_path: Path) -> None:
    folder = fault.write(tmp_path / "data", np.random.default_rng([0, 3]), False)
    assert look(folder, tmp_path / "campaign", deep=False).blocks == ()


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made: dict[bool, Stage] = {}

    def stage(forward: bool) -> Stage:
        if forward not in made:
            made[forward] = Stage(competition(tmp_path_factory.mktemp("stage"), forward=forward))
        return made[forward]

    yield stage
    for one in made.values():
        one.close()


TRICKS = [
    pytest.param(one, marks=pytest.mark.slow, id=one.name) if one.name in SLOW else pytest.param(one, id=one.name)
    for one in EVERY_TRICK
]


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_of_solutions(trick: Trick, stages: Stages) -> None:
    found = play(trick, stages(trick.forward))
    assert found.defences.isdisjoint(trick.caught) == (trick.name in MISSED), sorted(found.defences)


@pytest.mark.parametrize("source, forward", sorted({(trick.twin, trick.forward) for trick in EVERY_TRICK}), ids=str)
def test_their_honest_twins(source: str, forward: bool, stages: Stages) -> None:
    found = stages(forward).play(source, source)
    assert found.blocks == () and found.score is not None


@pytest.mark.slow
@pytest.mark.parametrize("clean", [one for one in (*GENERATED, *REAL) if one.name in CLEAN], ids=_named)
def test_honest_models_at_clean_contests(clean: Clean, tmp_path: Path) -> None:
    assert honest(clean, tmp_path).blocks == ()


def test_mutants_are_of_known_faults_and_names_are_told_once() -> None:
    names = [one.name for one in (*EVERY_DATA, *EVERY_TRICK)]
    assert len(names) == len(set(names)) and set(names) >= MISSED | DEEP
    assert all(one.mutant_of in names for one in (*FRESH_DATA, *FRESH_SOLUTIONS))
    assert all(one.mutant_of in ("", *names) for one in (*EVERY_DATA, *EVERY_TRICK))
