"""The command line: exit codes, one-line mistakes, JSON documents. The engine is a fake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium.campaign.engine import Stopped
from podium.cli import compose, making
from podium.cli.duration import seconds
from podium.cli.main import main
from podium.errors import EngineBusy, NoSubmission, Refused, UserError
from podium.registry import Registry
from podium.registry.lock import EngineLock
from podium.testing.fake_campaign import FakeCampaign

COMMANDS = (
    "run",
    "init",
    "status",
    "watch",
    "report",
    "submit",
    "stop",
    "pause",
    "resume",
    "note",
    "approve",
    "doctor",
)


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    FakeCampaign(rounds=2, finished="time").build(tmp_path / "harbour").close()
    return tmp_path / "harbour"


@pytest.fixture
def asked(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The engine replaced: `asked` holds how it was called, `asked["end"]` what its run comes to."""
    calls: dict[str, Any] = {
        "end": lambda folder: compose.Outcome(folder, "time", folder / "submission.csv", 0.81, 0.003, 0.8)
    }

    def open_or_create(path: str | None, **options: Any) -> Path:
        calls.update(options, path=path)
        return campaign

    def run(folder: Path, *, started: float | None = None) -> compose.Outcome:
        outcome: compose.Outcome = calls["end"](folder)
        return outcome

    monkeypatch.setattr(making, "open_or_create", open_or_create)
    monkeypatch.setattr(compose, "run", run)
    return calls


def raises(problem: BaseException) -> Callable[[Path], compose.Outcome]:
    def end(folder: Path) -> compose.Outcome:
        raise problem

    return end


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    found: dict[str, Any] = json.loads(lines[0])
    assert found["schema_version"] == 1
    return found


# ---------------------------------------------------------------- run and init


def test_run_hands_over_what_was_asked(
    asked: dict[str, Any], campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["run", "ships", "--time", "2h", "--seed", "7", "--threads", "2", "--team", "builder=builtin,*=builtin",
                 "--set", "metric=auc", "--set", "target_column=late=yes", "--campaign", "here", "--json"])  # fmt: skip
    assert code == 0
    assert (asked["path"], asked["campaign"], asked["time_s"], asked["seed"]) == ("ships", Path("here"), 7200.0, 7)
    assert asked["team"] == {"builder": "builtin", "*": "builtin"} and asked["threads"] == 2
    assert asked["overrides"] == {"metric": "auc", "target_column": "late=yes"}
    found = document(capsys)
    assert (found["score"], found["stderr"], found["vault_score"]) == (0.81, 0.003, 0.8)
    assert Path(found["submission"]).is_file() and Path(found["report"]) == campaign / "report.html"


def test_run_says_where_things_are(asked: dict[str, Any], campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "ships"]) == 0
    out = capsys.readouterr().out
    assert "roc_auc 0.8100 ±0.0030, vault 0.8000" in out
    assert str(campaign / "submission.csv") in out and str(campaign / "report.html") in out


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (KeyboardInterrupt(), 130),
        (Stopped("stopped as asked"), 130),
        (NoSubmission("none"), 5),
        (EngineBusy("another engine"), 4),
        (Refused("no"), 3),
        (UserError("wrong", expected="right"), 2),
        (ZeroDivisionError("a bug"), 1),
    ],
)
def test_exit_codes(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str], problem: BaseException, code: int
) -> None:
    asked["end"] = raises(problem)
    assert main(["run", "ships"]) == code
    streams = capsys.readouterr()
    assert streams.out == ""
    assert ("Traceback" in streams.err) == (code == 1)
    if code != 1:
        assert len(streams.err.splitlines()) == 1
    assert ("podium run " in streams.err) == (code == 130)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["sail"],
        ["run", "x", "--time", "5"],
        ["run", "x", "--time", "0s"],
        ["run", "x", "--time", "5m", "--experiments", "3"],
        ["run", "x", "--experiments", "0"],
        ["run", "x", "--experiments", "many"],
        ["run", "x", "--team", "wizard=builtin"],
        ["run", "x", "--team", "builder"],
        ["run", "x", "--set", "metric"],
        ["run", "/no/such/folder"],
        ["init", "/no/such/folder"],
        ["status", "/no/such/folder"],
        ["watch", "/no/such/folder"],
        ["report", "/no/such/folder"],
        ["stop", "/no/such/folder"],
        ["note", "/no/such/folder", "wizard", "hello"],
        ["doctor", "weather"],
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == "" and len(streams.err.splitlines()) == 1 and streams.err.startswith("podium: ")
    assert list(tmp_path.iterdir()) == []


