"""The first thing that runs in a cell: it gives up what namespaces alone leave open, then becomes the program.

Standard library alone; started bare (`podium.execution.launch.bare`), so that it costs some 20 ms.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

from podium.execution import landlock

FILE_BYTES = 1 << 30
PROCESSES = 2048  # threads count too; the kernel applies it to ordinary users alone


def main() -> None:
    """argv: the program's path and its arguments."""
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NPROC, PROCESSES),
    ):
        _, hard = resource.getrlimit(kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (most, most))
    landlock.scope()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored stays so
    os.execv(sys.argv[1], sys.argv[1:])
