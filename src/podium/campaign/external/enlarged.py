"""The dealt feature file with rows from elsewhere after its own: training rows of every fold, never predicted or scored.

Row numbers of the competition's own rows stay what they are. Which sources an experiment has, and at what weight, is recorded
with it (`trials` says why), so a resume and a rerun deal it the same rows. `<campaign>/external/dealt/<hash>/` is derived, and
made anew where it is lost.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from podium.campaign.external.findings import findings
from podium.campaign.external.sources import FOLDER, table_name
from podium.competition.arrow import write_arrow
from podium.competition.dataset import Dataset
from podium.tasks.labels import labels_dealt

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from podium.campaign.engine import Engine
    from podium.campaign.request import Part
    from podium.registry.experiments import Experiment
    from podium.registry.external import External


@dataclass(frozen=True)
class Enlarged:
    """`first`: number of the first row from elsewhere. `groups`: .npy over all rows, where the dealt data have groups.
    `weights`: of the rows from elsewhere, beside 1 of the competition's own."""

    features: Path
    first: int
    labels: pl.DataFrame  # of the rows from elsewhere, in their order
    weights: NDArray[np.float64]
    groups: Path | None

    @property
    def rows(self) -> NDArray[np.int64]:
        return np.arange(self.first, self.first + self.labels.height, dtype=np.int64)

    def label_frame(self, engine: Engine, rows: NDArray[np.int64]) -> pl.DataFrame:
        """As `Engine.label_frame`, rows from elsewhere among them; their weight and origin beside."""
        import polars as pl

        own, targets = rows[rows < self.first], engine.dataset.labels(rows[:0]).columns
        places = rows[rows >= self.first] - self.first
        theirs = self.labels[places]
        told = labels_dealt(engine.task, theirs.select(targets))
        side = theirs.drop(targets)
        told = told.hstack(side.rename({name: f"side:{name}" for name in side.columns})) if side.width else told
        frames = [
            frame.with_columns(pl.Series("weight", weights), pl.lit(origin).alias("origin"))
            for frame, weights, origin in (
                (engine.label_frame(own), np.ones(len(own)), "real"),
                (told, self.weights[places], "external"),
            )
        ]
        return pl.concat(frames, how="vertical_relaxed")


def joined(engine: Engine, experiment: Experiment, part: Part) -> Part:
    """The part with the rows from elsewhere that its experiment trains on, where there are any."""
    larger = enlarged(engine, experiment.external)
    if larger is None:
        return part
    features = part.features if part.prepared_sha else larger.features
    return dataclasses.replace(
        part, train=np.concatenate([part.train, larger.rows]), features=features, enlarged=larger
    )


def enlarged(engine: Engine, used: Mapping[str, float]) -> Enlarged | None:
    """The feature file with the rows of these sources, at these weights; None without any."""
    sources = [one for one in engine.registry.external.all() if one.id in used]
    if not sources:
        return None
    folder, ids, name = engine.campaign / FOLDER, tuple(one.id for one in sources), digest(sources)
    there = folder / "dealt" / name
    if not there.is_dir():
        _make(folder, engine.dataset, ids, there)
    groups = there / "groups.npy"
    labels = _labels(folder, ids, name)
    weights = np.concatenate([np.full(one.rows, used[one.id]) for one in sources])
    features = there / f"features_{name}.arrow"
    return Enlarged(features, engine.dataset.n_rows, labels, weights, groups if groups.is_file() else None)


def digest(sources: list[External]) -> str:
    """Of what a run is dealt beside the competition's own data: part of its key."""
    told = "|".join(f"{one.id}:{one.sha256}" for one in sources)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def shas(engine: Engine, experiment: Experiment) -> list[str]:
    """Hashes of all that the experiment has from elsewhere, tables too, with weights other than 1; empty where it has nothing."""
    told = []
    for one in engine.registry.external.until(experiment.round):
        weight = experiment.external.get(one.id, 0.0) if one.used_as == "rows" else 1.0
        told += [one.sha256 if weight == 1.0 else f"{one.sha256} at {weight:g}"] if weight else []
    return told


def tables(engine: Engine, experiment: Experiment) -> dict[str, str]:
    """Name → Arrow file of the side tables from elsewhere."""
    return _tables(engine, experiment.round)


def _tables(engine: Engine, round_: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in engine.registry.external.until(round_):
        if one.used_as == "table":
            name = table_name(one)
            name = name if name not in found else f"{name}_{one.id.lower()}"
            found[name] = str(engine.campaign / FOLDER / one.id / "table.arrow")
    return found


def described(engine: Engine, round_: int) -> tuple[str, ...]:
    """What solutions of a round have from elsewhere, for those who write them, and what is known of it."""
    larger = enlarged(engine, engine.registry.external.standing(round_))
    rows = [] if larger is None else [f"{larger.labels.height} training rows with train.origin 'external'"]
    return (
        *rows,
        *findings(engine.registry),
        *(f"a side table ctx.tables[{name!r}]" for name in _tables(engine, round_)),
    )


@functools.lru_cache(maxsize=8)
def _labels(folder: Path, ids: tuple[str, ...], name: str) -> pl.DataFrame:
    """Of all rows from elsewhere, in the order of their sources; `name` tells their contents."""
    import polars as pl

    return pl.concat([pl.read_ipc(folder / id_ / "labels.arrow") for id_ in ids], how="vertical_relaxed")


def _make(folder: Path, dataset: Dataset, ids: tuple[str, ...], to: Path) -> None:
    import polars as pl

    part = to.with_name(f".{to.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    frames = [dataset.frame(), *(pl.read_ipc(folder / id_ / "features.arrow") for id_ in ids)]
    whole = pl.concat(frames, how="vertical_relaxed")
    write_arrow(whole.cast(frames[0].schema), part / f"features_{to.name}.arrow")
    if dataset.groups is not None:
        groups = np.load(dataset.groups)
        alone = groups.max(initial=-1) + 1 + np.arange(whole.height - len(groups))  # each a group of its own
        np.save(part / "groups.npy", np.concatenate([groups, alone]).astype(groups.dtype))
    part.rename(to)
