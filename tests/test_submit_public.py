"""Public scores against what was expected: noise is let pass, a surprise is said and sends the referee; scores by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from engine_world import copy_of

from podium.campaign.notices import notices
from podium.campaign.submission import public_score
from podium.cli.main import main
from podium.platforms.folder import Folder
from podium.referee.leaderboard import Sent, judge
from podium.registry import Registry
from podium.registry.lock import EngineLock
from podium.report.snapshot import snapshot
from podium.testing.faulty_platform import World
from podium.testing.submission_campaign import engine_of, take_blends, template
from podium.testing.submission_schedules import close

ERROR = 0.01


def sent(gaps: list[float], seed: int = 0) -> list[Sent]:
    """Submissions that score so much worse than expected."""
    base = 0.8 + np.random.default_rng(seed).normal(0, 0.001, len(gaps))
    return [Sent(f"t{n}", float(e), ERROR, float(e - gap)) for n, (e, gap) in enumerate(zip(base, gaps, strict=True))]


def judged(gaps: list[float]) -> tuple[str, ...]:
    return judge(sent(gaps), 1.0, 1000, 250).surprises


def test_noise_is_no_surprise() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        common, own = rng.normal(0, 2 * ERROR), rng.normal(0, 0.3 * ERROR, 8)
        alarms += bool(judged((common + own).tolist()))
    assert alarms <= 16, "eight scores and a trend each, beyond three sigma"


def test_a_level_that_both_errors_do_not_explain_is_one() -> None:
    assert judged([2.9 * ERROR * 5**0.5]) == ()
    (said,) = judged([3.1 * ERROR * 5**0.5])
    assert said.startswith("t0: public score") and "worse than expected, 3.1 sigma" in said


def test_a_departure_from_the_earlier_gaps_is_one_whatever_they_are() -> None:
    steady = [0.050, 0.051, 0.049, 0.0505, 0.0495]
    (level,) = (judged(steady[:1]) or ("none",))[:1]
    assert level == "none" and judged(steady) == ()
    (said,) = judged([*steady, 0.065])
    assert said.startswith("t5: public score 0.015 worse than the 5 before it")
    assert judged([0.050, 0.051, 0.065]) == (), "two earlier ones say little about a third"


def test_a_trend_is_one() -> None:
    rng = np.random.default_rng(1)
    drifting = [0.004 * n + rng.normal(0, 0.0015) for n in range(8)]
    assert any("a trend over 8 submissions" in said and "too good" in said for said in judged(drifting))


def test_lower_is_better_turns_the_sign() -> None:
    (gap,) = judge([Sent("t", 0.2, ERROR, 0.5)], -1.0, 1000, 250).gaps
    assert gap.flatters == pytest.approx(0.3) and "worse" in gap.surprise


# ---------------------------------------------------------------- in a campaign


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign on a folder platform: one file in the outbox."""
    campaign = template(tmp_path_factory.mktemp("template"), rounds=2)
    rows = take_blends(campaign)
    engine = engine_of(campaign, Folder(campaign, campaign / "outbox"), World(1_780_000_000.0))
    engine.registry.blends.add(rows[0])
    close(engine)
    engine.registry.close()
    return campaign


def test_a_file_for_a_person_comes_with_a_note(made: Path) -> None:
    (file,) = (made / "outbox").glob("*.csv")
    note = file.with_suffix(".txt").read_text()
    assert f"Upload: {file.name}" in note and f"Message: {file.stem} " in note
    assert f"podium submit {made} --tag {file.stem} --score S" in note
    assert not list((made / "outbox").glob(".*")), "nothing half written"


def test_a_score_that_surprises_sends_the_referee(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = copy_of(made, tmp_path / "c")
    assert main(["submit", str(campaign), "--score", "0.9", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["recorded"] and told["public_score"] == 0.9
    engine = engine_of(campaign, Folder(campaign, campaign / "outbox"), World(1_780_000_000.0))
    warnings = [e.payload["message"] for e in engine.registry.events.newest(50) if e.kind == "warning"]
    assert any(said.startswith("a surprise: podium-") for said in warnings)
    for _ in range(2):
        public_score.look(engine)
    warnings = [e.payload["message"] for e in engine.registry.events.newest(50) if e.kind == "warning"]
    looked = [said for said in warnings if said.startswith("the referee looked")]
    assert len(looked) == 1 and "members score as recorded" in looked[0]
    assert any("surprising" in line for line in notices(engine.registry))
    engine.registry.close()
    assert snapshot(campaign)["public_tracking"]["surprises"]
    assert main(["submit", str(campaign)]) == 0
    assert "surprising" in capsys.readouterr().out


def test_what_does_not_score_as_recorded_is_named(made: Path, tmp_path: Path) -> None:
    campaign = copy_of(made, tmp_path / "c")
    engine = engine_of(campaign, Folder(campaign, campaign / "outbox"), World(1_780_000_000.0))
    row = engine.registry.submissions.all()[0]
    member = next(iter(row.weights))
    engine.registry.experiments.set_score(member, 0.123, 0.01, (0.1, 0.1))
    engine.registry.inbox.put("score", {"tag": row.tag, "score": 0.9})
    engine.attend()
    warnings = [e.payload["message"] for e in engine.registry.events.newest(50) if e.kind == "warning"]
    assert any(f"{member} do not score as recorded" in said for said in warnings)
    engine.registry.close()


def test_an_expected_score_is_said_to_be_one(made: Path, tmp_path: Path) -> None:
    campaign = copy_of(made, tmp_path / "c")
    registry = Registry.create(campaign)
    (row,) = registry.submissions.all()
    registry.submissions.set_scores(row.tag, (row.expected or 0) + 0.001, None)
    found = public_score.note(registry, 0.0, 1)
    assert found is not None and found.surprises == () and "within the noise" in found.message
    assert public_score.note(registry, 0.0, 1) is None, "nothing new"
    registry.close()


# ---------------------------------------------------------------- by hand


def test_a_person_says_that_it_never_arrived(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = copy_of(made, tmp_path / "c")
    assert main(["submit", str(campaign), "--lost"]) == 2
    assert "may or may not have arrived" in capsys.readouterr().err
    registry = Registry.create(campaign)
    tag = registry.submissions.all()[0].tag
    registry.submissions.settle(tag, "ambiguous")
    assert any(f"--tag {tag}" in line for line in notices(registry))
    registry.close()
    lock = EngineLock(campaign)
    lock.acquire()
    assert main(["submit", str(campaign), "--tag", tag, "--lost", "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["recorded"], "left to the live engine"
    lock.release()
    engine = engine_of(campaign, Folder(campaign, campaign / "outbox"), World(1_780_000_000.0))
    engine.attend()
    assert engine.registry.submissions.all()[0].state == "failed"
    engine.registry.close()


def test_the_queue_is_shown(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = copy_of(made, tmp_path / "c")
    engine = engine_of(campaign, Folder(campaign, campaign / "outbox"), World(1_780_000_000.0))
    from podium.campaign import blending
    from podium.campaign.submission import candidates

    best = blending.best_blend(engine)
    assert best is not None
    candidates.refresh(engine, best, scarce=True)
    engine.registry.close()
    assert main(["submit", str(campaign), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["state"] for one in told["queue"]} <= {"queued", "held"} and told["queue"]
    assert main(["submit", str(campaign)]) == 0
    assert " nats: " in capsys.readouterr().out
