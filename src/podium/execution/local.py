"""Runs on this machine: a detached supervisor for each, a warm parent for all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import select
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium.execution import gpu, launch, sandbox, warm
from podium.execution.request import read_exit
from podium.records import RunExit

POLL_S = 0.02
FILES_INSIDE = "/podium-files"  # where a sandboxed run finds the competition's blinded files
WEIGHTS_INSIDE = "/podium-weights"  # and, numbered below it, folders of pretrained weights


class LocalExecutor:
    """`podium.execution.executor.Executor` on this machine.

    `home`: a folder for the warm parent's log. `level`: None takes the strongest that works here. `files`: the blinded
    files that `Rows.paths` reads, mounted read-only. `weights`: folders of pretrained weights, likewise. `preload`: modules
    that the warm parent imports, packages with all of theirs where the name ends in `.*`. Call `warm_up` early: the imports
    then run while intake does.
    """

    def __init__(
        self,
        slots: int,
        home: Path,
        level: str | None = None,
        python: str = sys.executable,
        files: Path | None = None,
        preload: Sequence[str] = warm.PRELOAD,
        weights: Sequence[Path] = (),
    ) -> None:
        self.slots, self.home, self.python = slots, home, python
        self.level = level or sandbox.measured_level()
        self.gpus = gpu.usable(self.level)
        self.files = files.resolve() if files else None
        inside = FILES_INSIDE if self.level == "bubblewrap" else str(self.files)
        mounts = [(str(self.files), inside)] if self.files else []
        roots = {str(root.resolve()): f"{WEIGHTS_INSIDE}/{k}" for k, root in enumerate(weights)}
        mounts += roots.items()
        command = [python, "-m", "podium.execution.warm", "--level", self.level, "--mark", mark(home)]
        command += ["--preload", ",".join(preload)]
        self._spec: dict[str, Any] = {
            "level": self.level,
            "argv": sandbox.command(self.level, command, mounts, warm.ENVIRONMENT),
            "env": sandbox.environment(self.level, warm.ENVIRONMENT),
            "files": str(self.files) if self.files else None,
            "files_inside": inside if self.files else None,
            "weights_inside": roots if self.level == "bubblewrap" else {},
        }
        self._lease: socket.socket | None = None
        self._children: dict[Path, tuple[int, int]] = {}  # folder → supervisor's pid and pidfd (-1: none)
        home.mkdir(parents=True, exist_ok=True)

    def start(self, folder: Path) -> None:
        """Begin the run in `folder`, or adopt it. Returns at once."""
        folder = folder.resolve()
        if (folder / "exit.json").exists() or self._running(folder):
            return
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connected = self._hand_over(theirs)
            spec = json.dumps({**self._spec, "connected": connected})
            argv = launch.bare(self.python, "supervisor", str(folder), spec)
            actions: list[Any] = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
            # stderr stays the engine's log; the supervisor writes to it only when it cannot write its folder
            actions.append((os.POSIX_SPAWN_DUP2, ours.fileno(), launch.LEASE))
            pid = os.posix_spawn(argv[0], argv, {}, file_actions=actions, setsid=True)
        pidfd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
        self._children[folder] = (pid, pidfd)

    def finished(self, folders: Sequence[Path], timeout_s: float) -> dict[Path, RunExit]:
        """The exits of those runs that are over, waiting up to `timeout_s` for at least one."""
        give_up = time.monotonic() + timeout_s
        while True:
            over = {folder: ended for folder in folders if (ended := self._ended(folder.resolve()))}
            left = give_up - time.monotonic()
            if over or left <= 0:
                return over
            self._wait([folder.resolve() for folder in folders], min(left, POLL_S))

    def cancel(self, folder: Path) -> None:
        """Stop the run; its exit says `cancelled`. A finished run stays as it is."""
        if not (folder / "exit.json").exists():
            (folder / "cancel").touch()

    def close(self) -> None:
        """Let go of the warm parent, which ends with its last run. Runs under way go on."""
        if self._lease:
            self._lease.close()
            self._lease = None
        for folder in list(self._children):
            self._reap(folder)
            _, pidfd = self._children.pop(folder, (0, -1))
            if pidfd >= 0:
                os.close(pidfd)

    def warm_up(self) -> None:
        """Start the warm parent unless it is there. Returns at once; its imports go on beside."""
        if self._lease is not None and not _hung_up(self._lease):
            return
        if self._lease is not None:
            self._lease.close()
        self._lease = launch.lease(self.python, self._spec["argv"], self._spec["env"], self.home / "warm.log")

    # ------------------------------------------------------------ parts

    def _hand_over(self, connection: socket.socket) -> bool:
        """Give the run's end of its connection to the warm parent; False leaves the run to start a private one."""
        self.warm_up()
        assert self._lease is not None
        try:
            socket.send_fds(self._lease, [b"R"], [connection.fileno()])
        except OSError:
            return False
        return True

    def _running(self, folder: Path) -> bool:
        """Whether a supervisor is at work on the folder: ours that has not ended, or anybody's that holds its lock."""
        self._reap(folder)
        return folder in self._children or _locked(folder)

    def _ended(self, folder: Path) -> RunExit | None:
        ended = read_exit(folder)
        if ended is None and not self._running(folder):
            ended = read_exit(folder)  # it may have ended between the two looks
            ended = ended or RunExit("lost", wall_s=0.0, sandbox_level=self.level, message="the supervisor is gone")
        if ended is not None:
            self._reap(folder)
        return ended

    def _reap(self, folder: Path) -> None:
        if folder in self._children:
            pid, pidfd = self._children[folder]
            if _collected(pid):
                del self._children[folder]
                if pidfd >= 0:
                    os.close(pidfd)

    def _wait(self, folders: Sequence[Path], timeout_s: float) -> None:
        """Until one of our supervisors ends, or for `timeout_s`."""
        poll = select.poll()
        for folder in folders:
            if folder in self._children and self._children[folder][1] >= 0:
                poll.register(self._children[folder][1], select.POLLIN)
        poll.poll(timeout_s * 1000)


def mark(home: Path) -> str:
    """A word in the command line of every process of the runs of this home but their supervisors, to find them by."""
    return "podium-" + hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]


def _locked(folder: Path) -> bool:
    """Whether a live supervisor holds the folder. A shared lock for an instant: a starting supervisor tries again."""
    try:
        fd = os.open(folder / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _collected(pid: int) -> bool:
    """Whether a child has ended; also when somebody else has collected it already."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


def _hung_up(lease: socket.socket) -> bool:
    """Whether the warm parent is gone: it never writes, so anything to read is the end."""
    poll = select.poll()
    poll.register(lease, select.POLLIN)
    return bool(poll.poll(0))


__all__ = ["LocalExecutor", "mark"]
