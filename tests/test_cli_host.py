"""`podium next`, `podium deliver`, `podium experiment`: an outside agent drives a campaign by commands alone."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from host_world import Answer, answer_of, builtin_answer, drive

from podium.cli import compose, making
from podium.cli.deliver import LARGEST_BYTES
from podium.cli.main import main
from podium.records import (
    Brief,
    Build,
    Charter,
    Checks,
    Deliverable,
    ExperimentSpec,
    Findings,
    Plan,
    QaCheck,
    from_json,
    to_json,
)
from podium.registry import Registry
from podium.registry.lock import EngineLock
from podium.report import terminal

SOLUTION = '''"""Mean of the labels."""


def fit(train, ctx):
    return float(train.y.mean())


def predict(model, rows, ctx):
    import numpy as np

    return np.full(len(rows), model)
'''


@pytest.fixture(scope="session")
def hosted(contest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose every role is a host's, before round 0: copy it before use."""
    folder = tmp_path_factory.mktemp("hosted") / "campaign"
    return making.open_or_create(str(contest / "public"), campaign=folder, experiments=3, threads=2, team={"*": "host"})


@pytest.fixture
def campaign(hosted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(hosted, tmp_path / "campaign"))


@pytest.fixture(scope="session")
def asked(hosted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its first brief handed out: nothing in it runs."""
    folder = Path(shutil.copytree(hosted, tmp_path_factory.mktemp("asked") / "campaign"))
    assert call(["next", str(folder), "--paths"])["brief_id"] == "R00_charter"
    return folder


@pytest.fixture
def waiting(asked: Path, tmp_path: Path) -> Path:
    """A campaign whose charter waits."""
    return Path(shutil.copytree(asked, tmp_path / "campaign"))


def call(arguments: Sequence[str]) -> Answer:
    """One command in this process; its JSON document."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main([*arguments, "--json"]) == 0
    found: Answer = json.loads(out.getvalue())
    assert found["schema_version"] == 1
    return found


def refused(capsys: pytest.CaptureFixture[str], code: int, arguments: Sequence[str]) -> str:
    """The one line on stderr of a command that exits with `code`."""
    capsys.readouterr()
    assert main(list(arguments)) == code
    streams = capsys.readouterr()
    assert len(streams.err.splitlines()) == 1, streams.err
    return streams.err


def charter_file(campaign: Path) -> Path:
    state = call(["next", str(campaign), "--paths"])
    path = Path(state["files"]["answer"])
    path.write_text(json.dumps(answer_of(state)))
    return path


def export(folder: Path) -> Any:
    registry = Registry.open(folder)
    try:
        return registry.export()
    finally:
        registry.close()


# ---------------------------------------------------------------- the loop


@pytest.mark.slow
def test_a_scripted_host_plays_a_whole_campaign_as_the_built_in_team_would(
    campaign: Path, made: Path, tmp_path: Path, contest: Path
) -> None:
    played = drive(campaign, call)
    assert played[:6] == ["R00_charter", "R00_stack", "R01_research", "R01_plan", "R01_review", "R01_checks"]
    assert len(played) == len(set(played))
    status = call(["status", str(campaign)])
    assert status["state"] == "finished" and len(status["experiments"]) == 3
    assert (campaign / "submission.csv").is_file() and (campaign / "report.html").is_file()
    same = making.open_or_create(str(contest / "public"), campaign=tmp_path / "builtin", experiments=3, threads=2)
    compose.run(same)
    ours, theirs = export(campaign), export(same)
    ours["steps"] = [step for step in ours["steps"] if step["phase"] != "wish"]  # the built-in uploader is not asked
    assert {table: ours[table] for table in ("steps", "experiments", "blends")} == {
        table: theirs[table] for table in ("steps", "experiments", "blends")
    }
    again = call(["next", str(campaign)])
    assert (again["phase"], again["finished"]) == (None, "experiments")


def test_next_hands_out_what_a_host_needs(waiting: Path) -> None:
    state = call(["next", str(waiting), "--wait", "0s"])
    assert (state["brief_id"], state["phase"], state["role"], state["round"]) == (
        "R00_charter",
        "charter",
        "manager",
        0,
    )
    assert state["session"]["name"] == "manager-R00_charter" and not state["session"]["persistent"]
    brief = state["brief"]
    assert brief["deliverable"]["type"] == "Charter" and "requirements" in brief["deliverable"]["schema"]["properties"]
    assert brief["facts"]["competition"]["metric"] == "auc" and brief["facts"]["experiments"] == []
    assert all(Path(path).is_file() for path in brief["reads"])
    text = Path(state["files"]["brief"]).read_text()
    assert "Brief R00_charter" in text and '"requirements"' in text and state["files"]["answer"] in text
    assert state["deliver"].startswith("podium deliver ") and state["files"]["answer"] in state["deliver"]


def test_status_says_that_a_host_is_waited_for(waiting: Path) -> None:
    assert call(["status", str(waiting)])["state"] == "waiting"
    over = terminal.is_over(waiting)
    assert not over()  # `podium watch` goes on between two calls of the host
    call(["stop", str(waiting)])
    call(["next", str(waiting)])
    assert call(["status", str(waiting)])["state"] == "stopped" and over()


def test_next_again_hands_out_the_same_brief(waiting: Path) -> None:
    first, again = (call(["next", str(waiting), "--paths"]) for _ in range(2))
    assert first == again and "brief" not in first


@pytest.mark.slow
def test_next_leaves_runs_under_way_to_the_next_call(waiting: Path) -> None:
    """Five folds that each take a moment: begun by one call, found and brought to their end by the next."""
    slow = SOLUTION.replace("return float", "time.sleep(1.0)\n    return float").replace(
        "def fit", "import time\n\n\ndef fit"
    )

    def answer(brief: Brief) -> Deliverable:
        if brief.phase in ("plan", "revise"):
            return Plan((ExperimentSpec("mean", "a mean is a floor", "draft", "mean", cost_s=5.0),), "one")
        return Build((slow,)) if brief.phase == "build" else builtin_answer(brief)

    while (state := call(["next", str(waiting), "--paths", "--wait", "0s"]))["phase"] is not None:
        path = Path(state["files"]["answer"])
        path.write_text(json.dumps(answer_of(state, answer)))
        call(["deliver", str(waiting), state["brief_id"], str(path)])
    assert state["finished"] is None and not state["paused"] and 0 < state["retry_after_s"] <= 60
    begun = set((waiting / "runs").rglob("request.json"))
    assert begun and not EngineLock.is_held(waiting)
    give_up = time.monotonic() + 120
    while (state := call(["next", str(waiting), "--paths", "--wait", "30s"]))["phase"] is None:
        assert time.monotonic() < give_up and state["finished"] is None
    assert state["brief_id"] == "R01_learn"
    ends = [json.loads(path.read_text())["outcome"] for path in (waiting / "runs").rglob("fold_*/exit.json")]
    assert ends == ["done"] * 5  # what the first call began was adopted: nothing was cancelled or run twice
    assert begun <= set((waiting / "runs").rglob("request.json"))


def test_next_while_an_engine_is_at_work(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = EngineLock(waiting)
    lock.acquire()
    try:
        assert "another engine is at work" in refused(capsys, 4, ["next", str(waiting)])
        path = waiting / "host" / "manager" / "answer.json"
        path.write_text('{"text": "win", "requirements": [{"id": "Q1", "text": "every row"}]}')
        assert call(["deliver", str(waiting), "R00_charter", str(path)])["accepted"]  # needs no lock
    finally:
        lock.release()
    assert call(["next", str(waiting), "--paths"])["brief_id"] == "R00_stack"


def test_run_rests_where_a_brief_waits(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(waiting)]) == 130
    assert "R00_charter" in capsys.readouterr().err


def test_next_on_what_is_no_campaign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "not a campaign" in refused(capsys, 2, ["next", str(tmp_path)])
    assert "not a campaign" in refused(capsys, 2, ["deliver", str(tmp_path), "R01_plan", "x.json"])
    assert "--wait" in refused(capsys, 2, ["next", str(tmp_path), "--wait", "soon"])


# ---------------------------------------------------------------- deliver


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("not json", 2, "line 1, column 1"),
        ("", 2, "line 1, column 1"),
        ("[" * 100_000, 2, "too deep"),
        ('{"text": NaN, "requirements": []}', 2, "NaN"),
        ("[]", 3, "Charter: expected an object; found list"),
        ("{}", 3, "Charter: missing field 'text'"),
        ('{"text": "win", "requirements": []}', 3, "requirements: expected one at least"),
        ('{"text": 5, "requirements": []}', 3, "Charter.text: expected str; found 5"),
        ('{"text": "win", "requirements": [{"id": "Q1"}]}', 3, "Charter.requirements[0]: missing field 'text'"),
        ('{"verdict": "APPROVED", "reason": "", "checks": [], "text": ""}', 3, "unknown field"),
    ],
)  # fmt: skip
def test_a_refusal_names_what_is_wrong(
    waiting: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, words: str
) -> None:
    path = waiting / "answer.json"
    path.write_text(text)
    assert words in refused(capsys, code, ["deliver", str(waiting), "R00_charter", str(path)])
    assert call(["deliver", str(waiting), "R00_charter", str(charter_file(waiting))])["accepted"]  # nothing was lost


