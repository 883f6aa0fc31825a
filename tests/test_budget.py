from __future__ import annotations

import math

import pytest

from podium.campaign.budget import GENEROUS_SHARE, LEAST_RESERVE_S, Purse, slots_of
from podium.campaign.options import Options
from podium.campaign.pace import Pace
from podium.records import Hardware

MACHINE = Hardware(2, 4000)


class FixedClock:
    def __init__(self, alive_s: float) -> None:
        self.now = alive_s

    def alive_s(self) -> float:
        return self.now


def purse(alive_s: float = 0.0, hardware: Hardware = MACHINE, **asked: object) -> Purse:
    return Purse(Options(**asked), FixedClock(alive_s), hardware)  # type: ignore[arg-type]


def test_where_experiments_are_counted_time_never_decides() -> None:
    counted = purse(alive_s=1e9, experiments=4)
    assert not counted.timed
    assert counted.left_s() == counted.work_left_s() == math.inf
    assert counted.allowance_s(10.0, 5, speed=3.0) is None
    fact = counted.as_fact(3, Pace())
    assert (fact.time_left_s, fact.experiments_left, fact.speed) == (None, 1, 1.0)


def test_experiments_left_is_never_negative() -> None:
    assert purse(experiments=4).as_fact(9, Pace(1.0)).experiments_left == 0


@pytest.mark.parametrize(("time_s", "kept"), [(20.0, LEAST_RESERVE_S), (1000.0, 30.0), (86_400.0, 60.0)])
def test_a_share_of_the_time_is_kept_for_the_end(time_s: float, kept: float) -> None:
    assert purse(time_s=time_s).work_left_s() == pytest.approx(time_s - kept)


@pytest.mark.parametrize(
    ("cores", "slots"),
    [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 3), (7, 3), (8, 4), (9, 3), (10, 3), (16, 4), (64, 4)],
)
def test_runs_side_by_side_leave_as_few_cores_idle_as_they_can(cores: int, slots: int) -> None:
    assert slots_of(cores) == slots
    parted = purse(threads=cores)
    assert (parted.slots, parted.threads) == (slots, cores // slots)


def test_what_the_finalisation_needs_is_kept_beside() -> None:
    timed = purse(alive_s=50.0, time_s=120.0)
    before = timed.work_left_s()
    timed.reserve_finalisation(20.0)
    assert timed.work_left_s() == pytest.approx(before - 20.0)
    assert timed.left_s() == pytest.approx(70.0)


def test_time_that_is_over_is_below_zero_and_not_infinite() -> None:
    assert purse(alive_s=130.0, time_s=120.0).work_left_s() < 0


def test_a_run_may_take_a_multiple_of_its_estimate_but_no_more_than_its_waves_leave() -> None:
    assert purse(time_s=100.0).allowance_s(3.0, 2, speed=2.0) == pytest.approx(23.0)  # 3 x 3 x 2 + 5
    assert purse(time_s=1000.0).allowance_s(0.1, 2, speed=1.0) == pytest.approx(GENEROUS_SHARE * 970.0, abs=0.1)
    tight = purse(time_s=63.0).allowance_s(100.0, 5, speed=1.0)
    assert tight == pytest.approx(60.0 / 3)  # three waves on two slots
    assert purse(alive_s=99.0, time_s=100.0).allowance_s(100.0, 5, speed=1.0) == 2.0


@pytest.mark.parametrize(
    ("cores", "asked", "slots", "threads"),
    [(1, None, 1, 1), (2, None, 2, 1), (16, None, 4, 4), (16, 6, 3, 2), (2, 1, 1, 1)],
)
def test_slots_and_threads_share_the_cores(cores: int, asked: int | None, slots: int, threads: int) -> None:
    shared = purse(hardware=Hardware(cores, 8000), threads=asked)
    assert (shared.slots, shared.threads) == (slots, threads)
    assert shared.slots * shared.threads <= cores
    assert shared.memory_mb * shared.slots <= 8000


def test_a_larger_budget_extends_and_a_smaller_one_changes_nothing() -> None:
    options = Options(time_s=100.0)
    assert options.extended(200.0, None).time_s == 200.0
    assert options.extended(50.0, None) == options
    assert options.extended(None, 9) == options
    assert Options(experiments=4).extended(None, 6).experiments == 6
