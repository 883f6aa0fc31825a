"""A tiny campaign in simulated time, for tests of what is sent when: made once, copied, its blends revealed one by one."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from podium import tasks
from podium.campaign import phases
from podium.campaign.engine import Engine
from podium.campaign.options import Options
from podium.campaign.submission import filing
from podium.competition.dataset import Dataset
from podium.platforms.folder import Folder
from podium.platforms.platform import Platform
from podium.records import Build, Competition, ExperimentSpec, Hardware, from_json
from podium.registry import Registry
from podium.registry.blends import BlendRow
from podium.registry.clock import Clock
from podium.registry.database import Database
from podium.registry.experiments import Experiment
from podium.team.builtin import BuiltinSeat
from podium.testing.fake_executor import FakeExecutor, FakeRun, noise
from podium.testing.faulty_platform import World

N_TEST = 40
SOURCE = '"""{}"""\n\n\ndef fit(train, ctx):\n    return None\n\n\ndef predict(model, rows, ctx):\n    return None\n'


class SimulatedClock(Clock):
    """The campaign's clock, on simulated time. `beat` is the journal's."""

    def __init__(self, database: Database, now_s: Callable[[], float]) -> None:
        super().__init__(database)
        self._now_s, self._began = now_s, now_s()

    def alive_s(self) -> float:
        return self._before + self._now_s() - self._began


def template(folder: Path, rounds: int = 8, skills: tuple[float, float] = (0.15, 0.6)) -> Path:
    """A campaign of a tiny generated competition whose rounds are blended and predicted, and nothing sent: copy it.
    `skills`: how much the first and the last round's experiment knows of the truth, 0 to 1."""
    from podium.cli import making

    campaign = making.open_or_create(
        str(competition(folder / "public")), campaign=folder / "campaign", experiments=rounds + 1, threads=2
    )
    engine = engine_of(campaign, Folder(folder / "public", campaign / "outbox"), World(0.0))
    executor = engine.executor
    assert isinstance(executor, FakeExecutor)
    for number in range(1, rounds + 1):
        executor.predictions = _telling(engine, float(np.linspace(*skills, rounds)[number - 1]))
        phases.run(engine, number, _experiments(engine, number))
        phases.verdicts(engine, number, phases.verify(engine, number))
    filing.predict_missing(engine, [one.id for one in engine.registry.experiments.all()])
    engine.registry.close()
    return campaign


def competition(folder: Path) -> Path:
    """200 labelled rows, two features, RMSE: a space without quantiles, whose blends are quick to read."""
    import polars as pl

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200 + N_TEST, 2)), rng.random(200 + N_TEST)
    frame = pl.DataFrame({"id": np.arange(200 + N_TEST), "a": x[:, 0] + 0.5 * y, "b": x[:, 1], "won": y})
    folder.mkdir(parents=True)
    frame.head(200).write_csv(folder / "train.csv")
    frame.tail(N_TEST).drop("won").write_csv(folder / "test.csv")
    frame.tail(N_TEST).select("id", won=pl.lit(0.5)).write_csv(folder / "sample_submission.csv")
    (folder / "config.json").write_text(
        '{"metric": "rmse", "target_column": "won", "id_column": "id", "competition": "won"}'
    )
    return folder


def engine_of(campaign: Path, platform: Platform, world: World, **changes: Any) -> Engine:
    """An engine on simulated time, as the composition root makes one. `changes`: fields of the competition."""
    registry = Registry.create(campaign)
    asked = dataclasses.replace(from_json(Competition, registry.setting("competition")), **changes)
    seat = BuiltinSeat()
    engine = Engine(
        campaign=campaign,
        registry=registry,
        clock=SimulatedClock(registry.database, lambda: world.now_s),
        options=from_json(Options, registry.setting("options")),
        competition=asked,
        dataset=Dataset.open(campaign / "data"),
        task=tasks.for_competition(asked),
        hardware=Hardware(2, 4000, (), "bubblewrap"),
        executor=FakeExecutor(),
        platform=platform,
        seats=dict.fromkeys(
            ("manager", "cto", "researcher", "builder", "qa", "reviewer", "reflector", "uploader"), seat
        ),
        fallback=seat,
        wall_s=world.wall_s,
        sleep=world.go_on,
    )
    engine.purse.options = engine.options
    return engine


def _experiments(engine: Engine, round_: int) -> list[Experiment]:
    id_ = f"E{round_:03d}"

    def record(built: Build) -> None:
        spec = ExperimentSpec(f"idea {id_}", "because", "draft", ("lightgbm", "linear", "knn")[round_ % 3])
        engine.registry.experiments.add(Experiment(id_, round_, spec, 0, f"f{id_}", f"s{id_}", True, static_cost_s=0.1))

    engine.registry.journal.step(round_, "build", Build, lambda: Build((SOURCE.format(id_),)), record)
    return engine.registry.experiments.of_round(round_)


def _telling(engine: Engine, skill: float) -> Callable[[FakeRun], Any]:
    data = engine.dataset
    truth = np.full(data.n_rows, 0.5)
    truth[data.train] = engine.task.encode(data.labels(data.train))
    return lambda run: np.asarray((1 - skill) * noise(run) + skill * truth[run.rows].reshape(-1, 1))


def take_blends(campaign: Path) -> list[BlendRow]:
    """The template's blends, taken out of the copy: a schedule reveals them one by one."""
    registry = Registry.create(campaign)
    rows = registry.blends.newest(100)
    registry.close()
    connection = sqlite3.connect(campaign / Registry.FILE)
    connection.execute("DELETE FROM blends")
    connection.execute("DELETE FROM steps WHERE phase = 'submit'")
    connection.commit()
    connection.close()
    return rows
