"""What an explanation rests on: the best blend's out-of-fold predictions, the rows and columns looked at, the pool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import ensemble
from podium.campaign.explain import explain_metric
from podium.campaign.store import PredictionStore
from podium.competition.dataset import Dataset
from podium.ensemble import Blend
from podium.metrics.shapes import Boxes
from podium.protocol import Column
from podium.records import Competition, from_json
from podium.referee import unit_types
from podium.registry import Registry
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

    from podium.registry.blends import BlendRow

MOST_ROWS = 20_000
MOST_COLUMNS = 120
POOL = 12  # members whose disagreement is looked at
LEAST_ROWS = 200  # fewer say nothing; of images with boxes, the boxes count
Ints = NDArray[np.int64]


@dataclass
class Material:
    """What an explanation is made of. `rows`: the looked-at positions among the scored rows; aligned with them `truth`,
    `raw` (the blend's predictions), `decided`, `frame` (features), `groups`."""

    campaign: Path
    registry: Registry
    dataset: Dataset
    task: Task
    store: PredictionStore
    row: BlendRow
    rows: Ints
    truth: NDArray[Any]
    raw: Floats
    decided: NDArray[Any]
    frame: pl.DataFrame
    groups: NDArray[Any] | None
    n_known: int
    fold_of: NDArray[np.int8]

    @property
    def competition(self) -> Competition:
        return self.dataset.competition

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.dataset.columns if column.name in self.frame.columns)

    @property
    def train_rows(self) -> Ints:
        """Row numbers of the looked-at rows."""
        return np.asarray(self.dataset.train[self.store.scored][self.rows], dtype=np.int64)


def gather(campaign: Path, registry: Registry, dataset: Dataset, task: Task, store: PredictionStore) -> Material | None:
    """The best blend's out-of-fold predictions with their rows; None before there is one."""
    row = registry.blends.best(dataset.competition.metric_direction == "higher")
    if row is None:
        return None
    truth = task.encode(dataset.labels(dataset.train[store.scored]))
    members = [name for name, weight in row.weights.items() if weight > 0]
    raw = ensemble.combine(from_json(Blend, dict(row.detail)), {name: store.oof(name) for name in members})
    known = np.flatnonzero(np.isfinite(raw).all(axis=1))
    if answers_in(truth[known]) < LEAST_ROWS:
        return None
    decided = task.decide_crossfitted(truth[known], raw[known], store.fold_of[known])
    at = np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_ROWS)).round().astype(np.int64))
    rows = known[at]
    frame = dataset.frame()
    step = -(-frame.width // MOST_COLUMNS)
    keys = {dataset.competition.group_column, dataset.competition.time_column}
    kept = [name for i, name in enumerate(frame.columns) if i % step == 0 or name in keys]
    return Material(
        campaign, registry, dataset, task, store, row, rows, truth[rows], task.pointed(raw[rows]), decided[at],
        frame.select(kept)[dataset.train[store.scored][rows]], None if store.groups is None else store.groups[rows],
        len(known), store.fold_of,
    )  # fmt: skip


def answers_in(truth: Any) -> int:
    return len(truth.image) if isinstance(truth, Boxes) else len(truth)


def pool_of(material: Material) -> dict[str, Floats]:
    """Out-of-fold predictions of the best of the pool on the looked-at rows, those that know all of them."""
    higher = material.competition.metric_direction == "higher"
    best = material.registry.experiments.best_of_pool(POOL, higher)
    found = {one.id: material.store.oof(one.id)[material.rows] for one in best}
    return {name: values for name, values in found.items() if np.isfinite(values).all()}


def unit_columns(material: Material) -> dict[str, Ints]:
    """Columns that number users, shops, items: name → level of each looked-at row, the likeliest first."""
    n, found = len(material.frame), []
    for column in material.columns:
        series = material.frame[column.name]
        asked = column.name == material.competition.group_column
        named = bool(explain_metric.is_id(column.name))
        text = column.kind in ("categorical", "code")
        if not (asked or text or (column.kind == "numeric" and named and series.dtype.is_integer())):
            continue
        if asked or unit_types.LEAST_UNITS <= column.n_unique <= max(n // 3, unit_types.LEAST_UNITS):
            found.append((not asked, not named, column.n_unique, column.name))
    chosen = [name for *_, name in sorted(found)[: 2 * explain_metric.MOST_UNITS]]
    return {name: levels_of(material.frame[name]) for name in chosen}


def levels_of(series: pl.Series) -> Ints:
    """A level for each distinct value, from 0 in order of appearance; -1 for missing."""
    import polars as pl

    ranks = series.cast(pl.String).rank("dense").cast(pl.Int64).fill_null(0)
    return np.asarray(ranks.to_numpy() - 1, dtype=np.int64)
