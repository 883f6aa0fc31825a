"""Kill -9 anything of a campaign, at any moment, and start the same command again, until it ends by itself.

`play` is the whole test: a campaign that was killed must export what the unkilled one exports, and leave no process.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from podium.execution.local import mark
from podium.registry import Registry

Target = Literal["engine", "supervisor", "solution", "warm"]
TARGETS: tuple[Target, ...] = ("engine", "engine", "supervisor", "solution", "solution", "warm")
POLL_S = 0.02
LIMIT_S = 600.0


@dataclass
class Toll:
    """What was killed, how often the command was started, and how it ended."""

    killed: list[Target] = field(default_factory=list)
    starts: int = 0
    returncode: int | None = None
    left_over: list[str] = field(default_factory=list)


def command(competition: Path, campaign: Path, experiments: int, *more: str) -> list[str]:
    asked = ["run", str(competition), "--campaign", str(campaign), "--experiments", str(experiments), "--threads", "2"]
    return [sys.executable, "-m", "podium", *asked, *more]


def play(
    argv: Sequence[str],
    campaign: Path,
    kills: int,
    rng: random.Random,
    pause_s: tuple[float, float],
    targets: Sequence[Target] = TARGETS,
) -> Toll:
    """Run `argv` to its end through `kills` kills, each after a pause drawn from `pause_s`, of a part drawn at random."""
    toll, began = Toll(), time.monotonic()
    engine = _start(argv, toll)
    try:
        while len(toll.killed) < kills and time.monotonic() - began < LIMIT_S:
            _wait(engine, rng.uniform(*pause_s))
            if engine.poll() is not None:
                if engine.returncode != -signal.SIGKILL:
                    break  # it ended by itself
                engine = _start(argv, toll)
            elif (target := _kill_one(engine, campaign, rng, targets)) is not None:
                toll.killed.append(target)
        while time.monotonic() - began < LIMIT_S:
            toll.returncode = engine.wait(timeout=LIMIT_S)
            if toll.returncode != -signal.SIGKILL:
                break
            engine = _start(argv, toll)
    finally:
        engine.kill()
        engine.wait()
    toll.left_over = _settle(campaign)
    return toll


def export(campaign: Path) -> Mapping[str, Any]:
    registry = Registry.open(campaign)
    try:
        return registry.export()
    finally:
        registry.close()


def processes(campaign: Path) -> dict[int, list[str]]:
    """pid → argv of this campaign's supervisors, warm parents and everything forked from them."""
    marks = (str(campaign / "runs").encode(), mark(campaign).encode())
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                if any(word in line for word in marks):
                    found[int(entry.name)] = line.decode("utf-8", "replace").split("\0")
    return found


def _start(argv: Sequence[str], toll: Toll) -> subprocess.Popen[bytes]:
    toll.starts += 1
    alone = {**os.environ, "PODIUM_HOME": ""}  # what one campaign learned must not reach the one it is compared with
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=alone)


def _wait(engine: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        engine.wait(timeout=seconds)


def _kill_one(
    engine: subprocess.Popen[bytes], campaign: Path, rng: random.Random, targets: Sequence[Target]
) -> Target | None:
    """Kill the engine or one of its helpers; None where the drawn kind has no process just now."""
    alive = processes(campaign)
    kinds: dict[Target, list[int]] = {
        "engine": [engine.pid],
        "supervisor": [pid for pid, line in alive.items() if any("supervisor" in word for word in line)],
        "solution": [pid for pid, line in alive.items() if _is_fork(pid, alive)],
        "warm": [pid for pid, line in alive.items() if "--mark" in line and not _is_fork(pid, alive)],
    }
    kind: Target = rng.choice(targets)
    if not kinds[kind]:
        return None
    try:
        os.kill(rng.choice(kinds[kind]), signal.SIGKILL)
    except ProcessLookupError:
        return None
    if kind == "engine":
        engine.wait()
    return kind


def _is_fork(pid: int, alive: Mapping[int, Sequence[str]]) -> bool:
    """Whether a marked process was forked from a marked one: a run's watchdog or its solution, not the parent itself."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return False
    same = alive.get(parent) == alive.get(pid)
    return same and "--mark" in alive[pid]


def _settle(campaign: Path) -> list[str]:
    """What is still there some seconds after the end; an honest executor leaves nothing."""
    for _ in range(250):
        left = processes(campaign)
        if not left:
            return []
        time.sleep(POLL_S)
    return [" ".join(line)[:200] for line in left.values()]
