"""Levels and their measurement, the command line, and what a process shut in can still see and do."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.execution import boot, landlock, lockdown, sandbox, seccomp
from podium.records import Limits

linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces, Landlock and seccomp are Linux's")
EVERYTHING = (
    *("status", "limits", "root", "processes", "environment", "fill", "refused", "change_mode", "pair", "call"),
    *("siblings", "threads", "fits"),
)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PODIUM_HOME without measurements."""
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
    sandbox.measure.cache_clear()
    yield tmp_path / "home"
    sandbox.measure.cache_clear()


def inside(level: str, folder: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """Scenario → its value, each run shut in at `level`."""
    problem = sandbox.why_not(level)
    if problem is not None:
        pytest.skip(f"level {level} does not work here: {problem}")
    script = Path(__file__).parent / "confined.py"
    where = "/podium-confined.py" if level == "bubblewrap" else str(script)
    argv = sandbox.command(level, [sys.executable, where, level, str(folder), *names], [(str(script), where)])
    environment = sandbox.environment(level) | ({} if level == "bubblewrap" else {"TMPDIR": str(folder)})
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return inside("bubblewrap", tmp_path_factory.mktemp("bubblewrap"), EVERYTHING)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    names = tuple(name for name in EVERYTHING if name not in ("siblings", "root", "processes", "fill"))
    return inside("landlock", tmp_path_factory.mktemp("landlock"), names)


@pytest.fixture(params=["bubblewrap", "landlock"])
def shut(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The scenarios at either level."""
    return request.getfixturevalue("boxed" if request.param == "bubblewrap" else "locked")


# ---------------------------------------------------------------- levels and the command


def test_levels_are_ordered() -> None:
    assert sandbox.at_least("bubblewrap", "landlock") and sandbox.at_least("landlock", "landlock")
    assert not sandbox.at_least("process", "landlock")


def test_the_command_carries_nothing_of_the_launchers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "secret-7f3a")
    for level in sandbox.LEVELS:
        words = [*sandbox.command(level, ["python"], pass_env={"A": "b"}), *sandbox.environment(level).values()]
        assert not any("secret-7f3a" in word for word in words)
    assert sandbox.environment("bubblewrap", {"A": "b"}) == {}
    assert sandbox.environment("landlock", {"A": "b"})["A"] == "b"


def test_weaker_levels_start_the_command_as_it_is() -> None:
    assert sandbox.command("landlock", ["python", "x"]) == ["python", "x"]


def test_python_is_found_without_showing_the_folders_round_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))  # an environment made in the project's own folder
    (tmp_path / "lib").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "data")
    sandbox.python_paths.cache_clear()
    try:
        paths = sandbox.python_paths()
    finally:
        sandbox.python_paths.cache_clear()
    assert tmp_path / "lib" in paths
    assert not any((tmp_path / "data").is_relative_to(path) for path in paths)
    assert Path.home() not in paths
    assert any(Path(sandbox.__file__).is_relative_to(path) for path in paths)


# ---------------------------------------------------------------- measured once a boot


@linux
def test_the_level_is_measured_once_a_boot(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        sandbox, "why_not", lambda level: asked.append(level) or (None if level == "landlock" else "no")
    )
    assert sandbox.measured_level() == "landlock"
    assert sandbox.measure().reasons == {"bubblewrap": "no"}
    sandbox.measure.cache_clear()  # another process
    assert sandbox.measured_level() == "landlock"
    assert asked == ["bubblewrap", "landlock"]
    monkeypatch.setattr(boot, "key", lambda: "another boot")
    sandbox.measure.cache_clear()
    sandbox.measured_level()
    assert asked == ["bubblewrap", "landlock"] * 2


@linux
def test_no_level_works_and_no_cache_either(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.write_text("a file where the folder should be")
    monkeypatch.setattr(sandbox, "why_not", lambda level: f"no {level}")
    assert sandbox.measure() == sandbox.Measured("process", {"bubblewrap": "no bubblewrap", "landlock": "no landlock"})


@linux
def test_without_bubblewrap_the_level_is_weaker_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "bwrap", lambda: None)
    assert "not installed" in str(sandbox.why_not("bubblewrap"))


def test_a_spoilt_cache_is_no_measurement(fresh: Path) -> None:
    assert boot.write("sandbox", {"level": "bubblewrap"})
    assert boot.read("sandbox") == {"level": "bubblewrap"}
    (file,) = (fresh / "boot").iterdir()
    file.write_text(file.read_text()[:-3])
    assert boot.read("sandbox") is None


# ---------------------------------------------------------------- inside


@linux
def test_no_privilege_is_left(shut: dict[str, Any]) -> None:
    status = shut["status"]
    assert all(int(status[name], 16) == 0 for name in ("CapEff", "CapPrm", "CapAmb"))
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert shut["limits"] == [0, 32 << 20, 1024]


@linux
def test_the_bounding_set_is_empty(boxed: dict[str, Any]) -> None:
    assert int(boxed["status"]["CapBnd"], 16) == 0


@linux
def test_the_file_system_holds_the_system_and_python_alone(boxed: dict[str, Any]) -> None:
    tops = {path.parts[1] for path in sandbox.python_paths()}
    system = {"usr", "lib", "lib32", "lib64", "libx32", "bin", "sbin", "etc", "sys", "proc", "dev", "tmp"}
    assert set(boxed["root"]) <= system | tops | {"podium-scratch", "podium-confined.py"}


@linux
def test_the_environment_is_ours(shut: dict[str, Any]) -> None:
    assert "PYTEST_CURRENT_TEST" not in shut["environment"]  # pytest has it in the launcher's
    assert f"HOME={Path.home()} " not in shut["environment"]


@linux
def test_a_run_is_alone(boxed: dict[str, Any]) -> None:
    assert boxed["processes"] == [1]
    assert boxed["leave"] == "left"
    assert boxed["look"] == []


@linux
def test_the_scratch_is_bounded(boxed: dict[str, Any]) -> None:
    assert boxed["fill"] == "ENOSPC"


@linux
def test_calls_are_refused(shut: dict[str, Any]) -> None:
    answers = dict(shut["refused"])
    assert answers.pop("memfd_create") == errno.ENOSYS
    assert set(answers.values()) <= {errno.EPERM, errno.EACCES}, answers


@linux
def test_modes_outside_cannot_be_changed(shut: dict[str, Any]) -> None:
    assert shut["change_mode"] in ("EPERM", "ENOENT")


@linux
def test_what_libraries_need_works(shut: dict[str, Any]) -> None:
    assert (shut["pair"], shut["call"]) == ("through", 0)
    assert isinstance(shut["fits"], dict), shut["fits"]
    assert min(shut["fits"].values()) > 0.8


@linux
def test_a_second_thread_would_stay_free(shut: dict[str, Any]) -> None:
    assert shut["threads"].startswith("LockdownError: expected one thread")


def test_a_weaker_level_needs_a_folder_for_the_scratch() -> None:
    with pytest.raises(lockdown.LockdownError, match="fallback"):
        lockdown.mount_private("landlock", 16, None)


@linux
def test_a_level_that_is_promised_and_fails_stops_the_run(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        landlock.abi = lambda: 0
        try:
            lockdown.confine("landlock", Limits(wall_s=1, memory_mb=64), tmp_path)
        except lockdown.LockdownError:
            os._exit(3)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


# ---------------------------------------------------------------- the filter and the rights


def answer(machine: str, shared: bool, number: int, arguments: tuple[int, ...] = (), arch: int | None = None) -> int:
    """What the filter returns for a call: a small BPF machine, written from the kernel's documentation."""
    words = {0: number & 0xFFFFFFFF, 4: seccomp.AUDIT_ARCH[machine] if arch is None else arch}
    for index, value in enumerate((*arguments, *[0] * (6 - len(arguments)))):
        words[16 + 8 * index], words[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32
    lines, at, held = seccomp.program(machine, shared), 0, 0
    while True:
        line = lines[at]
        at += 1
        if line.code == seccomp.RETURN:
            return line.k
        if line.code == seccomp.LOAD:
            held = words[line.k]
        else:
            tests = {seccomp.JUMP_EQ: held == line.k, seccomp.JUMP_GE: held >= line.k, seccomp.JUMP_SET: held & line.k}
            at += line.if_true if tests[line.code] else line.if_false


MACHINES = st.sampled_from(["x86_64", "aarch64"])
TABLES = (seccomp.REFUSED, seccomp.MISSING, seccomp.REFUSED_SHARED)


def column(machine: str) -> int:
    return 0 if machine == "x86_64" else 1


@given(MACHINES, st.booleans(), st.integers(0, 600), st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_the_filter_refuses_its_list_and_lets_the_rest_through(
    machine: str, shared: bool, number: int, arguments: list[int]
) -> None:
    tables = TABLES if shared else TABLES[:2]
    listed = {row[column(machine)] for table in tables for row in table.values()}
    conditional = {row[column(machine)] for row in (seccomp.SOCKET, seccomp.CLONE, seccomp.IOCTL, seccomp.PRLIMIT)}
    if number not in conditional:
        allowed = answer(machine, shared, number, tuple(arguments)) == seccomp.RET_ALLOW
        assert allowed == (number not in listed)


@given(MACHINES, st.booleans(), st.integers(0, 2**32 - 1))
def test_clone_makes_threads_and_no_namespaces(machine: str, shared: bool, flags: int) -> None:
    result = answer(machine, shared, seccomp.CLONE[column(machine)] or 0, (flags,))
    assert (result == seccomp.RET_ALLOW) == (flags & seccomp.NEW_NAMESPACES == 0)


@given(MACHINES, st.booleans(), st.integers(0, 50))
def test_sockets_are_unix_in_a_network_of_ones_own_and_none_elsewhere(machine: str, shared: bool, family: int) -> None:
    result = answer(machine, shared, seccomp.SOCKET[column(machine)] or 0, (family,))
    assert (result == seccomp.RET_ALLOW) == (family == 1 and not shared)


@given(MACHINES, st.integers(0, 2**31))
def test_limits_are_set_on_oneself_alone(machine: str, pid: int) -> None:
    result = answer(machine, False, seccomp.PRLIMIT[column(machine)] or 0, (pid,))
    assert (result == seccomp.RET_ALLOW) == (pid == 0)


@given(st.integers(0, 600))
def test_calls_of_another_architecture_do_not_slip_through(number: int) -> None:
    assert answer("x86_64", False, number, arch=0x40000003) == seccomp.RET_KILL_PROCESS
    assert answer("x86_64", False, number | seccomp.X32_BIT) == seccomp.RET_ERRNO | errno.ENOSYS


@pytest.mark.parametrize(("version", "last"), [(1, 12), (2, 13), (3, 14), (4, 14), (5, 15), (6, 15), (7, 15)])
def test_every_right_the_kernel_knows_is_given_up(version: int, last: int) -> None:
    assert landlock.rights(version) == (1 << (last + 1)) - 1
