"""Start a warm parent that outlives whoever asked for it. Standard library alone.

`--die-with-parent` kills a sandbox when the thread that started it ends, so the starter must be nobody: a child of
init (or of the nearest subreaper), forked twice, that waits until it has been handed over before it becomes the sandbox.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LEASE = 3  # the descriptor on which a warm parent finds its lease
PACKAGE = Path(__file__).resolve().parent.parent


def bare(python: str, module: str, *arguments: str) -> list[str]:
    """argv of a bare interpreter (no site, no environment) that runs `podium.execution.<module>.main()`.

    `podium/__init__.py` is not run: a supervisor must start in milliseconds whatever the package imports one day.
    """
    code = (
        "import sys,types;"
        f"p=types.ModuleType('podium');p.__path__=[{str(PACKAGE)!r}];sys.modules['podium']=p;"
        f"from podium.execution.{module} import main;main()"
    )
    return [python, "-I", "-S", "-c", code, *arguments]


def detach(argv: Sequence[str], env: Mapping[str, str], lease: int, log: int) -> None:
    """Start `argv` in a session of its own, with `lease` as descriptor 3 and `log` as its stdout and stderr."""
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    try:
        here = os.getpid()
        if os.fork() == 0:
            _become(argv, env, lease, log, here)
    finally:
        os._exit(0)


def _become(argv: Sequence[str], env: Mapping[str, str], lease: int, log: int, starter: int) -> None:
    os.setsid()
    while os.getppid() == starter:
        time.sleep(0.001)
    null = os.open(os.devnull, os.O_RDONLY)
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (lease, log, null)]  # so that no dup2 overwrites a source
    for target, source in zip((LEASE, 1, 2, 0), (high[0], high[1], high[1], high[2]), strict=True):
        os.dup2(source, target)
    os.closerange(LEASE + 1, 4096)
    os.execve(argv[0], list(argv), dict(env))


def lease(python: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> socket.socket:
    """Start a warm parent as `detach` does, by a process of its own, and return its lease: it lives while that is held."""
    ours, theirs = socket.socketpair()
    with theirs, log.open("wb") as file:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, file.fileno(), 2),
            (os.POSIX_SPAWN_DUP2, file.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), LEASE),
        ]
        starter = bare(python, "launch", json.dumps({"argv": list(argv), "env": dict(env)}))
        pid = os.posix_spawn(starter[0], starter, {}, file_actions=actions, setsid=True)
        os.waitpid(pid, 0)  # it has forked away and ended within some 25 ms
    return ours


def main() -> None:
    """argv: JSON {argv, env}; descriptor 3 is the lease, stderr the log."""
    spec = json.loads(sys.argv[1])
    detach(spec["argv"], spec["env"], LEASE, 2)