def test_a_refusal_as_json(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = waiting / "answer.json"
    path.write_text("{}")
    assert main(["deliver", str(waiting), "R00_charter", str(path), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["accepted"] is False and "missing field 'text'" in found["problem"]


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b" " * (LARGEST_BYTES + 1)])
def test_unreadable_files(waiting: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    path = waiting / "answer.json"
    path.write_bytes(data)
    assert "answer.json" in refused(capsys, 2, ["deliver", str(waiting), "R00_charter", str(path)])
    assert "cannot read" in refused(capsys, 2, ["deliver", str(waiting), "R00_charter", str(waiting / "none.json")])
    assert "expected one JSON file" in refused(capsys, 2, ["deliver", str(waiting), "R00_charter"])


def test_unknown_closed_and_answered_briefs(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = charter_file(waiting)
    said = refused(capsys, 2, ["deliver", str(waiting), "R07_plan", str(path)])
    assert "no brief 'R07_plan'" in said and "R00_charter, which waits" in said
    call(["deliver", str(waiting), "R00_charter", str(path)])
    assert "handed in before" in refused(capsys, 3, ["deliver", str(waiting), "R00_charter", str(path)])
    assert call(["next", str(waiting), "--paths"])["brief_id"] == "R00_stack"
    assert "closed" in refused(capsys, 3, ["deliver", str(waiting), "R00_charter", str(path)])


def test_of_two_racing_deliveries_one_is_taken(waiting: Path) -> None:
    path, codes = charter_file(waiting), []
    argv = [sys.executable, "-m", "podium", "deliver", str(waiting), "R00_charter", str(path)]

    def hand_in() -> None:
        codes.append(subprocess.run(argv, capture_output=True, check=False).returncode)

    threads = [threading.Thread(target=hand_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 3, 3]


def test_declined_briefs_are_played_by_the_built_in_seat(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["deliver", str(waiting), "R00_charter", "--decline", "three refusals"])["declined"]
    assert call(["next", str(waiting), "--paths"])["brief_id"] == "R00_stack"
    registry = Registry.open(waiting)
    said = [event.payload["message"] for event in registry.events.newest(20) if event.kind == "warning"]
    registry.close()
    assert any("declined: three refusals" in text and "built-in plays" in text for text in said)
    path = charter_file(waiting)
    assert "--decline takes no file" in refused(
        capsys, 2, ["deliver", str(waiting), "R00_stack", str(path), "--decline", "x"]
    )


def test_stdin_and_a_hand_over(
    waiting: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = charter_file(waiting).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    note = waiting / "handover.md"
    note.write_text(" \n")
    assert "empty" in refused(capsys, 2, ["deliver", str(waiting), "R00_charter", "-", "--handover", str(note)])
    note.write_text("beware of the dates")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert call(["deliver", str(waiting), "R00_charter", "-", "--handover", str(note)])["accepted"]
    registry = Registry.open(waiting)
    delivery = registry.deliveries.of("R00_charter")
    registry.close()
    assert delivery is not None and delivery.handover == "beware of the dates"


def test_killed_between_deliver_and_next(waiting: Path) -> None:
    """What was accepted is on disk before the command says so: an engine killed at any moment after it plays it."""
    path = charter_file(waiting)
    path.write_text(json.dumps(to_json(builtin_answer_with(path, "the charter of the host"))))
    call(["deliver", str(waiting), "R00_charter", str(path)])
    for pause in (0.3, 0.8):
        argv = [sys.executable, "-m", "podium", "next", str(waiting)]
        engine = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pause)
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    assert call(["next", str(waiting), "--paths"])["brief_id"] == "R00_stack"
    assert "the charter of the host" in (waiting / "rounds" / "R00_charter.md").read_text()


def builtin_answer_with(path: Path, text: str) -> Deliverable:
    return replace(from_json(Charter, json.loads(path.read_text())), text=text)


# ---------------------------------------------------------------- stop and pause


def test_a_stop_between_two_calls_reaches_the_next(waiting: Path) -> None:
    assert call(["stop", str(waiting)])["asked"] == "stop"
    state = call(["next", str(waiting)])
    assert state["phase"] is None and state["finished"] == "stopped"
    assert call(["next", str(waiting), "--paths"])["brief_id"] == "R00_charter"


def test_a_pause_lasts_until_resume(waiting: Path) -> None:
    call(["pause", str(waiting)])
    for _ in range(2):
        state = call(["next", str(waiting), "--wait", "0s"])
        assert state["phase"] is None and state["paused"] and state["finished"] is None
    call(["resume", str(waiting)])
    assert call(["next", str(waiting), "--paths"])["brief_id"] == "R00_charter"


# ---------------------------------------------------------------- experiments


def test_experiments_are_listed_shown_and_hidden(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from podium.testing.fake_campaign import FakeCampaign

    FakeCampaign(rounds=2, finished="time").build(tmp_path / "c").close()
    folder = str(tmp_path / "c")
    rows = call(["experiment", folder, "list"])["experiments"]
    assert rows == call(["status", folder])["experiments"] and len(rows) == 6 + 2
    one = call(["experiment", folder, "show", "E001"])
    assert one["hypothesis"] and one["spec"]["recipe"] and one["id"] == "E001"
    assert call(["experiment", folder, "show", "E001", "--role", "builder"])["spec"]["recipe"]
    assert main(["experiment", folder, "list"]) == 0 and "E001" in capsys.readouterr().out
    assert main(["experiment", folder, "show", "E001"]) == 0 and "hypothesis" in capsys.readouterr().out
    assert "shown no experiments" in refused(capsys, 3, ["experiment", folder, "list", "--role", "qa"])
    assert "no such role" in refused(capsys, 2, ["experiment", folder, "list", "--role", "wizard"])
    assert "no such experiment" in refused(capsys, 2, ["experiment", folder, "show", "E999"])
    assert "cannot do that" in refused(capsys, 2, ["experiment", folder, "burn"])
    assert "show what?" in refused(capsys, 2, ["experiment", folder, "show"])


def test_a_solution_is_checked_when_it_is_handed_in(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = waiting / "mean.py"

    def run(source: str, *options: str) -> list[str]:
        path.write_text(source)
        return ["experiment", str(waiting), "run", str(path), *(options or ("--hypothesis", "a mean is a floor"))]

    assert "needs a hypothesis" in refused(capsys, 2, run(SOLUTION, "--family", "x"))
    assert "not Python" in refused(capsys, 3, run("def fit(:"))
    assert "no function 'predict'" in refused(capsys, 3, run("def fit(train, ctx): ..."))
    assert "at most 200000 bytes" in refused(capsys, 3, run(SOLUTION + "#" * 200_001))
    assert "no experiment 'E009'" in refused(capsys, 3, run(SOLUTION, "--hypothesis", "x", "--parents", "E009"))
    assert call(run(SOLUTION))["accepted"]
    assert "handed in before" in refused(capsys, 3, run(SOLUTION))
    assert "handed in before" in refused(capsys, 3, run(SOLUTION.replace("Mean", "The mean")))  # a docstring is no idea


@pytest.mark.slow
def test_the_next_build_takes_what_was_handed_in(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "campaign"))
    path = tmp_path / "mean.py"
    path.write_text(SOLUTION)
    call(["experiment", str(folder), "run", str(path), "--hypothesis", "a mean is a floor"])
    compose.run(folder)
    rows = call(["experiment", str(folder), "list"])["experiments"]
    mine = next(row for row in rows if row["name"] == "mean")
    assert mine["round"] == 1 and mine["status"] == "done" and mine["score"] == pytest.approx(0.5)
    assert Path(call(["experiment", str(folder), "show", mine["id"]])["solution"]).read_text() == SOLUTION
    assert len(rows) == 4  # it counts, like any other
    said = refused(capsys, 3, ["experiment", str(folder), "run", str(path), "--hypothesis", "again"])
    assert "finished" in said


def test_a_build_is_delivered_as_python_files_and_its_builder_sees_no_check(
    waiting: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A builder writes files, not Python inside JSON. QA's canary reaches nothing that a builder is handed out."""
    canary = "CANARY-7f3a"
    source = f"def check(frame, predictions):\n    assert len(predictions), {canary!r}\n"
    secret = Checks((QaCheck("not empty", "predict every row", "source", source=source),), f"one check, {canary}")

    def answer(brief: Brief) -> Deliverable:
        return secret if brief.phase == "checks" else builtin_answer(brief)

    while (state := call(["next", str(waiting), "--paths"]))["phase"] != "build":
        path = Path(state["files"]["answer"])
        path.write_text(json.dumps(answer_of(state, answer)))
        call(["deliver", str(waiting), state["brief_id"], str(path)])
    assert canary in (waiting / "host" / "qa" / "R01_checks.answer.json").read_text()
    brief = call(["next", str(waiting)])["brief"]
    handed_out = [Path(path).read_text() for path in brief["reads"]]
    handed_out += [path.read_text() for path in (waiting / "host" / "builder").iterdir()]
    assert len(handed_out) > 5 and canary not in json.dumps(brief) + "".join(handed_out)
    built = answer_of(state)
    names = []
    for i, solution in enumerate(built["solutions"]):
        names.append(str(waiting / f"solution_{i}.py"))
        Path(names[-1]).write_text(solution)
    said = refused(capsys, 3, ["deliver", str(waiting), "R01_build", *names[1:]])
    assert f"expected {len(names)}, one for each planned experiment" in said
    assert call(["deliver", str(waiting), "R01_build", *names])["accepted"]
    registry = Registry.open(waiting)
    delivery = registry.deliveries.of("R01_build")
    registry.close()
    assert delivery is not None and delivery.deliverable == to_json(Build(tuple(built["solutions"])))


def test_findings_of_another_round_are_refused(waiting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = waiting / "findings.json"
    path.write_text(json.dumps(to_json(Findings("what round 1 showed"))))
    assert "Charter" in refused(capsys, 3, ["deliver", str(waiting), "R00_charter", str(path)])
