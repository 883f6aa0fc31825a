"""An executor that runs solutions in this very process, unconfined: real predictions in milliseconds. Imported by tests alone."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from podium.campaign.store import file_sha256
from podium.execution.dealt import Deal
from podium.execution.worker import OUTPUT_NAMES, Run
from podium.records import RunExit, dumps, from_json


@dataclass
class InlineExecutor:
    """`podium.execution.executor.Executor` for trusted code. `inside` runs where the solution runs, before it, with the run's
    folder: a test's way to let a solution reach what the sandbox would keep from it."""

    slots: int = 2
    level: str = "bubblewrap"
    inside: Callable[[Path], None] = lambda folder: None
    started: list[str] = field(default_factory=list)
    closed: bool = False
    gpus: int = 0

    def start(self, folder: Path) -> None:
        if (folder / "exit.json").exists():
            return
        self.started.append(f"{folder.parent.name}/{folder.name}")
        (folder / "exit.json").write_text(dumps(self._run(folder)))

    def finished(self, folders: Sequence[Path], timeout_s: float) -> dict[Path, RunExit]:
        over = [folder for folder in folders if (folder / "exit.json").exists()]
        return {folder: from_json(RunExit, json.loads((folder / "exit.json").read_text())) for folder in over}

    def cancel(self, folder: Path) -> None:
        """What has begun has ended."""

    def close(self) -> None:
        self.closed = True

    def _run(self, folder: Path) -> RunExit:
        request: dict[str, Any] = json.loads((folder / "request.json").read_text())
        began, numbers = time.monotonic(), np.random.get_state()
        try:
            with tempfile.TemporaryDirectory() as scratch:
                self.inside(folder)
                self._play(folder, request, Path(scratch))
        except Exception as problem:  # noqa: BLE001 — whatever a solution raises is its run's outcome
            message = f"{type(problem).__name__}: {problem}"
            return RunExit("error", time.monotonic() - began, sandbox_level=self.level, message=message[:500])
        finally:
            np.random.set_state(numbers)
        made = {name: file_sha256(folder / name) for name in OUTPUT_NAMES if (folder / name).exists()}
        return RunExit("done", time.monotonic() - began, sandbox_level=self.level, files=made)

    @staticmethod
    def _play(folder: Path, request: Mapping[str, Any], scratch: Path) -> None:
        job = {**request, "deadline": None}
        deal = Deal(job, _opened(folder, request), scratch)
        source = Path(request["solution"]).read_text("utf-8")
        writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        names = {"prepare": ("prepared.arrow",), "predict": ("predictions.npy",)}
        outputs = {
            name: os.open(folder / name, writes)
            for name in names.get(request["kind"], ("predictions.npy", "model.pkl"))
        }
        model = os.open(request["model"], os.O_RDONLY) if request["model"] else None
        ctx = deal.context(unlabelled="reads: unlabelled" in source)
        rows = deal.every() if request["kind"] == "prepare" else deal.predict()
        train = deal.train() if request["kind"] == "fit" else None
        try:
            Run(source, outputs, ctx).play(request["kind"], train, rows, model)
        finally:
            sys.modules.pop("solution", None)


def _opened(folder: Path, request: Mapping[str, Any]) -> dict[str, int]:
    """Descriptors under the names that `Deal` knows them by."""
    paths = {"features": request["features"], "rows": folder / "rows.npz", "labels": folder / "labels.arrow"}
    paths |= {name: request[name] for name in ("groups", "times") if request[name]}
    paths |= {f"parent:{name}": path for name, path in request["parents"].items()}
    paths |= {f"table:{name}": path for name, path in request["tables"].items()}
    return {name: os.open(path, os.O_RDONLY) for name, path in paths.items() if Path(path).exists()}
