"""How long a run takes to start: from its request read to its solution's code entered, warm against cold.

Warm: forked from a parent that has imported. Cold: a parent started for this run alone, the path a run takes when the
warm parent is gone. Same code, same sandbox, runs in turn, so that other load on the machine falls on both.

    python bench/warm_start.py [--runs 15] [--cold-runs 5] [--level LEVEL] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.execution import sandbox
from podium.execution.executor import RunRequest
from podium.execution.local import LocalExecutor
from podium.execution.request import write_run
from podium.records import Limits, RunExit

N_ROWS, N_COLUMNS = 10_000, 20
SOLUTION = """
import lightgbm as lgb
from sklearn.linear_model import Ridge
def fit(train, ctx): return float(train.y.mean())
def predict(model, rows, ctx): return [model] * len(rows)
"""


class Bench:
    """Starts runs of one small solution on one small table."""

    def __init__(self, base: Path, level: str) -> None:
        self.base, self.level, self.count = base, level, 0
        rng = np.random.default_rng(0)
        frame = pl.DataFrame({f"x{i}": rng.normal(size=N_ROWS) for i in range(N_COLUMNS)})
        frame.write_ipc(base / "features.arrow", compression="uncompressed")
        (base / "solution.py").write_text(SOLUTION)

    def run(self, executor: LocalExecutor) -> RunExit:
        """One run, waited for. Raises RuntimeError where it does not end well."""
        folder = self.base / f"run{self.count}"
        self.count += 1
        context = {"task_type": "regression", "metric": "rmse", "n_outputs": 1, "timed": False, "schema": []}
        request = RunRequest(
            key=folder.name,
            kind="fit",
            solution=str(self.base / "solution.py"),
            features=str(self.base / "features.arrow"),
            limits=Limits(wall_s=60, memory_mb=2048),
            threads=1,
            seed=0,
            context=context,
        )
        half = N_ROWS // 2
        labels = pl.DataFrame({"y0": np.zeros(half)})
        write_run(folder, request, train=np.arange(half), predict=np.arange(half, N_ROWS), labels=labels)
        executor.start(folder)
        ended = executor.finished([folder], 90)[folder]
        if ended.outcome != "done":
            raise RuntimeError(f"{ended.outcome}: {ended.message}")
        return ended

    def measure(self, runs: int, cold_runs: int) -> dict[str, Any]:
        """Seconds: start and whole run, warm and cold, medians over the runs."""
        executor = LocalExecutor(1, self.base / "warm", level=self.level)
        warm, cold = [], []
        self.run(executor)  # the imports
        for turn in range(max(runs, cold_runs)):
            if turn < runs:
                warm.append(self.run(executor))
            if turn < cold_runs:
                single = LocalExecutor(1, self.base / f"cold{turn}", level=self.level)
                cold.append(self.run(single))
                single.close()
        executor.close()
        return {"level": self.level, "warm": _summary(warm), "cold": _summary(cold), "ratio": _ratio(warm, cold)}


def _summary(exits: list[RunExit]) -> dict[str, float]:
    starts, walls = [e.start_s for e in exits], [e.wall_s for e in exits]
    return {
        "runs": len(exits),
        "start_s": round(statistics.median(starts), 4),
        "start_worst_s": round(max(starts), 4),
        "wall_s": round(statistics.median(walls), 4),
    }


def _ratio(warm: list[RunExit], cold: list[RunExit]) -> float:
    return round(statistics.median(e.start_s for e in cold) / statistics.median(e.start_s for e in warm), 1)


def main() -> None:
    """Measure, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(description="Warm against cold starts of a run.")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--cold-runs", type=int, default=5)
    parser.add_argument("--level", default=sandbox.measured_level(), choices=sandbox.LEVELS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podium-bench-") as folder:
        found = Bench(Path(folder), options.level).measure(options.runs, options.cold_runs)
    if options.json:
        print(json.dumps({"schema_version": 1, **found}))
        return
    print(f"level {found['level']}; seconds, median")
    print(f"{'':6}{'runs':>6}{'start':>9}{'worst':>9}{'whole run':>11}")
    for kind in ("warm", "cold"):
        row = found[kind]
        print(f"{kind:6}{row['runs']:6}{row['start_s']:9.3f}{row['start_worst_s']:9.3f}{row['wall_s']:11.3f}")
    print(f"a warm start is {found['ratio']} times as fast")


if __name__ == "__main__":
    main()
