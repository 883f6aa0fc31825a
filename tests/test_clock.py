"""A wall clock that jumps changes nothing: only the monotonic clock is asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from podium.registry import Registry
from podium.registry.clock import Clock


def test_alive_time_ignores_a_wall_clock_that_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry.create(tmp_path)
    clock = Clock(registry.database)
    before = clock.alive_s()
    real = time.time
    for jump in (86_400.0, -86_400.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
        clock.beat()
        assert 0 <= clock.alive_s() - before < 5
    assert -0.01 < Clock(registry.database).alive_s() - before < 5  # journalled to the millisecond


def test_an_engine_that_lives_for_less_than_a_beat_is_charged(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    clock = Clock(registry.database, started=time.monotonic() - 0.5)
    clock.start()
    clock.stop()
    assert Clock(registry.database).alive_s() > 0.49


def test_the_last_beat_of_an_engine_that_was_replaced_is_left_out(tmp_path: Path) -> None:
    old = Registry.create(tmp_path)
    clock = Clock(old.database, started=time.monotonic() - 100.0)
    clock.start()
    new = Registry.create(tmp_path)
    clock.stop()
    assert Clock(new.database).alive_s() < 50


def test_no_decision_reads_the_wall_clock() -> None:
    """`time.time` and `datetime.now` may stamp rows for people; deadlines and daily quotas are dates; policy, budget and loop
    never call them."""
    package = Path(__file__).parent.parent / "src" / "podium"
    guarded = [
        *(package / "campaign").glob("*.py"),
        *(package / "team").rglob("*.py"),
        *(package / "ensemble").glob("*.py"),
    ]
    guarded = [path for path in guarded if path.name not in ("views.py", "deadline.py", "waiting.py")]
    assert len(guarded) > 20
    for path in guarded:
        text = path.read_text()
        assert "time.time(" not in text, path.name
        assert "datetime.now(" not in text, path.name
