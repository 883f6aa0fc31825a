"""The 18 attacks: at level bubblewrap as root and as an ordinary user, at level landlock, and with no sandbox at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.execution import boot, landlock, sandbox
from podium.execution.attack import probes, suite, targets
from podium.execution.attack.record import Probe
from podium.records import RunExit

SUITE = (
    "import json, sys; from podium.execution.attack import suite; "
    "print(json.dumps([probe.json() for probe in suite.run(sys.argv[1], fresh=True)]))"
)
USER = 54321  # of no account
# Without a sandbox these harm nobody but what the attack has set up itself.
HARMLESS = [name for name in suite.NAMES if name not in suite.EXHAUSTING]

Attacked = dict[str, Probe]


def works(level: str) -> None:
    problem = sandbox.why_not(level)
    if problem is not None:
        pytest.skip(f"level {level} does not work here: {problem}")


def attacked(found: str) -> Attacked:
    return {probe["name"]: Probe(**probe) for probe in json.loads(found.splitlines()[-1])}


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_HOME", str(tmp_path_factory.mktemp("podium")))
        yield


@pytest.fixture(scope="module")
def as_this_user() -> Attacked:
    works("bubblewrap")
    return {probe.name: probe for probe in suite.run("bubblewrap")}


@pytest.fixture(scope="module")
def at_landlock() -> Attacked:
    works("landlock")
    return {probe.name: probe for probe in suite.run("landlock", fresh=True)}


@pytest.fixture(scope="module")
def as_an_ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    """From root: another user id of no account, with a Python that only root can reach bound where that user can."""
    works("bubblewrap")
    if os.getuid() != 0:
        pytest.skip("the tests are run by an ordinary user: this is test_blocked_in_bubblewrap")
    base = Path(os.environ.get("TMPDIR", "/tmp")) / f"podium-user-{os.getpid()}"
    base.mkdir()  # pytest's own folders are root's alone
    os.chown(base, USER, USER)
    try:
        return _as_user(base)
    finally:
        subprocess.run(["rm", "-rf", str(base)], check=True)


def _as_user(base: Path) -> Attacked:
    helper = [sys.executable, str(Path(__file__).parent / "ordinary_user.py"), str(USER)]
    folders = [str(path) for path in sandbox.python_paths()]
    environment = {"PATH": os.environ["PATH"], "HOME": str(base), "TMPDIR": str(base)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        argv = [*helper, *folders, "--", sys.executable, "-c", *command]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)

    level = run("from podium.execution import sandbox; print(sandbox.why_not('bubblewrap') or '')")
    if level.returncode != 0:
        pytest.skip(f"Python cannot be reached by another user here: {level.stderr.strip()[-200:]}")
    if level.stdout.strip():
        pytest.skip(f"bubblewrap does not work for ordinary users here: {level.stdout.strip()}")
    done = run(SUITE, "bubblewrap")
    assert done.returncode == 0, done.stderr
    return attacked(done.stdout)


@pytest.mark.parametrize("name", suite.NAMES)
def test_blocked_in_bubblewrap(as_this_user: Attacked, name: str) -> None:
    assert as_this_user[name].blocked, as_this_user[name]


@pytest.mark.parametrize("name", suite.NAMES)
def test_blocked_in_bubblewrap_as_an_ordinary_user(as_an_ordinary_user: Attacked, name: str) -> None:
    assert as_an_ordinary_user[name].blocked, as_an_ordinary_user[name]


@pytest.mark.parametrize("name", suite.NAMES)
def test_blocked_at_landlock(at_landlock: Attacked, name: str) -> None:
    if name == "signal or trace a process outside" and landlock.abi() < 6:
        pytest.skip("signals are scoped from Landlock ABI 6 (Linux 6.12)")
    assert at_landlock[name].blocked, at_landlock[name]


def test_the_suite_is_the_promised_one() -> None:
    assert len(suite.NAMES) == 18
    assert set(suite.EXHAUSTING) < set(suite.NAMES)


def test_made_once_a_boot(as_this_user: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    def again(*arguments: object) -> None:
        raise AssertionError("the attack was made again")

    monkeypatch.setattr(suite, "attack", again)
    assert {probe.name: probe for probe in suite.run("bubblewrap")} == as_this_user
    monkeypatch.setattr(boot, "key", lambda: "another boot")
    with pytest.raises(AssertionError, match="made again"):
        suite.run("bubblewrap")


# ---------------------------------------------------------------- control: the probes can get through


@pytest.fixture(scope="module")
def in_the_open(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    """The harmless probes with no sandbox at all, judged as ever."""
    if sys.platform != "linux":
        pytest.skip("the control looks into /proc")
    folder = tmp_path_factory.mktemp("open").resolve()
    work = folder / "work"
    work.mkdir()
    code = "import json, sys; from podium.execution.attack import probes; "
    code += "probes.main(json.loads(sys.argv[1]), probes.Aim(**json.loads(sys.argv[2])), '')"
    with targets.stand(folder) as stand:
        arguments = [json.dumps(HARMLESS), json.dumps(vars(stand.aim))]
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True, cwd=work
        )
        said = {result["name"]: result for result in map(json.loads, done.stdout.splitlines())}
        seen = stand.look()
    ended = RunExit("done", wall_s=1.0)
    return {name: suite.judge(name, said.get(name), ended, seen.get(name)) for name in HARMLESS}


@pytest.mark.parametrize("name", HARMLESS)
def test_open_without_a_sandbox(in_the_open: Attacked, name: str) -> None:
    if name == "nested namespaces" and in_the_open[name].blocked:
        pytest.skip("this machine lets nobody make namespaces")
    assert not in_the_open[name].blocked, in_the_open[name]
    assert "failed" not in in_the_open[name].detail and "not measured" not in in_the_open[name].detail


# ---------------------------------------------------------------- judging


def test_what_was_not_measured_is_not_blocked() -> None:
    lost = RunExit("lost", wall_s=1.0, message="the sandbox ended")
    assert suite.judge("TCP out", None, lost, None) == Probe(
        "TCP out", False, "not measured: the run ended as lost: the sandbox ended"
    )
    assert not suite.judge("TCP out", None, None, None).blocked


def test_a_probe_that_fails_by_itself_is_not_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(aim: object) -> str | None:
        raise KeyError("a bug")

    monkeypatch.setitem(probes.PROBES, "TCP out", broken)
    said = probes.attempt("TCP out", None)
    probe = suite.judge("TCP out", said, RunExit("done", wall_s=1.0), None)
    assert not probe.blocked and "a bug" in probe.detail


def test_evidence_outside_overrules_what_the_probe_says() -> None:
    said = {"name": "UDP out", "through": False, "detail": "refused"}
    assert not suite.judge("UDP out", said, RunExit("done", wall_s=1.0), "it arrived outside").blocked


@pytest.mark.parametrize(
    ("outcome", "blocked"), [("memory", True), ("timeout", False), ("lost", False), ("error", False)]
)
def test_an_exhausting_probe_is_blocked_by_its_own_limit(outcome: str, blocked: bool) -> None:
    ended = RunExit(outcome, wall_s=1.0)  # type: ignore[arg-type]
    assert suite.judge("allocate 3 GB over the limit", None, ended, None).blocked is blocked
