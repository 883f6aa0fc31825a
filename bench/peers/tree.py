"""One program and all that it starts: held to its cores and its time, watched, ended, with nothing left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOK_S, WEIGH_S = 0.1, 1.0  # how often the submission is looked for, and memory taken
TICK = os.sysconf("SC_CLK_TCK")
ADOPT = 36  # PR_SET_CHILD_SUBREAPER: what a program leaves behind becomes ours, not init's


@dataclass
class Run:
    """`files`: (seconds since the start, copy) of each state of the submission. `peak_mb` is PSS over all processes at once.
    `others_s`: CPU seconds that the rest of the machine took meanwhile."""

    code: int = 0
    killed: bool = False
    wall_s: float = 0.0
    cpu_s: float = 0.0
    others_s: float = 0.0
    peak_mb: float = 0.0
    files: list[tuple[float, Path]] = field(default_factory=list)


def play(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path, cpus: Sequence[int], began: float,
    limit_s: float, output: Path, keep: Path,
) -> Run:  # fmt: skip
    """Run to its end, or to `limit_s` after `began` (monotonic); copy each new state of `output` into `keep`."""
    keep.mkdir(parents=True, exist_ok=True)
    before, busy, run = set(_children()), _busy(), Run()
    with _adopting(), _pinned(cpus), log.open("wb") as said:
        program = subprocess.Popen(
            argv, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        watch = _Watch(program.pid, before)
        try:
            seen: tuple[int, int] | None = None
            while program.poll() is None:
                seen = _look(output, keep, seen, run, began)
                watch.look()
                if time.monotonic() - began > limit_s:
                    run.killed = True
                    break
                time.sleep(LOOK_S)
            run.wall_s = time.monotonic() - began
        finally:
            watch.end()
            run.code = program.wait()
        _look(output, keep, seen, run, began)
    run.cpu_s, run.peak_mb = watch.cpu_s, watch.peak_mb
    run.others_s = max(_busy() - busy - run.cpu_s, 0.0)
    return run


class _Watch:
    """What is alive of the tree, its CPU seconds by process, its memory."""

    def __init__(self, root: int, before: set[int]) -> None:
        self._root, self._before = root, before
        self._cpu: dict[tuple[int, str], float] = {}  # (pid, start) → own CPU seconds, at the last look
        self._weighed, self.peak_mb = 0.0, 0.0
        self._rest = _rest()

    @property
    def cpu_s(self) -> float:
        """Of all processes: as looked at, or as counted by the parents that reaped them, for those between two looks."""
        return max(sum(self._cpu.values()), _rest() - self._rest)

    def look(self) -> None:
        alive = list(self._tree())
        for pid in alive:
            stat = _stat(pid)
            if stat is not None:
                self._cpu[pid, stat[19]] = (int(stat[11]) + int(stat[12])) / TICK
        self._bury()
        if time.monotonic() - self._weighed >= WEIGH_S:
            self.peak_mb = max(self.peak_mb, sum(map(_pss_kb, alive)) / 1024)
            self._weighed = time.monotonic()

    def end(self) -> None:
        """Kill whatever lives of the tree, however often it forks."""
        self.look()
        for _ in range(200):
            alive = [pid for pid in self._tree() if (stat := _stat(pid)) is not None and stat[0] != "Z"]
            if not alive:
                break
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
            self._bury()
        self._bury()

    def _tree(self) -> Iterator[int]:
        """All descendants of the program, the ones it left to us included."""
        found = [pid for pid in _children() if pid not in self._before]
        while found:
            pid = found.pop()
            yield pid
            found += _children(pid)

    def _bury(self) -> None:
        """Reap orphans that ended; the program itself is left to Popen."""
        for pid in _children():
            if pid not in self._before and pid != self._root:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(ADOPT, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(ADOPT, 0, 0, 0, 0)


@contextlib.contextmanager
def _pinned(cpus: Sequence[int]) -> Iterator[None]:
    """This thread, and with it what is started now, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _look(output: Path, keep: Path, seen: tuple[int, int] | None, run: Run, began: float) -> tuple[int, int] | None:
    """Copy the submission where it changed. Both kinds of system write it whole."""
    try:
        now = output.stat()
    except OSError:
        return seen
    state = (now.st_mtime_ns, now.st_ino)
    if state != seen and now.st_size:
        copy = keep / f"{len(run.files):03}.csv"
        shutil.copyfile(output, copy)
        run.files.append((round(time.monotonic() - began, 2), copy))
    return state


def _children(pid: int | None = None) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # it may end while it is looked at
        for path in Path(f"/proc/{pid or os.getpid()}/task").glob("*/children"):
            found += [int(word) for word in path.read_text().split()]
    return found


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on: state, …, utime (11), stime (12), …, start (19)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended, or is a zombie
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _rest() -> float:
    """CPU seconds of all children that were reaped."""
    used = os.times()
    return used.children_user + used.children_system


def _busy() -> float:
    """CPU seconds in which any core of the machine worked."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK
