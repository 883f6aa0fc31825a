"""The processes of a run, and what they use, read from /proc. Whatever ends between two looks is simply not there.

Inside a pid namespace a run is everything but pid 1. Elsewhere it is a session (`lockdown.isolate` opens it, and
`confine` forbids to leave it), together with the descendants of its watchdog.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
MIB = 1 << 20
PROC = Path("/proc/self")


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    session: int
    zombie: bool


def every() -> list[Process]:
    """All processes that /proc shows; empty where there is no /proc."""
    found = []
    for entry in os.scandir("/proc") if PROC.is_dir() else ():
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text(errors="replace")
            except OSError:
                continue
            state, parent, _, session = stat.rpartition(")")[2].split()[:4]
            found.append(Process(int(entry.name), int(parent), int(session), state in "ZX"))
    return found


def members(namespace: bool, session: int, root: int, keep: Collection[int] = ()) -> list[int]:
    """Live processes of a run: all but pid 1 in a namespace; else the session and the descendants of `root`."""
    found = every()
    if namespace:
        return [p.pid for p in found if p.pid not in (1, *keep) and not p.zombie]
    below, grown = {root}, True
    while grown:
        more = {p.pid for p in found if p.parent in below} - below
        below |= more
        grown = bool(more)
    return [
        p.pid
        for p in found
        if not p.zombie and p.pid not in keep and p.pid != root and (p.session == session or p.pid in below)
    ]


def kill(pids: Collection[int]) -> None:
    """SIGKILL to each that is still there."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def sweep(session: int, root: int, keep: Collection[int], wait_s: float = 2.0) -> None:
    """Kill a run's session until nothing of it is left, or for `wait_s`. For levels without a pid namespace."""
    give_up = time.monotonic() + wait_s
    while (left := members(False, session, root, keep)) and time.monotonic() < give_up:
        kill(left)
        reap()
        time.sleep(0.005)


def reap() -> bool:
    """Collect every child that has ended; False when no child is left at all."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def rss_mb(pid: int) -> float:
    """Resident memory, shared pages counted in full; 0 when it is gone. Cheap."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB
    except (OSError, IndexError):
        return 0.0


def pss_mb(pid: int) -> float:
    """Proportional set size: shared pages are divided among their users. RSS where the process hides its maps."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return rss_mb(pid)
    return 0.0


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this signal when the parent is gone (Linux)."""
    _prctl(PR_SET_PDEATHSIG, number)


def hide() -> None:
    """Let no other process of this user trace this one or read its memory (Linux)."""
    _prctl(PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ended (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if PROC.is_dir():
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
