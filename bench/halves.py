"""Members of finished campaigns, for benches that choose on one half of the rows and judge on the other."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from podium import tasks
from podium.campaign.store import PredictionStore
from podium.competition.dataset import Dataset
from podium.protocol import Column
from podium.registry.registry import Registry
from podium.tasks.task import Floats, Task


@dataclass(frozen=True)
class Pool:
    """The best members: name → out-of-fold predictions `(n, k)`, and its family; `truth` `(n, …)`, `fold_of` `(n,)` and the
    table of the same rows, as solutions see it."""

    task: Task
    truth: NDArray[Any]
    fold_of: NDArray[Any]
    oofs: dict[str, Floats]
    families: dict[str, str]
    table: pl.DataFrame
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, campaign: Path, limit: int) -> Pool:
        registry = Registry.open(campaign)
        try:
            dataset = Dataset.open(campaign / "data")
            task = tasks.of_data(dataset)
            store = PredictionStore(campaign, registry, dataset, task)
            best = registry.experiments.best_of_pool(limit, dataset.competition.metric_direction == "higher")
            oofs = {one.id: store.oof(one.id) for one in best}
            families = {one.id: one.spec.family for one in best}
            rows = dataset.train[store.scored]
            truth = task.encode(dataset.labels(rows))
            return cls(task, truth, store.fold_of, oofs, families, dataset.frame()[rows], dataset.columns)
        finally:
            registry.close()


def asked(doc: str | None, halves: int) -> argparse.Namespace:
    """`campaigns`, `halves`, `json` of the command line."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaigns", nargs="+", type=Path, metavar="CAMPAIGN")
    parser.add_argument("--halves", type=int, default=halves)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()
