"""A look at the data by a few lines of Python, in the sandbox that solutions run in: train rows with labels, no others.

The snippet is dealt what a solution's `fit` is dealt: features, and the labels of training rows. Rows of the vault and of
the test set have no label there. It runs without network, under limits, and what it prints is the answer.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from podium.errors import CampaignError
from podium.records import Brief, Limits, RunExit, to_json
from podium.team.desk import Desk

LIMITS = Limits(wall_s=60.0, memory_mb=2048, processes=32, disk_mb=64, tmp_mb=256)
WAIT_S = LIMITS.wall_s + 30.0
LEAST_LEVEL = "landlock"  # a seat's code is never run with limits alone
TEMPLATE = '''"""A snippet's host."""
SOURCE = {source!r}


def fit(train, ctx):
    import numpy, polars

    names = {{"frame": train.frame(), "y": train.y, "groups": train.groups, "times": train.times, "ctx": ctx}}
    exec(compile(SOURCE, "snippet.py", "exec"), {{"np": numpy, "pl": polars, **names}})
    return {{}}


def predict(model, rows, ctx):
    raise NotImplementedError
'''


@dataclass(frozen=True)
class Snippets:
    desk: Desk
    brief: Brief

    def run(self, code: str) -> str:
        """What the snippet printed, or how it failed."""
        from podium.execution import sandbox

        level = sandbox.measured_level()
        if not sandbox.at_least(level, LEAST_LEVEL):
            return "snippets are off: this machine has no sandbox for them; go on with the figures you have"
        try:
            compile(code, "snippet.py", "exec")
        except (SyntaxError, ValueError) as problem:
            return f"not Python: {problem}"
        home = self.desk.campaign / "seats" / self.brief.role
        home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="snippet_", dir=home))
        try:
            ended = self._play(code, folder, level)
            printed = _log(folder)
        except CampaignError as problem:
            return f"no data to look at: {problem}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if ended.outcome == "done":
            return printed or "it printed nothing; print what you want to see"
        return f"{printed}\n[{ended.outcome}: {ended.message}]"

    def _play(self, code: str, folder: Path, level: str) -> RunExit:
        from podium.execution.local import LocalExecutor

        run = folder / "run"
        files = self._prepare(code, run)
        executor = LocalExecutor(1, home=folder, level=level, files=files, preload=("numpy", "polars"))
        try:
            executor.start(run)
            over = executor.finished([run], WAIT_S)
            if run not in over:
                executor.cancel(run)
                over = executor.finished([run], 10.0)
            return over.get(run) or RunExit("timeout", WAIT_S, message="it did not end")
        finally:
            executor.close()

    def _prepare(self, code: str, run: Path) -> Path | None:
        """Deal the training rows; returns the folder of attached files."""
        from podium import tasks
        from podium.competition.dataset import Dataset
        from podium.execution.executor import RunRequest
        from podium.execution.request import write_run
        from podium.tasks.labels import labels_dealt

        data = Dataset.open(self.desk.campaign / "data")
        task = tasks.of_data(data)
        labels = labels_dealt(task, data.labels(data.train))
        run.mkdir()
        solution = run / "solution.py"
        solution.write_text(TEMPLATE.format(source=code), encoding="utf-8")
        request = RunRequest(
            key="snippet",
            kind="fit",
            solution=str(solution),
            features=str(data.features),
            limits=LIMITS,
            threads=1,
            seed=self.brief.facts.seed,
            context={
                "task_type": data.competition.task_type,
                "metric": data.competition.metric,
                "n_outputs": task.n_outputs(),
                "schema": [to_json(column) for column in data.columns],
                "classes": list(data.competition.classes),
                "layout": to_json(task.layout()),
                "device": "cpu",
                "timed": True,
            },
            files=str(data.files) if data.files else None,
            groups=str(data.groups) if data.groups else None,
            times=str(data.times) if data.times else None,
            min_level=LEAST_LEVEL,
        )
        write_run(run, request, train=data.train, labels=labels)
        return data.files


def _log(folder: Path) -> str:
    log = folder / "run" / "log.txt"
    return log.read_text("utf-8", "replace").strip() if log.is_file() else ""
