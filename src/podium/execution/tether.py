"""Holds a program that cannot be confined to the engine that started it: when the engine is gone, so is the program.

Standard library alone; started bare, as the leader of a process group of its own. What leaves that group is not caught.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

LOOK_S = 0.2


def main() -> None:
    """argv: the program's path and its arguments; stdin, stdout, stderr and the exit status are the program's."""
    starter = os.getppid()
    program = subprocess.Popen(sys.argv[1:])
    while program.poll() is None:
        if os.getppid() != starter:
            os.killpg(0, signal.SIGKILL)
        time.sleep(LOOK_S)
    sys.exit(program.returncode if program.returncode >= 0 else 128 - program.returncode)
