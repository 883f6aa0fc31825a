"""Measure the detection recipes on one fold: mAP, seconds of fit and predict, and the catalog's estimate beside them.

    python bench/detectors.py [PATH] [--recipe N …] [--images 180] [--held 60] [--cores 1] [--seconds S] [--json]

PATH is a competition's public folder; left out, a generated contest of grains and mites. `--seconds`: a deadline for each
fit. `ratio` is estimated / measured CPU seconds: take it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from podium import tasks
from podium.competition import build, intake
from podium.competition.dataset import Dataset
from podium.execution.dealt import truth_of
from podium.protocol import Context, Rows
from podium.recipes import catalog
from podium.recipes.source import solution
from podium.records import Hardware, Recipe
from podium.tasks.labels import labels_dealt
from podium.tasks.task import Task
from podium.testing.contests import boxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--recipe", type=int, nargs="*")
    parser.add_argument("--images", type=int, default=180)
    parser.add_argument("--held", type=int, default=60)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        public = asked.path or boxes.make(Path(scratch) / "contest").public
        data = build(intake(public), Path(scratch) / "data", 0)
        task = tasks.for_competition(data.competition)
        task.measure(data.folder)
        recipes = catalog.portfolio(data.facts, data.competition, Hardware(asked.cores, 4000))
        for at in asked.recipe if asked.recipe is not None else range(len(recipes)):
            found = measured(data, task, recipes[at], asked)
            print(json.dumps(found) if asked.json else told(at, found), flush=True)


def measured(data: Dataset, task: Task, recipe: Recipe, asked: argparse.Namespace) -> dict[str, Any]:
    """One fit on the first rows, one predict of the last ones."""
    held, rows = data.train[-asked.held :], data.train[: -asked.held][: asked.images]
    y = truth_of(labels_dealt(task, data.labels(rows)), task.layout())
    frame = data.frame()
    ctx = Context(
        seed=0, cores=asked.cores, task_type=data.competition.task_type, metric=data.competition.metric,
        n_outputs=task.n_outputs(), schema=data.columns, classes=data.competition.classes, layout=task.layout(),
        deadline=None if asked.seconds is None else time.monotonic() + asked.seconds,
    )  # fmt: skip
    module: dict[str, Any] = {"__name__": "solution"}
    exec(compile(solution(recipe, "bench", "none"), "solution.py", "exec"), module)
    cpu, wall = time.process_time(), time.monotonic()
    model = module["fit"](Rows(frame, rows, y=y, files=data.files), ctx)
    fitted = time.process_time()
    raw = module["predict"](model, Rows(frame, held, files=data.files), ctx).values.reshape(len(held), -1)
    done = time.process_time()
    truth, raw = task.encode(data.labels(held)), task.check(raw, len(held))
    estimate = catalog.cost_s(recipe, data.facts, len(rows))
    return {
        "model": recipe.model, "params": dict(recipe.params), "images": len(rows), "fit_cpu_s": round(fitted - cpu, 1),
        "predict_cpu_s": round(done - fitted, 1), "wall_s": round(time.monotonic() - wall, 1), "estimate_s": round(estimate, 1),
        "ratio": round(estimate / (done - cpu), 2), "notes": model.notes,
        "map": round(float(task.score_raw(truth, raw, np.zeros(len(held), np.int8))), 4),
    }  # fmt: skip


def told(at: int, found: dict[str, Any]) -> str:
    return (
        f"{at} {found['model']:<11} mAP {found['map']:.3f}  fit {found['fit_cpu_s']} + predict {found['predict_cpu_s']} CPU s"
        f" (wall {found['wall_s']})  estimated {found['estimate_s']} (x{found['ratio']})  {found['params']}"
    )


if __name__ == "__main__":
    main()
