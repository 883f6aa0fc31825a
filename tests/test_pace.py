"""The pace of families: measured over estimated, each beside the others."""

from __future__ import annotations

import pytest

from podium.campaign.pace import Fits, Pace


def test_one_family_is_its_own_pace() -> None:
    pace = Pace.of_fits({"linear": Fits(12.0, 20.0, 5)}, n_folds=5, threads=1)  # 12 s where 4 were estimated
    assert pace.of("linear") == pace.speed == pytest.approx(3.0)


def test_a_family_far_off_says_little_of_the_others() -> None:
    off, right = Fits(660.0, 1500.0, 25), Fits(40.0, 200.0, 5)  # more than twice too low; as estimated
    pace = Pace.of_fits({"net": off, "linear": right, "kernel": right}, n_folds=5, threads=1)
    assert 1.2 < pace.of("untried") == pace.speed < 1.5
    assert 1.8 < pace.of("net") < 2.2 and 1.0 <= pace.of("linear") < 1.3
    doubled = Pace.of_fits({"net": off, "linear": right, "kernel": right}, n_folds=5, threads=2)
    assert doubled.speed == pytest.approx(2 * pace.speed, rel=1e-3)


def test_what_short_fits_take_beside_their_estimates_says_less() -> None:
    long, short, as_long = (
        Fits(100.0, 500.0, 5),
        Fits(3.0, 5.0, 5),
        Fits(300.0, 500.0, 5),
    )  # as estimated; three times as long
    beside = {
        name: Pace.of_fits({"a": long, "b": one}, 5, 1).speed for name, one in (("short", short), ("long", as_long))
    }
    assert 1.0 < beside["short"] < 1.35 < 1.6 < beside["long"] < 1.9
    assert Pace.of_fits({"b": short}, 5, 1).speed == pytest.approx(3.0), "where nothing else is known it is believed"


def test_more_fits_are_believed_more_and_nonsense_is_bounded() -> None:
    few, many = (
        Pace.of_fits({"a": Fits(10.0 * n, 10.0 * n, n), "b": Fits(2.0, 10.0, 5)}, 5, 1).of("a") for n in (1, 50)
    )
    assert few < many <= 5.0
    assert Pace.of_fits({"a": Fits(1e9, 1.0, 3), "b": Fits(0.0, 5.0, 2), "c": Fits(1.0, 0.0, 1)}, 5, 1).speed == 5.0
    assert Pace.of_fits({}, 5, 1) == Pace() == Pace(1.0, {})
