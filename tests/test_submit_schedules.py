"""Random schedules of faults, as `bench/submissions.py` plays by the hundred: a few here, and planted mistakes that they find."""

from __future__ import annotations

from pathlib import Path

import pytest

from podium.campaign.submission import allowance, outage
from podium.errors import Refused
from podium.testing import submission_schedules as schedules
from podium.testing.faulty_platform import FaultyPlatform, World


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return schedules.template(tmp_path_factory.mktemp("template"), rounds=5)


@pytest.mark.parametrize("seed", [3, 7, 40, 41])
def test_nothing_is_doubled_lost_or_beyond_the_quota(made: Path, tmp_path: Path, seed: int) -> None:
    toll = schedules.play(made, tmp_path / "c", seed)
    assert toll.broken == []
    assert toll.accepted and toll.phases


@pytest.mark.parametrize("seed", [1, 5])
def test_nor_through_the_real_kaggle_client(made: Path, tmp_path: Path, seed: int) -> None:
    pytest.importorskip("kagglesdk")
    toll = schedules.play_kaggle(made, tmp_path / "c", seed)
    assert toll.broken == []
    assert toll.accepted and toll.phases


MISTAKES = {
    "what is in doubt is not counted": (allowance, "_hidden", lambda rows, listed, resets_at: 0),
    "an outage is not waited for": (outage, "left_s", lambda engine, at_the_end=False: 0.0),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_engine_is_found(
    made: Path, tmp_path: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(owner, name, wrong, raising=False)
    for seed in (10, *range(40)):  # 10 finds it as things stand
        if schedules.play(made, tmp_path / f"s{len(list(tmp_path.iterdir()))}", seed).broken:
            return
    pytest.fail(f"forty schedules did not notice: {mistake}")


def test_the_platform_counts_what_a_submitter_must_not_do(tmp_path: Path) -> None:
    import random

    world = World(1_780_000_000.0)
    platform = FaultyPlatform(world, random.Random(0), limit=1, faults=0.0, others=0.0)
    (tmp_path / "a.csv").write_text("id,won\n")
    assert platform.quota().left == 1  # type: ignore[union-attr]
    platform.submit(tmp_path / "a.csv", "a", "")
    assert platform.quota().left == 0  # type: ignore[union-attr]
    with pytest.raises(Refused):
        platform.submit(tmp_path / "a.csv", "b", "")
    assert platform.beyond == 1
    world.go_on(86_400.0)
    platform.submit(tmp_path / "a.csv", "b", "")
    assert platform.doubled == 1
