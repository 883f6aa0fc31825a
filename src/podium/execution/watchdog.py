"""The parent of a solution's process, inside its namespaces: feeds it, measures it, ends it. Trusted, one a run.

It is pid 1 of the run's pid namespace (where there is one), so its end is the end of everything the solution started.
It ends the run when a limit is broken, when the supervisor asks, and when the supervisor is gone.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from podium.execution import lockdown, processes, wire, worker

TICK_MS = 50
PSS_EVERY_S = 1.0
GROWTH_MB = 32.0  # resident growth that is worth an exact look
MAX_SAID = 64_000  # bytes of the run's own words
NAMESPACE = "bubblewrap"  # the level that has a pid namespace


# What a run's process does: the job, descriptors by name, where to say how it went, the sandbox's level, its scratch folder.
Play = Callable[[Mapping[str, Any], dict[str, int], int, str, Path], NoReturn]


def guard(connection: socket.socket, level: str, play: Play = worker.main) -> None:
    """Fork the solution's process for the job that `connection` brings, and watch it to its end. Returns when all is dead.

    `play` is called in the fork, must shut itself in (`lockdown.confine`) before any foreign code, and never returns."""
    job, fds = wire.receive(connection)
    named = dict(zip(job.pop("fds"), fds, strict=True))
    tmp_mb = int(job["limits"]["tmp_mb"])
    scratch = lockdown.mount_private(level, tmp_mb, Path(job["fallback"]))
    said, say = os.pipe()
    child = os.fork()
    if child == 0:
        connection.close()
        os.close(said)
        play(job, named, say, level, scratch)
    processes.hide()  # after the fork: a run must stay readable, to be measured
    for fd in (*fds, say):
        os.close(fd)
    wire.send(connection, {"event": "started"})
    Watchdog(connection, level, job["limits"], child, said, scratch).run()


class Watchdog:
    """Measures one run. `limits` as in records.Limits, in MB and processes."""

    def __init__(
        self, connection: socket.socket, level: str, limits: Mapping[str, Any], child: int, said: int, scratch: Path
    ) -> None:
        self.connection, self.namespace, self.limits = connection, level == NAMESPACE, limits
        self.child, self.said_fd, self.scratch = child, said, scratch
        self.said = b""
        self.entered = False
        self.breach: str | None = None
        self.stopped = False
        self.peak_mb = 0.0
        self._looked, self._resident = 0.0, 0.0
        os.set_blocking(said, False)

    def run(self) -> None:
        """Until the solution's process ends or must end; then nothing of it is left, and the supervisor is told."""
        try:
            status = self._watch()
        except wire.Hangup:
            status = None  # nobody to tell
        self._kill_all()
        if status is None:
            status = self._status or 0
        self._listen()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        over = {"event": "over", "breach": self.breach, "status": status, "peak_mb": self.peak_mb}
        over |= {"cpu_s": used.ru_utime + used.ru_stime, "said": self.last_word()}
        wire.send(self.connection, over)

    def last_word(self) -> str:
        """The last whole line the run said of itself, untrusted."""
        lines = self.said.decode(errors="replace").split("\n")
        return lines[-2] if len(lines) > 1 else ""

    def _watch(self) -> int | None:
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        poll.register(self.said_fd, select.POLLIN)
        pidfd = os.pidfd_open(self.child) if hasattr(os, "pidfd_open") else None
        if pidfd is not None:
            poll.register(pidfd, select.POLLIN)
        while not (self.breach or self.stopped):
            for fd, event in poll.poll(TICK_MS):
                if fd == self.connection.fileno():
                    self.stopped = wire.receive(self.connection)[0].get("event") == "stop"
                elif fd == self.said_fd:
                    self._listen()
                    if len(self.said) >= MAX_SAID or (event & select.POLLHUP and not event & select.POLLIN):
                        poll.unregister(fd)
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                return status
            self._measure()
        return None

    def _listen(self) -> None:
        """Take what the run says; pass its first line on at once: it comes from the worker, before any foreign code."""
        while len(self.said) < MAX_SAID:
            try:
                part = os.read(self.said_fd, 1 << 16)
            except BlockingIOError:
                break
            if not part:
                break
            self.said += part
        if not self.entered and b"\n" in self.said:
            self.entered = True
            first = json.loads(self.said.split(b"\n", 1)[0])
            if first.get("event") == "entered":
                wire.send(self.connection, first)

    # ------------------------------------------------------------ limits

    def _measure(self) -> None:
        pids = processes.members(self.namespace, os.getsid(0), os.getpid(), keep=(os.getppid(),))
        scratch_mb = self._scratch_mb()
        resident = sum(map(processes.rss_mb, pids)) + (scratch_mb if self.namespace else 0.0)
        now = time.monotonic()
        if resident > self._resident + GROWTH_MB or now > self._looked + PSS_EVERY_S:
            used = sum(map(processes.pss_mb, pids)) + (scratch_mb if self.namespace else 0.0)
            self.peak_mb = max(self.peak_mb, used)
            self._looked, self._resident = now, resident
            if used > self.limits["memory_mb"]:
                self.breach = "memory"
        if len(pids) > self.limits["processes"]:
            self.breach = "processes"
        if scratch_mb > self.limits["tmp_mb"]:
            self.breach = "disk"

    def _scratch_mb(self) -> float:
        """What the run's own files take: memory where they lie in its tmpfs, disk elsewhere (looked at with the PSS)."""
        if self.namespace:
            use = os.statvfs(self.scratch)
            return (use.f_blocks - use.f_bfree) * use.f_frsize / processes.MIB
        if time.monotonic() <= self._looked + PSS_EVERY_S:
            return 0.0
        return (
            sum(_blocks(f"{top}/{name}") for top, _, names in os.walk(self.scratch) for name in names) / processes.MIB
        )

    # ------------------------------------------------------------ the end

    _status: int | None = None

    def _kill_all(self) -> None:
        """Nothing of the run is left when this returns: outputs can be hashed."""
        give_up = time.monotonic() + 5.0
        while time.monotonic() < give_up:
            if self.namespace:
                _kill_everyone()
            else:
                processes.kill(processes.members(False, os.getsid(0), os.getpid(), keep=(os.getppid(),)))
            if not self._reap():
                return
            time.sleep(0.002)

    def _reap(self) -> bool:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                self._status = status


def end_with_warm_parent(namespace: bool) -> None:
    """Die when the intermediate process does. Outside a namespace, take the run along first."""
    if namespace:
        processes.die_with_parent(signal.SIGKILL)
        return

    def take_along(number: int, frame: FrameType | None) -> None:
        processes.sweep(os.getsid(0), os.getpid(), keep=())
        os._exit(1)

    signal.signal(signal.SIGTERM, take_along)
    processes.die_with_parent(signal.SIGTERM)


def _kill_everyone() -> None:
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return


def _blocks(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0
