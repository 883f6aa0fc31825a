"""`podium doctor kaggle`, the commands, and where credentials never show up."""

from __future__ import annotations

import json
import logging
import re
import socket
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kaggle_world import contest, playing, submission

from podium.cli.main import main
from podium.errors import PodiumError
from podium.platforms.platform import AmbiguousSend
from podium.testing.fake_kaggle import FakeKaggle, Topic, pointed_at
from podium.testing.fake_kaggle.environment import changed, without_credentials

pytest.importorskip("kagglesdk")

from podium.platforms.kaggle import Kaggle, credentials, download, guide_text
from podium.platforms.kaggle.doctor import examine


def command(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(arguments) == code
    out, error = capsys.readouterr()
    return out + error


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(command(capsys, *arguments, "--json"))


def ways(token: str, key: str) -> list[dict[str, str | None]]:
    """To give credentials by the environment."""
    return [
        {"KAGGLE_API_TOKEN": token},
        {"KAGGLE_API_TOKEN": None, "KAGGLE_USERNAME": "player", "KAGGLE_KEY": key},
    ]


def test_no_credentials(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with without_credentials(tmp_path):
        found = told(capsys, "doctor", "kaggle")
        assert found["kaggle"]["state"] == "no credentials"
        (weakness,) = found["weaker"]
        assert "KAGGLE_API_TOKEN" in weakness["why"]
        assert "KAGGLE_API_TOKEN" in command(capsys, "doctor", "kaggle").replace("\n", "")


@pytest.mark.parametrize("names", ways("bad", "bad"))
def test_bad_credentials(names: dict[str, str | None], tmp_path: Path) -> None:
    with playing(), changed({"HOME": str(tmp_path), **names}):
        found = examine()
        assert found["state"] == "refused"
        assert "not take" in found["weaker"][0]["why"]


def test_good_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    with playing() as fake:
        fake.clock.advance(hours=2)
        found = told(capsys, "doctor", "kaggle")["kaggle"]
        assert (found["state"], found["account"], found["entered"]) == ("works", "player", ["tiny"])
        assert timedelta(hours=1, minutes=59) < timedelta(seconds=found["clock_skew_s"]) < timedelta(hours=2, minutes=1)
        assert "works" in command(capsys, "doctor", "kaggle")


def test_an_api_that_does_not_answer() -> None:
    with playing() as fake:
        fake.faults.then("IntrospectToken", "503")
        assert examine()["state"] == "unreachable"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with playing(), changed({"KAGGLE_API_ENDPOINT": f"http://127.0.0.1:{free.getsockname()[1]}"}):
            assert examine()["state"] == "unreachable"


def test_without_the_client_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "kagglesdk.kaggle_http_client", None)
    with playing():
        found = examine()
        assert found["state"] == "absent"
        assert "podium[kaggle]" in found["weaker"][0]["why"]


def test_doctor_looks_at_kaggle_only_where_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with playing() as fake:
        assert "kaggle" not in told(capsys, "doctor", "storage")
        assert not fake.requests
    assert "kaggle" in command(capsys, "doctor", "nonsense", code=2)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with playing() as fake:
        Kaggle("tiny").submit(submission(tmp_path), "podium-0123456789ab", "first")
        assert "tiny" in command(capsys, "kaggle", "list")
        assert "4 until" in command(capsys, "kaggle", "about", "tiny")
        assert "alice" in command(capsys, "kaggle", "leaderboard", "tiny")
        assert "podium-0123456789ab" in command(capsys, "kaggle", "submissions", "tiny")
        assert command(capsys, "kaggle", "read", "tiny", "trees").startswith("<data-")
        assert told(capsys, "kaggle", "about", "tiny")["quota"]["left"] == 4
        fake.faults.then("GetLeaderboard", "503")
        answer = command(capsys, "kaggle", "leaderboard", "tiny", code=3)
        assert "Kaggle failed" in answer
        assert "Traceback" not in answer
        fake.state.contests["tiny"].entered = False
        assert "competitions/tiny/rules" in command(capsys, "kaggle", "about", "tiny")


def test_what_strangers_chose_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07team"
    with playing(others={evil: 0.9}, topics=(Topic(evil, "text\x1b[2J"),), title=evil):
        for words in (["leaderboard", "tiny"], ["read", "tiny"], ["list"], ["about", "tiny"]):
            answer = command(capsys, "kaggle", *words)
            assert "\x1b" not in answer and "\x07" not in answer


def test_every_command_of_the_guide_is_one(tmp_path: Path) -> None:
    from podium.cli.kaggle import app

    known = {one.name or str(getattr(one.callback, "__name__", "")) for one in app.registered_commands}
    text = guide_text("tiny")
    named = set(re.findall(r"podium kaggle ([a-z]+)", text))
    assert named <= known
    assert len(named) >= 7


def test_a_kernel_by_command_submitted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from podium.platforms.kaggle import kernels

    folder = kernels.write(kernels.Kernel("player/tiny-infer", "print(1)", competitions=("tiny",)), tmp_path / "k")
    version = ("player/tiny-infer", "--version", "1")
    with playing(code_only=True) as fake:
        fake.run_kernel = lambda request: {"submission.csv": b"id,y\n400,0.5\n401,0\n"}
        assert "version 1" in command(capsys, "kaggle", "push", str(folder), "--gpu", "NvidiaTeslaT4", "--limit", "600")
        assert "complete" in command(capsys, "kaggle", "status", *version)
        assert "submission.csv" in command(capsys, "kaggle", "output", "player/tiny-infer", str(tmp_path / "o"))
        command(capsys, "kaggle", "pull", "player/tiny-infer", str(tmp_path / "p"))
        fake.faults.then("CreateCodeSubmission", "reset_after")
        assert "may have arrived" in command(capsys, "kaggle", "submit", "tiny", *version, code=3)
        assert "sent before" in command(capsys, "kaggle", "submit", "tiny", *version)
        assert len(fake.accepted) == 1


# ---------------------------------------------------------------- credentials


TOKEN, KEY = "KGAT_canary_4f1c_token", "canary_9b7e_key"


@pytest.mark.parametrize("names", ways(TOKEN, KEY))
def test_credentials_show_up_nowhere(
    names: dict[str, str | None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in output, logs at the finest level, exceptions with all they carry, files, or what objects say of themselves."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(download, "PAUSES_S", ())
    said: list[str] = []
    fake = FakeKaggle(contest(), token=TOKEN, key=KEY)
    home = tmp_path / "home"
    home.mkdir()
    with fake, pointed_at(fake, timeout_s=0.5), changed({"HOME": str(home), **names}):
        kaggle = Kaggle("tiny")
        said += [repr(kaggle), repr(vars(kaggle)), repr(credentials.find()), repr(kaggle._client())]
        _everything(kaggle, fake, tmp_path, said)
        command(capsys, "doctor", "kaggle")
        said.append(str(guide_text("tiny")))
        fake.token, fake.key = "other", "other"
        _everything(kaggle, fake, tmp_path / "refused", said)
        said.append(command(capsys, "doctor", "kaggle"))
    said += [caplog.text, *capsys.readouterr()]
    said += [path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(said) > 30
    everything = "\n".join(said)
    for canary in ("4f1c", "9b7e"):
        assert canary not in everything


def _everything(kaggle: Kaggle, fake: FakeKaggle, folder: Path, said: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    file = submission(folder)
    faults = [("CreateSubmission", kind) for kind in ("ok", "429", "500", "reset", "timeout", "garbage_after")]
    faults += [(call, "reset") for call in ("StartSubmissionUpload", "Upload", "ListSubmissions", "DownloadDataFiles")]
    for call, kind in [*faults, ("Storage", "reset"), ("Storage", "500")]:
        fake.faults.clear()
        fake.faults.then(call, *[kind] * 6)
        works: list[Callable[[], object]] = [
            lambda: kaggle.submit(file, "t", ""),
            kaggle.submissions,
            partial(kaggle.fetch, folder / call),
        ]
        for work in works:
            try:
                said.append(repr(work()))
            except (PodiumError, AmbiguousSend) as problem:
                said += [repr(problem), "".join(traceback.format_exception(problem)), repr(problem.__context__)]
    fake.faults.clear()
