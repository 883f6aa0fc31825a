"""An environment a peer: `python -m venv` and pip, made once and marked when whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from peers.systems import REQUIREMENTS
from podium.errors import UserError

MARK = "podium-peers.json"  # written last: an environment without it is made again


def python_of(base: Path, environment: str) -> Path:
    """The environment's interpreter; "" is ours. Raises UserError where the environment is not whole."""
    if not environment:
        return Path(sys.executable)
    if not _whole(base / environment, REQUIREMENTS[environment]):
        raise UserError(f"no whole environment {base / environment}", remedy="make it with --make")
    return base / environment / "bin" / "python"


def make(base: Path, environment: str) -> None:
    """Create and fill it, where it is not whole already. pip's output goes to BASE/ENVIRONMENT.log."""
    folder, wanted = base / environment, REQUIREMENTS[environment]
    if _whole(folder, wanted):
        return
    base.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    with (base / f"{environment}.log").open("w") as log:
        for argv in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--no-input", *wanted],
        ):
            done = subprocess.run(argv, stdout=log, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                raise UserError(f"{' '.join(argv[1:4])} failed for {environment}", remedy=f"read {log.name}")
    listed = subprocess.run([str(python), "-m", "pip", "freeze"], capture_output=True, text=True, check=True)
    (folder / MARK).write_text(json.dumps({"requirements": wanted, "packages": listed.stdout.splitlines()}, indent=1))


def versions(base: Path, environment: str) -> dict[str, str]:
    """Package, in lower case → version, of a whole environment."""
    packages = json.loads((base / environment / MARK).read_text())["packages"]
    pinned = [line.split("==", 1) for line in packages if "==" in line]
    return {name.lower(): version for name, version in pinned}


def _whole(folder: Path, wanted: tuple[str, ...]) -> bool:
    mark = folder / MARK
    return mark.is_file() and json.loads(mark.read_text())["requirements"] == list(wanted)
