"""Kill -9 of every part of a run, at any moment: an outcome or `lost`, and no process left."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.execution import sandbox, wire
from podium.execution.local import LocalExecutor, mark
from podium.testing.executor_conformance import MEAN, ONCE, RunBench

LEVELS = sorted({"process", sandbox.measured_level()})
FAMILY = """
    import os, time
    import numpy as np
    def fit(train, ctx):
        for _ in range(3):
            if os.fork() == 0:
                if os.fork() == 0:
                    time.sleep(60)
                time.sleep(60)
        print("there", flush=True)
        time.sleep(60)
"""


def living(word: str) -> dict[int, str]:
    """Process id → command line of everything alive that has `word` in its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if word in line and state not in "ZX":
                found[int(entry.name)] = line.replace("\0", " ")
    return found


def gone(*words: str, within_s: float = 6.0) -> None:
    """Assert that within some seconds nothing with any of these words is alive."""
    give_up = time.monotonic() + within_s
    while left := {pid: line[-200:] for word in words for pid, line in living(word).items()}:
        assert time.monotonic() < give_up, left
        time.sleep(0.02)


def supervisor_of(folder: Path) -> int:
    (pid,) = living(str(folder))
    return pid


def at_least(number: int, word: str, idle: set[int]) -> set[int]:
    """Wait until this many processes with `word` are alive beside the `idle` ones."""
    give_up = time.monotonic() + 10
    while len(found := set(living(word)) - idle) < number:
        assert time.monotonic() < give_up, found
        time.sleep(0.01)
    return found


def stop(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture(params=LEVELS, scope="module")
def executor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalExecutor]:
    home = tmp_path_factory.mktemp("home")
    executor = LocalExecutor(2, home, level=request.param, preload=("numpy", "polars"))
    yield executor
    executor.close()
    gone(mark(home))


@pytest.fixture
def bench(executor: LocalExecutor, tmp_path: Path) -> Iterator[RunBench]:
    bench = RunBench(executor, tmp_path)
    yield bench
    for folder in tmp_path.glob("run*"):
        executor.cancel(folder)
    gone(str(tmp_path))


@pytest.fixture
def word(executor: LocalExecutor, bench: RunBench) -> str:
    """What the command lines of the executor's processes hold; its warm parent is up."""
    bench.run(MEAN)
    return mark(executor.home)


def test_killed_supervisor_takes_its_run_along(bench: RunBench, word: str) -> None:
    idle = set(living(word))
    folder = bench.folder(FAMILY)
    bench.executor.start(folder)
    bench.until_logged(folder, "there")
    at_least(9, word, idle)
    os.kill(supervisor_of(folder), signal.SIGKILL)
    assert bench.wait(folder).outcome == "lost"
    give_up = time.monotonic() + 2
    while left := set(living(word)) - idle:
        assert time.monotonic() < give_up, left
        time.sleep(0.02)


def test_killed_warm_parent_is_lost_and_replaced(bench: RunBench, word: str) -> None:
    folder = bench.folder(FAMILY)
    bench.executor.start(folder)
    bench.until_logged(folder, "there")
    warm = min(living(word))
    os.kill(warm, signal.SIGKILL)
    assert bench.wait(folder).outcome == "lost"
    gone(word)
    assert bench.run(MEAN)[0].outcome == "done"


def test_killed_watchdog_is_lost_and_nothing_is_left(bench: RunBench, word: str) -> None:
    idle = set(living(word))
    folder = bench.folder(FAMILY)
    bench.executor.start(folder)
    bench.until_logged(folder, "there")
    intermediate, watchdog, *_ = sorted(at_least(9, word, idle))
    os.kill(watchdog, signal.SIGKILL)
    assert bench.wait(folder).outcome == "lost"
    give_up = time.monotonic() + 3
    while left := set(living(word)) - idle:
        assert time.monotonic() < give_up, (intermediate, left)
        time.sleep(0.02)


def test_killed_solution_is_lost(bench: RunBench, word: str) -> None:
    idle = set(living(word))
    folder = bench.folder("import time\ndef fit(t, c):\n    print('there')\n    time.sleep(60)\n")
    bench.executor.start(folder)
    bench.until_logged(folder, "there")
    os.kill(max(set(living(word)) - idle), signal.SIGKILL)
    ended = bench.wait(folder)
    assert (ended.outcome, ended.message) == ("lost", "killed from outside")


