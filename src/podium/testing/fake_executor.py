"""An executor without processes: runs end in an order and in a way that the test chooses. Imported by tests alone."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from podium.records import RunExit, dumps, from_json
from podium.tasks.task import Floats

Outcome = Literal["done", "error", "timeout", "memory", "lost", "cancelled"]


@dataclass(frozen=True)
class FakeRun:
    """What a test decides by. `part` is the folder's name: `fold_2`, on a second attempt `fold_2.2`."""

    experiment: str
    part: str
    seed: int
    rows: NDArray[np.int64]  # row numbers to predict

    @property
    def attempt(self) -> int:
        return int(self.part.partition(".")[2] or 1)


def noise(run: FakeRun) -> Floats:
    """`(n, 1)` in 0..1: the same experiment gives the same row the same value, in whichever run."""
    words = np.random.default_rng([int(run.experiment[1:]), run.seed]).random(1 << 14)
    return words[run.rows % len(words)].reshape(-1, 1)


@dataclass
class FakeExecutor:
    """`podium.execution.executor.Executor`: `start` remembers, `finished` ends one run, drawn by `rng`, at each call.

    `outcome` and `predictions` say how a run ends and what it predicts. A new object over the same folders is a new
    engine's executor: what ended stays ended, what was under way has been lost with the old one. Probes end with an error:
    there is no model that could look at their rows.
    """

    slots: int = 2
    level: str = "bubblewrap"
    outcome: Callable[[FakeRun], Outcome] = lambda run: "done"
    predictions: Callable[[FakeRun], Floats] = noise
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    started: list[str] = field(default_factory=list)  # experiment/part, in the order of their starts
    running: list[Path] = field(default_factory=list)
    wall_s: float = 0.0
    closed: bool = False
    gpus: int = 0

    def start(self, folder: Path) -> None:
        assert (folder / "request.json").is_file(), "a run without a request"
        if (folder / "exit.json").exists() or folder in self.running:
            return
        assert len(self.running) < self.slots, "more runs at a time than there are slots"
        self.started.append(f"{folder.parent.name}/{folder.name}")
        self.running.append(folder)

    def finished(self, folders: Sequence[Path], timeout_s: float) -> dict[Path, RunExit]:
        over = {folder: read for folder in folders if (read := _read_exit(folder)) is not None}
        mine = [folder for folder in folders if folder in self.running and folder not in over]
        if not over and mine:
            chosen = self.rng.choice(mine)
            over[chosen] = self._end(chosen)
        lost = [folder for folder in folders if folder not in self.running and folder not in over]
        over |= {folder: RunExit("lost", wall_s=0.0, message="the supervisor is gone") for folder in lost}
        self.running = [folder for folder in self.running if folder not in over]
        return over

    def cancel(self, folder: Path) -> None:
        if folder in self.running and not (folder / "exit.json").exists():
            _write_exit(folder, RunExit("cancelled", wall_s=self.wall_s, message="cancelled"))

    def close(self) -> None:
        self.closed = True

    def _end(self, folder: Path) -> RunExit:
        request: dict[str, Any] = json.loads((folder / "request.json").read_text())
        with np.load(folder / "rows.npz") as rows:
            run = FakeRun(folder.parent.name, folder.name, request["seed"], rows["predict"])
        outcome = "error" if folder.name.startswith("probe") else self.outcome(run)
        files = {}
        if outcome == "done":
            np.save(folder / "predictions.npy", self.predictions(run))
            (folder / "model.pkl").write_bytes(b"")
            files["predictions.npy"] = hashlib.sha256((folder / "predictions.npy").read_bytes()).hexdigest()
        message = "" if outcome == "done" else f"{outcome} as the test wishes"
        exit_ = RunExit(outcome, self.wall_s, cpu_s=self.wall_s, sandbox_level=self.level, message=message, files=files)
        if outcome != "lost":
            _write_exit(folder, exit_)
        return exit_


def _read_exit(folder: Path) -> RunExit | None:
    path = folder / "exit.json"
    return from_json(RunExit, json.loads(path.read_text())) if path.exists() else None


def _write_exit(folder: Path, exit_: RunExit) -> None:
    (folder / "exit.json").write_text(dumps(exit_))