def test_a_campaign_and_another_campaign(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(campaign), "--campaign", str(campaign.parent / "other")]) == 2
    assert "is a campaign already" in capsys.readouterr().err


def test_init_shows_the_evidence(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    assert main(["init", "ships", "--json"]) == 0
    found = document(capsys)
    assert found["competition"]["target_column"] == "late" and found["competition"]["group_column"] == "vessel"
    assert found["competition"]["evidence"]["metric"]["confidence"] == 0.95 and len(found["audit"]) == 3
    assert main(["init", "ships"]) == 0
    assert "no vessel of test.csv occurs in train.csv" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "value"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1.5H", 5400)])
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "90", "s", "-5m", "0m", "1 week", "1e3s", "infs", "nans"])
def test_not_durations(text: str) -> None:
    with pytest.raises(UserError, match="90s, 10m, 2h or 1d"):
        seconds(text)


# ---------------------------------------------------------------- look and steer


def test_status(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(campaign), "--json"]) == 0
    assert document(capsys)["state"] == "finished"
    assert main(["status", str(campaign)]) == 0
    assert "harbour-arrivals" in capsys.readouterr().out


def test_watch_ends_when_no_engine_is_alive(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(campaign), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["id"] for e in events] == sorted(e["id"] for e in events) and {"verdict", "blend"} <= {
        e["kind"] for e in events
    }
    assert main(["watch", str(campaign), "--after", str(events[-2]["id"])]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_report(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(campaign), "--json"]) == 0
    assert Path(document(capsys)["report"]).read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("kind", ["stop", "pause", "resume"])
def test_steering_needs_a_live_engine(campaign: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    assert main([kind, str(campaign), "--json"]) == 0
    assert document(capsys)["asked"] is None and pending(campaign) == []  # it would end the next run at once
    lock = EngineLock(campaign)
    lock.acquire()
    assert main([kind, str(campaign), "--json"]) == 0
    lock.release()
    found = document(capsys)
    assert (found["asked"], found["engine_alive"]) == (kind, True) and pending(campaign) == [(kind, {})]


def test_notes_and_approvals_wait(campaign: Path) -> None:
    assert main(["note", str(campaign), "researcher", "mind the tides"]) == 0
    assert main(["approve", str(campaign), "A1"]) == 0
    assert pending(campaign) == [("note", {"role": "researcher", "text": "mind the tides"}), ("approve", {"id": "A1"})]


def pending(campaign: Path) -> list[tuple[str, dict[str, Any]]]:
    registry = Registry.open(campaign)
    found = [(message.kind, dict(message.payload)) for message in registry.inbox.pending()]
    registry.close()
    return found


def test_a_score_is_recorded_at_once_or_by_the_engine(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = EngineLock(campaign)
    lock.acquire()
    assert main(["submit", str(campaign), "--score", "0.8", "--json"]) == 0
    lock.release()
    assert not document(capsys)["recorded"] and pending(campaign) == [("score", {"tag": "t2", "score": 0.8})]
    assert main(["submit", str(campaign), "--score", "0.79", "--json"]) == 0
    assert document(capsys)["recorded"] and not EngineLock.is_held(campaign)
    assert main(["submit", str(campaign), "--json"]) == 0
    found = document(capsys)
    assert found["public_score"] == 0.79 and Path(found["path"]).is_file()
    assert main(["submit", str(campaign), "--score", "nan"]) == 2


def test_nothing_to_submit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FakeCampaign(rounds=0, under_way=False, files=False).build(tmp_path).close()
    assert main(["submit", str(tmp_path)]) == 5


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "machine", "--json"]) == 0
    assert document(capsys)["machine"].keys() >= {"python", "cores", "memory_mb"}
    assert main(["doctor", "machine"]) == 0
    assert "cores" in capsys.readouterr().out


# ---------------------------------------------------------------- start


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from podium.cli.main import main; assert main(['--help']) == 0; "
        "heavy = {'numpy', 'polars', 'sklearn', 'lightgbm', 'scipy', 'rich.live'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
