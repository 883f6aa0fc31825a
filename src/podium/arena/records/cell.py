"""The warm parent of submissions' processes: numpy imported once, inside the sandbox, then a fork for each job.

Podium's own warm parent, with another thing to do in the fork: namespaces, watchdog and lockdown are those of every run.
"""

from __future__ import annotations

import os
import socket
import sys

from podium.arena.records import contestant
from podium.execution import launch, processes, warm


def main() -> None:
    """argv: the sandbox's level, a word to find this process and its forks by, modules to import. Descriptor 3 is the lease."""
    level, mark, *names = sys.argv[1:]
    if culprit := warm.preload(names):  # a process with threads must not fork
        left = [name for name in names if name != culprit]
        os.execv(sys.executable, [sys.executable, "-m", "podium.arena.records.cell", level, mark, *left])
    lease = socket.socket(fileno=launch.LEASE)
    lease.set_inheritable(False)
    processes.adopt_orphans()
    warm.WarmParent(lease, level, contestant.main).serve()


if __name__ == "__main__":
    main()