def test_dead_warm_parent_does_not_stop_a_run(bench: RunBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cold path: the connection's other end is gone before anybody read it."""
    monkeypatch.setattr(LocalExecutor, "_hand_over", lambda self, connection: True)
    ended, folder = bench.run(MEAN)
    assert ended.outcome == "done", (ended, (folder / "log.txt").read_text())


def test_warm_parent_that_dies_while_it_reads_leaves_nothing_half_read(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Descriptors share their position with whoever read from them first: the second attempt must open its own."""
    threads = []

    def read_and_die(self: LocalExecutor, connection: socket.socket) -> bool:
        threads.append(threading.Thread(target=_read_and_close, args=(connection.dup(),)))
        threads[-1].start()
        return True

    monkeypatch.setattr(LocalExecutor, "_hand_over", read_and_die)
    ended, _ = bench.run(MEAN)
    threads[0].join()
    assert ended.outcome == "done", ended


def _read_and_close(connection: socket.socket) -> None:
    with connection:
        message, fds = wire.receive(connection)
    for name, fd in zip(message["fds"], fds, strict=True):
        if name in ("solution", "rows", "features", "labels"):
            assert os.read(fd, 1 << 20)
        os.close(fd)


def test_random_kills_leave_an_outcome_and_no_process(bench: RunBench, word: str) -> None:
    rng = random.Random(11)
    for _ in range(4):
        folder = bench.folder(MEAN)
        bench.executor.start(folder)
        time.sleep(rng.random() * 0.25)
        victims = [*living(word), *living(str(folder))]
        stop(rng.sample(victims, k=min(len(victims), rng.randint(1, 2))))
        ended = bench.wait(folder)
        assert ended.outcome in ("done", "lost"), ended
        if ended.outcome == "done":
            assert set(ended.files) == {"predictions.npy", "model.pkl"}


ENGINE = """
    import sys, time
    from pathlib import Path
    from podium.execution.local import LocalExecutor
    executor = LocalExecutor(1, Path(sys.argv[1]), level=sys.argv[2], preload=["numpy", "polars"])
    executor.start(Path(sys.argv[3]))
    time.sleep(60)
"""


def test_killed_engine_leaves_its_run_to_be_adopted(bench: RunBench, tmp_path: Path) -> None:
    folder, engines_home = bench.folder(ONCE.replace("0.5", "1.0")), tmp_path / "engine"
    argv = [sys.executable, "-c", textwrap.dedent(ENGINE), str(engines_home), bench.executor.level, str(folder)]
    with subprocess.Popen(argv, start_new_session=True) as engine:
        token = bench.until_logged(folder, "token=").split("token=")[1].split()[0]
        engine.kill()
    bench.executor.start(folder)
    ended = bench.wait(folder)
    assert (ended.outcome, ended.notes) == ("done", {"token": token})
    gone(mark(engines_home), within_s=3)


def test_request_that_cannot_be_executed_is_an_error(bench: RunBench) -> None:
    folder = bench.folder(MEAN)
    (folder / "rows.npz").unlink()
    bench.executor.start(folder)
    ended = bench.wait(folder)
    assert ended.outcome == "error" and "rows cannot be opened" in ended.message
    folder = bench.folder(MEAN)
    (folder / "request.json").write_text("{}")
    bench.executor.start(folder)
    ended = bench.wait(folder)
    assert ended.outcome == "error" and "request.json cannot be read" in ended.message


def test_supervisor_starts_without_site_packages() -> None:
    """It must start in milliseconds: the standard library alone, and none of its slow parts."""
    from podium.execution.launch import bare

    code = bare(sys.executable, "supervisor")[-1].replace("main()", "print(sorted(sys.modules))")
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True, env={})
    assert not {"numpy", "subprocess", "hashlib", "shutil", "tempfile", "zipfile"} & set(eval(done.stdout))


def test_import_that_starts_a_thread_is_left_out_of_the_warm_parent(tmp_path: Path) -> None:
    """A fork beside another thread may inherit a lock that is never let go."""
    code = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "threaded.py").write_text(code)
    executor = LocalExecutor(1, tmp_path / "home", level="process", preload=("numpy", "threaded", "polars"))
    executor._spec["env"] = {**executor._spec["env"], "PYTHONPATH": str(tmp_path / "site")}
    ended, _ = RunBench(executor, tmp_path).run(MEAN)
    executor.close()
    assert ended.outcome == "done", ended
    assert "threaded left out" in (tmp_path / "home" / "warm.log").read_text()
    gone(mark(tmp_path / "home"))
