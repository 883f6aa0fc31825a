"""Is an exported kernel the campaign's equal? It is run where it was written, shut in, on the test rows known by now."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from podium.errors import UserError
from podium.execution import sandbox
from podium.tasks.task import Floats

TOLERANCE = 1e-9
TIMEOUT_S = 3600
INPUT = "/kaggle/input"
WORK = "/kaggle/kernel"


@dataclass(frozen=True)
class Check:
    """`max_abs_diff`: over all raw predictions; None where it was not run, and `told` says why."""

    max_abs_diff: float | None
    told: str


def check(folder: Path, slug: str, data: Path, raw: Floats, *, trusted: bool) -> Check:
    """Run the kernel in an empty world that holds its inputs alone, without a network, and compare with `raw` `(n, k)`.

    `trusted`: the models are built in, so that they may be loaded where nothing can be shut in. Raises UserError where
    it fails, or predicts anything else.
    """
    level = sandbox.measured_level()
    if level != "bubblewrap" and not trusted:
        return Check(None, "not checked: foreign models are only loaded inside bubblewrap, which does not work here")
    done = _played(folder.resolve(), slug, data.resolve(), level)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(
            "the kernel does not run on the known test rows", found=(lines or ["no word"])[-1][:300],
            remedy="a member needs what a kernel does not have; use --as bundle",
        )  # fmt: skip
    found = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    gap = float(np.abs(found - raw).max()) if found.shape == raw.shape else float("inf")
    if gap > TOLERANCE:
        raise UserError(
            "the kernel predicts the known test rows otherwise than the campaign did",
            expected=f"raw predictions within {TOLERANCE:g}", found=f"{gap:.3g} apart",
            remedy="a member predicts a row by the rows around it; use --as bundle",
        )  # fmt: skip
    where = "in a sandbox without a network" if level == "bubblewrap" else "without a sandbox"
    return Check(gap, f"checked at export {where}: raw predictions {gap:.2g} apart at most")


def _played(folder: Path, slug: str, data: Path, level: str) -> subprocess.CompletedProcess[bytes]:
    """The kernel's own script, the raw predictions on stdout."""
    if level == "bubblewrap":
        inputs = [
            (str(folder / "kernel"), WORK), (str(folder / "dataset"), f"{INPUT}/models"), (str(data), f"{INPUT}/{slug}"),
        ]  # fmt: skip
        argv = [sys.executable, "-I", f"{WORK}/infer.py", "--raw", "-"]
        command = sandbox.command(level, argv, inputs)
        return subprocess.run(
            command, env=sandbox.environment(level), capture_output=True, check=False, timeout=TIMEOUT_S
        )
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from podium.campaign.kernel.inference import main; main()"
    argv = [sys.executable, "-I", "-c", code, str(folder / "dataset" / "source"), "--parts", str(folder / "dataset")]
    argv += ["--data", str(data), "--out", str(folder / "submission.check.csv"), "--raw", "-"]
    try:
        return subprocess.run(argv, capture_output=True, check=False, timeout=TIMEOUT_S)
    finally:
        (folder / "submission.check.csv").unlink(missing_ok=True)


__all__ = ["TOLERANCE", "Check", "check"]
