"""What intake cannot decide is asked at a terminal, and refused with the choices elsewhere."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from intake_competitions import frames, write

from podium.cli import ask
from podium.cli.main import main
from podium.competition import intake
from podium.errors import Ambiguous
from podium.registry import Registry


def two_targets(folder: Path) -> Path:
    """Which of `y` and `w` is the target only a person knows."""
    train, test = frames()
    train = train.with_columns(w=1 - pl.col("y"))
    return write(folder, train, test, sample=test.select("id", prediction=pl.lit(0.5)))


def at_a_terminal(arguments: list[str], cwd: Path, answers: list[str]) -> tuple[int, str]:
    """(exit code, all that the terminal showed) of podium with a terminal as stdin, stdout and stderr."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "podium", *arguments], stdin=follower, stdout=follower, stderr=follower, cwd=cwd,
        start_new_session=True, close_fds=True,
    )  # fmt: skip
    os.close(follower)
    shown, waiting, until = b"", list(answers), time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    chunk = os.read(leader, 65536)
                except OSError:  # the other end has gone
                    break
                if not chunk:
                    break
                shown += chunk
            if waiting and re.search(rb"\]: $", shown):
                os.write(leader, waiting.pop(0).encode() + b"\n")
                shown += b"\n"
            if process.poll() is not None and not select.select([leader], [], [], 0.1)[0]:
                break
        return process.wait(timeout=20), shown.decode()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(leader)


def test_a_terminal_is_asked_and_the_answer_is_kept(tmp_path: Path) -> None:
    folder = two_targets(tmp_path / "toy")
    code, shown = at_a_terminal(["init", str(folder), "--campaign", "c"], tmp_path, ["7", "2"])
    assert code == 0, shown
    assert "which column is the target is ambiguous" in shown and "2 distinct values" in shown
    assert "expected a number from 1 to 2" in shown, "7 is no choice"
    registry = Registry.open(tmp_path / "c")
    competition = registry.setting("competition")
    registry.close()
    assert isinstance(competition, Mapping) and competition["target_columns"] == ["w"]
    assert competition["evidence"]["target_column"] == {
        "value": "w",
        "why": "answered at the terminal",
        "confidence": 1.0,
    }


def test_a_closed_terminal_is_a_refusal(tmp_path: Path) -> None:
    code, shown = at_a_terminal(["init", str(two_targets(tmp_path / "toy")), "--campaign", "c"], tmp_path, ["\x04"])
    assert code == 2 and "found y, w" in " ".join(shown.split())


@pytest.mark.parametrize("arguments", [["init"], ["init", "--json"], ["run"]])
def test_nobody_is_asked_without_a_terminal(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([arguments[0], str(two_targets(tmp_path / "toy")), *arguments[1:]]) == 2
    line = capsys.readouterr().err
    assert "found y, w" in line and "--target NAME" in line and len(line.splitlines()) == 1
    assert not (tmp_path / "campaigns").exists()


def test_flags_settle_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = two_targets(tmp_path / "toy")
    arguments = ["init", str(folder), "--target", "w", "--metric", "log_loss", "--id", "id", "--json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["playable"] is True
    assert (found["competition"]["target_column"], found["competition"]["metric"]) == ("w", "log_loss")


def test_a_choice_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "_somebody_is_there", lambda: True)
    monkeypatch.setattr(ask, "_ask", lambda question: "a")
    asked: list[dict[str, str]] = []

    def call(answers: Mapping[str, str]) -> str:
        asked.append(dict(answers))
        raise Ambiguous("which", key="metric", choices={"a": "", "b": ""})

    with pytest.raises(Ambiguous, match="found a, b"):
        ask.asking(call, as_json=False)
    assert asked == [{}, {"metric": "a"}]


def test_answers_stand_above_the_config(tmp_path: Path) -> None:
    folder = two_targets(tmp_path / "toy")
    (folder / "config.json").write_text('{"target_column": "y"}')
    c = intake(folder, {}, {"target_column": "w"})
    assert c.target_columns == ("w",) and c.evidence["target_column"].why == "answered at the terminal"


def test_what_cannot_be_played_is_understood_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train, test = frames()
    folder = write(tmp_path / "toy", train.select("id", "y"), test.select("id"))
    (folder / "sounds").mkdir()
    for key in (*train["id"], *test["id"]):
        (folder / "sounds" / f"{key}.wav").write_bytes(b"wav")
    assert main(["init", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["playable"] is False and "audio" in found["why"] and found["campaign"] is None
    assert found["competition"]["task_type"] == "binary_classification" and found["competition"]["inputs"] == ["audio"]
    assert found["competition"]["evidence"]["metric"]["confidence"] > 0.8
    assert main(["init", str(folder)]) == 0
    assert "not playable yet" in capsys.readouterr().out
    assert main(["run", str(folder), "--experiments", "1"]) == 2
    assert capsys.readouterr().err.startswith("podium: this is binary classification, understood but not playable yet")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["toy"]
