"""Engines for tests: a real campaign folder on generated data, played by a fake executor, any platform, any seats."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from podium import tasks
from podium.campaign.engine import Engine
from podium.campaign.options import Options
from podium.competition.dataset import Dataset
from podium.platforms.folder import Folder
from podium.platforms.platform import Platform
from podium.records import Build, Competition, ExperimentSpec, Hardware, Recipe, from_json
from podium.registry import Registry
from podium.registry.clock import Clock
from podium.registry.experiments import Experiment
from podium.tasks.task import Floats
from podium.team.builtin import BuiltinSeat
from podium.testing.fake_executor import FakeExecutor, FakeRun, noise

SOURCE = (
    '"""{name}"""\n\n\ndef fit(train, ctx):\n    return None\n\n\ndef predict(model, rows, ctx):\n    return None\n'
)


def engine_of(
    campaign: Path,
    executor: FakeExecutor | None = None,
    platform: Platform | None = None,
    options: Mapping[str, Any] | None = None,
) -> Engine:
    """As `compose.make_engine` does, with parts that a test chose. `options` replaces what the campaign stored."""
    registry = Registry.create(campaign)
    competition = from_json(Competition, registry.setting("competition"))
    stored = {**(registry.setting("options") or {}), **(options or {})}
    seat = BuiltinSeat()
    return Engine(
        campaign=campaign,
        registry=registry,
        clock=Clock(registry.database),
        options=from_json(Options, stored),
        competition=competition,
        dataset=Dataset.open(campaign / "data"),
        task=tasks.for_competition(competition),
        hardware=Hardware(2, 4000, (), "bubblewrap"),
        executor=executor or FakeExecutor(),
        platform=platform or Folder(Path(competition.data_dir), campaign / "outbox"),
        seats=dict.fromkeys(
            ("manager", "cto", "researcher", "builder", "qa", "reviewer", "reflector", "uploader"), seat
        ),
        fallback=seat,
    )


def copy_of(template: Path, to: Path) -> Path:
    return Path(shutil.copytree(template, to))


def telling(engine: Engine, skill: float = 0.3) -> Any:
    """Predictions that know the truth a little: noise, moved towards the label where the row has one."""
    data = engine.dataset
    labelled = np.concatenate([data.train, data.vault])
    truth = np.full(data.n_rows, 0.5)
    truth[labelled] = engine.task.encode(data.labels(labelled))

    def predictions(run: FakeRun) -> Floats:
        return np.asarray((1 - skill) * noise(run) + skill * truth[run.rows].reshape(-1, 1))

    return predictions


def add_experiments(
    engine: Engine,
    count: int,
    round_: int = 1,
    cost_s: float = 10.0,
    source: str = SOURCE,
    recipe: Recipe | None = None,
) -> list[Experiment]:
    """Built experiments of a round, as the build phase leaves them: journalled, in the registry, on disk."""
    first = engine.registry.experiments.count() + 1
    ids = [f"E{number:03d}" for number in range(first, first + count)]
    sources = tuple(source.format(name=id_) for id_ in ids)

    def record(built: Build) -> None:
        import hashlib

        for id_, source in zip(ids, built.solutions, strict=True):
            sha = hashlib.sha256(source.encode()).hexdigest()
            spec = ExperimentSpec(f"idea {id_}", "because", "draft", "lightgbm", recipe=recipe)
            engine.registry.experiments.add(
                Experiment(id_, round_, spec, 0, f"f{id_}", sha, True, static_cost_s=cost_s)
            )

    engine.registry.journal.step(round_, "build", Build, lambda: Build(sources), record)
    return engine.registry.experiments.of_round(round_)
