"""Make the attacks, as runs of an executor at one level, and judge them by what inside and outside have seen."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from podium.execution import boot
from podium.execution.attack import targets
from podium.execution.attack.probes import PROBES
from podium.execution.attack.record import Probe
from podium.execution.executor import Executor, RunRequest
from podium.records import Limits, RunExit

NAMES = tuple(PROBES)
# A run of their own, and the outcome by which the supervisor shows that it has stopped them.
EXHAUSTING: Mapping[str, tuple[str, ...]] = {
    "allocate 3 GB over the limit": ("memory",),
    "300 forks": ("processes",),
    "1 GB in one file": ("disk", "memory"),
    "1 GB in many files": ("disk", "memory"),
}
SUITE_S = 60.0  # absolute; the suite itself takes a few seconds
LIMITS = Limits(wall_s=20, memory_mb=targets.MEMORY_MB, processes=64, disk_mb=64, tmp_mb=64)


def run(level: str, fresh: bool = False) -> tuple[Probe, ...]:
    """The 18 probes at `level`, in the order of NAMES; made once a boot and level unless `fresh`."""
    cached = None if fresh else boot.read(f"attack-{level}")
    if cached is not None:
        return tuple(Probe(**probe) for probe in cached["probes"])
    from podium.execution.local import LocalExecutor

    with tempfile.TemporaryDirectory(prefix="podium-attack-") as name:
        folder = Path(name).resolve()
        with targets.stand(folder) as stand:
            executor = LocalExecutor(slots=1 + len(EXHAUSTING), home=folder / "executor", level=level)
            try:
                probes = attack(executor, stand)
            finally:
                executor.close()
    boot.write(f"attack-{level}", {"probes": [probe.json() for probe in probes]})
    return probes


def attack(executor: Executor, stand: targets.Targets) -> tuple[Probe, ...]:
    """Run every probe on `executor` against what stands there."""
    groups = [[name for name in NAMES if name not in EXHAUSTING], *([name] for name in EXHAUSTING)]
    prefix = f"probe-{secrets.token_hex(8)} "
    data = _write_features(stand.folder)
    folders = {}
    for number, names in enumerate(groups):
        folder = stand.folder / f"run-{number}"
        _write_run(folder, names, prefix, stand, data)
        executor.start(folder)
        folders[folder] = names
    ended = _wait(executor, list(folders))
    said: dict[str, dict[str, Any]] = {}
    exits: dict[str, RunExit | None] = {}
    for folder, names in folders.items():
        said |= _read_log(folder, prefix)
        exits |= dict.fromkeys(names, ended.get(folder))
    seen = stand.look()
    return tuple(judge(name, said.get(name), exits[name], seen.get(name)) for name in NAMES)


def judge(name: str, said: Mapping[str, Any] | None, ended: RunExit | None, seen: str | None) -> Probe:
    """Blocked only on evidence: nothing arrived outside, and the probe was refused or its run ended for its excess."""
    if seen is not None:
        return Probe(name, False, seen)
    if ended is not None and ended.outcome in EXHAUSTING.get(name, ()):
        return Probe(name, True, ended.message)
    if said is None:
        how = "did not end" if ended is None else f"ended as {ended.outcome}: {ended.message}"
        return Probe(name, False, f"not measured: the run {how}")
    return Probe(name, said["through"] is False, str(said["detail"]))


def _wait(executor: Executor, folders: list[Path]) -> dict[Path, RunExit]:
    give_up = time.monotonic() + SUITE_S
    ended: dict[Path, RunExit] = {}
    while len(ended) < len(folders) and time.monotonic() < give_up:
        ended |= executor.finished([folder for folder in folders if folder not in ended], 1.0)
    for folder in folders:
        if folder not in ended:
            executor.cancel(folder)
    return ended


def _read_log(folder: Path, prefix: str) -> dict[str, dict[str, Any]]:
    log = folder / "log.txt"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    found = [json.loads(line.removeprefix(prefix)) for line in lines if line.startswith(prefix)]
    return {result["name"]: result for result in found}


def _write_features(folder: Path) -> Path:
    import polars

    path = folder / "campaign" / "features.arrow"  # beside the answers: a run that sees the folder sees them
    polars.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]}).write_ipc(path, compression="uncompressed")
    return path


def _write_run(folder: Path, names: Sequence[str], prefix: str, stand: targets.Targets, features: Path) -> None:
    import numpy as np
    import polars

    from podium.execution.request import write_run

    folder.mkdir()
    solution = folder / "solution.py"
    template = (Path(__file__).parent / "solution.py.txt").read_text()
    solution.write_text(template.format(names=list(names), aim=stand.told(), prefix=prefix))
    context = {"task_type": "regression", "metric": "rmse", "n_outputs": 1, "schema": []}
    request = RunRequest(
        key=folder.name,
        kind="fit",
        solution=str(solution),
        features=str(features),
        limits=LIMITS,
        threads=1,
        seed=0,
        context=context,
    )
    labels = polars.DataFrame({"y0": [0.0, 1.0, 2.0, 3.0]})
    write_run(folder, request, train=np.arange(4), labels=labels)
