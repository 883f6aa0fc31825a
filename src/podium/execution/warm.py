"""The warm parent: imports once, then forks a process for each run. One a campaign and environment, inside the sandbox.

An interpreter and its imports cost 1–2 s, a fork some 10 ms. It never runs a solution's code and never reads a run's
data: a run is a connection that comes over the lease, read by the fork alone.

    lease (descriptor 3) ── a byte and a connection for each run ──> warm parent
      └ fork: intermediate, own session and namespaces; waits ─ fork: watchdog, pid 1 ─ fork: the solution's process

It lives while its lease is held or a run is alive, and ends within a second after both are gone.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from podium.execution import launch, lockdown, processes, watchdog, wire, worker

# What every campaign's solutions use; what one alone needs (its recipes, torch: 3 s) its maker adds.
PRELOAD = (
    "numpy", "polars", "encodings.cp437", "scipy.sparse", "scipy.stats", "lightgbm",
    "sklearn.ensemble", "sklearn.linear_model", "sklearn.neighbors", "sklearn.neural_network", "sklearn.pipeline",
    "sklearn.preprocessing", "sklearn.decomposition", "sklearn.feature_extraction.text", "xgboost", "catboost",
)  # fmt: skip
# What a fork may leave behind: polars starts this one at import, where it sleeps on its queue for ever
# (1,500 forks that went on to use polars: none hung). Any other thread may hold a lock at the moment of the fork.
SLEEPERS = ("polars-ooc-clea",)
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # sets of strings iterate alike in every run
    "POLARS_ALLOW_FORKING_THREAD": "1",  # polars warns of forks; here it is used after them only
    "_RJEM_MALLOC_CONF": "background_thread:false",  # polars' allocator
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's, which pandas brings along
    "LIGHTGBM_NO_WARNINGS": "1",
    "MPLCONFIGDIR": "/tmp",
}


NETS = ("net", "nets")  # ends of the names of modules that import torch at once


def preload(names: Sequence[str]) -> str | None:
    """Import these, packages with all their modules where the name ends in `.*`; the name of one that started a thread.

    What is not installed is left out, and what fails to import fails again in the run that uses it. Modules of nets are imported
    where torch is named: nothing else is to pay its seconds.
    """
    for name in names:
        module = _try_import(name.removesuffix(".*"))
        if module and name.endswith(".*"):
            for found in pkgutil.walk_packages(module.__path__, f"{module.__name__}."):
                if "torch" in sys.modules or not found.name.endswith(NETS):
                    _try_import(found.name)
        if others := other_threads():
            print(
                f"warm: {name} left out: its import starts threads ({', '.join(others)})", file=sys.stderr, flush=True
            )
            return name
    worker.loaded_pools()
    gc.collect()
    gc.freeze()  # so that no fork's collector touches, and thereby copies, these pages
    return None


def _try_import(name: str) -> types.ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception as problem:  # noqa: BLE001 — a library's own fault, whatever it is, belongs to the runs that use it
        print(f"warm: {name} left out: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        return None


def other_threads() -> list[str]:
    """Names of this process's threads but the main one and those known to sleep for ever."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return []
    names = [(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != str(os.getpid())]
    return [name for name in names if name not in SLEEPERS]


class WarmParent:
    """Serves runs from a lease until both are gone. `play`: what each run's process does."""

    def __init__(self, lease: socket.socket, level: str, play: watchdog.Play = worker.main) -> None:
        self.play = play
        self.lease: socket.socket | None = lease
        self.level = level
        self.runs: set[int] = set()  # process ids of intermediates
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        self._wake_writer = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        """Until the lease is gone and the last run is over."""
        while self.lease or self.runs:
            waiting = [self._wake, *([self.lease] if self.lease else [])]
            ready, _, _ = select.select(waiting, [], [], 1.0)
            if self._wake in ready:
                self._wake.recv(4096)
            if self.lease and self.lease in ready:
                self._take()
            self._reap()

    def _take(self) -> None:
        assert self.lease is not None
        try:
            byte, fds, _, _ = socket.recv_fds(self.lease, 1, 1)
        except OSError:
            byte, fds = b"", []
        if not byte:
            self.lease.close()
            self.lease = None
            return
        pid = os.fork()
        if pid == 0:
            _intermediate(fds[0], self.level, self.play)
        os.close(fds[0])
        self.runs.add(pid)

    def _reap(self) -> None:
        """Collect ended runs. A child that is none of them is an orphan of a run whose watchdog was killed."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self.runs.discard(pid)
        if self.level != watchdog.NAMESPACE:
            me = os.getpid()
            processes.kill([p.pid for p in processes.every() if p.parent == me and p.pid not in self.runs])


def _intermediate(fd: int, level: str, play: watchdog.Play) -> None:
    """Own session and namespaces, then the watchdog as pid 1 of them; stays until that has ended, and sweeps up."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        namespace = level == watchdog.NAMESPACE
        if namespace:
            processes.die_with_parent(signal.SIGKILL)
        else:
            signal.signal(signal.SIGTERM, _sweep_and_end)
            processes.die_with_parent(signal.SIGTERM)
        lockdown.close_descriptors([fd])
        lockdown.isolate(level)
        inner = os.fork()
        if inner == 0:
            _watchdog(fd, level, play)
        os.close(fd)
        os.waitpid(inner, 0)
        if not namespace:
            processes.sweep(os.getpid(), os.getpid(), keep=())
    except BaseException as problem:  # noqa: BLE001 — never return into the warm parent's loop
        print(f"warm: run not started: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
    finally:
        os._exit(0)


def _watchdog(fd: int, level: str, play: watchdog.Play) -> None:
    try:
        watchdog.end_with_warm_parent(level == watchdog.NAMESPACE)
        processes.adopt_orphans()
        watchdog.guard(socket.socket(fileno=fd), level, play)
    except wire.Hangup:
        pass  # the supervisor is gone: there is nobody to tell
    except BaseException as problem:  # noqa: BLE001
        print(f"watchdog: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
    finally:
        os._exit(0)


def _sweep_and_end(number: int, frame: FrameType | None) -> None:
    processes.sweep(os.getpid(), os.getpid(), keep=())
    os._exit(1)


def _begin_anew(options: argparse.Namespace, names: Sequence[str]) -> NoReturn:
    """Replace this process by one that preloads these: a process with threads must not fork."""
    argv = [sys.executable, "-m", "podium.execution.warm", "--level", options.level, "--mark", options.mark]
    os.execv(sys.executable, [*argv, "--preload", ",".join(names)])


def main() -> None:
    """argv: --level LEVEL --preload NAMES, and --mark WORD to find this process and its forks by. Descriptor 3 is the lease."""
    parser = argparse.ArgumentParser(prog="python -m podium.execution.warm")
    parser.add_argument("--level", required=True)
    parser.add_argument("--mark", default="")
    parser.add_argument("--preload", default=",".join(PRELOAD))
    options = parser.parse_args()
    names = [name for name in options.preload.split(",") if name]
    if culprit := preload(names):
        _begin_anew(options, [name for name in names if name != culprit])
    lease = socket.socket(fileno=launch.LEASE)
    lease.set_inheritable(False)
    processes.adopt_orphans()
    WarmParent(lease, options.level).serve()


if __name__ == "__main__":
    main()
