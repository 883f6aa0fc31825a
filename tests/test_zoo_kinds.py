"""Faults where an answer is no row of numbers: found at every kind, and the honest twins of each kind raise nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from podium.testing.zoo.kind_faults import KIND_FAULTS, KindFault
from podium.testing.zoo.kind_stage import KindStage

pytest.importorskip("PIL")

QUICK = ("baskets", "denoising")  # bench/zoo.py --kinds plays every fault at every kind
PLAYED = [(QUICK[at % 2], fault) for at, fault in enumerate(KIND_FAULTS)]
Stages = Callable[[str], KindStage]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made: dict[str, KindStage] = {}

    def stage(contest: str) -> KindStage:
        if contest not in made:
            made[contest] = KindStage(tmp_path_factory.mktemp(contest), contest)
        return made[contest]

    yield stage
    for one in made.values():
        one.close()


@pytest.mark.parametrize("contest", QUICK)
def test_the_honest_raise_nothing(contest: str, stages: Stages) -> None:
    found = stages(contest).honest()
    assert (found.blocks, found.warnings) == ((), ()) and found.score is not None


@pytest.mark.parametrize("contest, fault", PLAYED, ids=lambda one: getattr(one, "name", one))
def test_faults(contest: str, fault: KindFault, stages: Stages) -> None:
    found = stages(contest).play(fault)
    assert found.defences.isdisjoint(fault.caught) == (contest in fault.missed), sorted(found.defences)
