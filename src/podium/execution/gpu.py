"""NVIDIA GPUs inside the sandbox: which device nodes a run needs, what else, and whether they can be opened there.

Nothing here starts CUDA: a process that has started it cannot be forked, and the warm parent forks every run.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

DEV = Path("/dev")
_CARD = re.compile(r"nvidia\d+")
# Control, unified memory, and the tools' view of it; what is absent is left out.
_BESIDE = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps")
VISIBLE = "CUDA_VISIBLE_DEVICES"
LIBRARIES = "LD_LIBRARY_PATH"
TIMEOUT_S = 20


def cards(dev: Path = DEV) -> tuple[str, ...]:
    """Nodes of the GPUs themselves, by number: /dev/nvidia0 …; none on a machine without."""
    found = [path for path in dev.glob("nvidia*") if _CARD.fullmatch(path.name)]
    return tuple(str(path) for path in sorted(found, key=lambda path: int(path.name.removeprefix("nvidia"))))


def nodes(dev: Path = DEV) -> tuple[str, ...]:
    """Every node that CUDA opens, folders too; none where there is no card."""
    found = cards(dev)
    return (*found, *(str(dev / name) for name in _BESIDE if (dev / name).exists())) if found else ()


def mounts(dev: Path = DEV) -> list[str]:
    """bubblewrap's words that let the nodes in, and what CUDA reads to find a card on its bus."""
    words: list[str] = []
    for node in nodes(dev):
        words += ["--dev-bind", node, node]
    for folder in ("/sys/bus/pci", "/sys/module/nvidia", *map(str, sorted(Path("/sys/devices").glob("pci*")))):
        words += ["--ro-bind-try", folder, folder] if words else []
    return words


def environment(environ: Mapping[str, str] = os.environ, dev: Path = DEV) -> dict[str, str]:
    """What CUDA needs of the launcher's variables: which cards are ours, and folders that hold the driver's library."""
    if not cards(dev):
        return {}
    found = {VISIBLE: environ[VISIBLE]} if VISIBLE in environ else {}
    folders = [folder for folder in environ.get(LIBRARIES, "").split(os.pathsep) if folder]
    drivers = [folder for folder in folders if any(Path(folder).glob("libcuda.so*"))]
    return found | ({LIBRARIES: os.pathsep.join(drivers)} if drivers else {})


@functools.cache
def why_not(level: str) -> str | None:
    """None where a run shut in at this level can open every card and its control; else the reason in one line."""
    if not cards():
        return "no NVIDIA device below /dev"
    from podium.execution import sandbox

    with tempfile.TemporaryDirectory(prefix="podium-gpu-") as folder:
        code = "import sys; from pathlib import Path; from podium.execution import lockdown; "
        code += "lockdown.rehearse(sys.argv[1], Path(sys.argv[2]), on_gpu=True)"
        argv = sandbox.command(level, [sys.executable, "-c", code, level, str(Path(folder) / "scratch")])
        try:
            done = subprocess.run(
                argv, check=False, env=sandbox.environment(level), capture_output=True, text=True, timeout=TIMEOUT_S,
                cwd=folder,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as problem:
            return str(problem)
    lines = done.stderr.strip().splitlines()
    return None if done.returncode == 0 else lines[-1] if lines else f"ended with status {done.returncode}"


def usable(level: str) -> int:
    """GPUs that runs at this level may use."""
    return len(cards()) if why_not(level) is None else 0


def opened() -> None:
    """Open every card and its control once, as CUDA would. Raises OSError naming the one that is shut."""
    for node in nodes():
        if Path(node).is_char_device():
            os.close(os.open(node, os.O_RDWR | os.O_CLOEXEC))
