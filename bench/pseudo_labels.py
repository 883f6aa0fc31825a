"""Whether masks that a net draws itself help: on frames beside the marked ones, and on films without masks.

    python bench/pseudo_labels.py [--first 0] [--seeds 12] [--films 6] [--held 120] [--epochs 240]

A generated contest a seed (`testing/contests/frames.py`), as many images met whatever is compared: mean Dice on films held
out, thresholds cross-fitted over them, and the mean difference to none of it with its paired 95 % bootstrap
interval over seeds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from podium import tasks
from podium.competition import build, intake
from podium.execution.dealt import truth_of
from podium.protocol import Context, Rows
from podium.recipes import segmentation
from podium.tasks.labels import labels_dealt
from podium.testing.contests import frames

NET: Mapping[str, Any] = {"width": 8, "stem": 1, "depth": 2, "batch_size": 8}
MARKED = {"frames": "marked"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seeds", 12), ("first", 0), ("films", 6), ("held", 120), ("epochs", 240)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    scores: dict[str, list[float]] = defaultdict(list)
    for seed in range(asked.first, asked.first + asked.seeds):
        for name, score in measured(seed, asked):
            scores[name].append(score)
            print(f"seed {seed}  {name:<34} {score:.4f}", flush=True)
    plain = np.array(scores["marked frame alone"])
    rng = np.random.default_rng(0)
    for name, of in scores.items():
        gain = np.array(of) - plain
        means = gain[rng.integers(len(gain), size=(4000, len(gain)))].mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        print(f"{name:<34} {np.mean(of):.4f}  {gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]")


def measured(seed: int, asked: argparse.Namespace) -> Any:
    """(what is learned from, Dice) one after another: `epochs` in all, over labelled films and others."""
    with tempfile.TemporaryDirectory() as scratch:
        planted = frames.make(Path(scratch) / "contest", seed, asked.films + asked.held, 4)
        data = build(intake(planted.public), Path(scratch) / "data", 0)
        task = tasks.for_competition(data.competition)
        task.measure(data.folder)
        rows, held = data.train[: asked.films], data.train[asked.films :]
        y = truth_of(labels_dealt(task, data.labels(rows)), task.layout())
        train, test = Rows(data.frame(), rows, y=y, files=data.files), Rows(data.frame(), held, files=data.files)
        truth, fold_of = task.encode(data.labels(held)), (np.arange(len(held)) % 5).astype(np.int8)
        ctx = Context(
            seed=seed, cores=1, task_type="segmentation", metric="dice", n_outputs=task.n_outputs(), schema=data.columns,
            layout=task.layout(),
        )  # fmt: skip
        pseudo, third = {"pseudo": 1.0}, asked.epochs / 3
        for name, features, params, given in (
            ("marked frame alone", MARKED, {"epochs": asked.epochs}, ctx),
            ("with frames beside it", MARKED, {"epochs": third, **pseudo}, ctx),
            ("with films held out", MARKED, {"epochs": third, **pseudo, "reach": 0}, replace(ctx, unlabelled=test)),
        ):
            model = segmentation.UNet(features, **NET, **params).fit(train, given)
            raw = task.check(model.predict(test, ctx).values, len(test))
            yield name, float(task.score_raw(truth, raw, fold_of))


if __name__ == "__main__":
    main()
