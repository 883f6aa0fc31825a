"""The engine: one campaign's parts, held together. The loop's phases work through it; it holds no logic of theirs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.campaign.budget import Purse
from podium.campaign.options import Options
from podium.campaign.pace import Fits, Pace
from podium.campaign.store import PredictionStore
from podium.competition.dataset import Dataset
from podium.errors import PodiumError
from podium.execution.executor import Executor
from podium.platforms.platform import Platform
from podium.records import Charter, Competition, Hardware, Phase, Role, Stack
from podium.registry import Registry
from podium.registry.clock import Clock
from podium.tasks.labels import labels_dealt
from podium.tasks.surrogate import surrogate_of
from podium.tasks.task import Task
from podium.team.seat import Seat

if TYPE_CHECKING:
    import polars as pl


class Stopped(PodiumError):
    """Somebody asked the engine to stop. The campaign is resumable."""

    exit_code = 130


class Yielded(PodiumError):
    """The time that this engine was given is over while runs are under way. They go on, to be adopted by the next one."""

    exit_code = 130


@dataclass
class Engine:
    """The parts of one live campaign. Made by the composition root, which chose the seats, executor and platform."""

    campaign: Path
    registry: Registry
    clock: Clock
    options: Options
    competition: Competition
    dataset: Dataset
    task: Task
    hardware: Hardware
    executor: Executor
    platform: Platform
    seats: Mapping[Role, Seat]
    fallback: Seat  # plays a phase whose own seat could not
    round: int = 0
    phase: Phase = "eda"
    terms: tuple[Charter | None, Stack | None] = (None, None)  # what the team agreed on in round 0
    until: float = math.inf  # the monotonic time from which this engine waits for nothing more
    wall_s: Callable[[], float] = field(default=time.time)  # seconds since 1970: for days and deadlines alone
    sleep: Callable[[float], None] = field(default=time.sleep)
    purse: Purse = field(init=False)
    guide: Task = field(init=False)  # the task under what the search goes by: its surrogate, else the task itself
    store: PredictionStore = field(init=False)
    truth: NDArray[Any] = field(init=False)
    submitted_s: float = -math.inf  # the campaign's clock at this engine's newest submission
    correlations: tuple[tuple[str, ...], dict[str, dict[str, float]]] = ((), {})  # of which pool, and theirs

    def __post_init__(self) -> None:
        self.purse = Purse(self.options, self.clock, self.hardware)
        self.purse.slots = min(self.purse.slots, self.executor.slots)
        self.purse.gpus = min(self.purse.gpus, self.executor.gpus)
        self.task.measure(self.dataset.folder)
        self.guide = surrogate_of(self.task)
        self.store = PredictionStore(self.campaign, self.registry, self.dataset, self.task)
        self.truth = self.task.encode(self.dataset.labels(self.dataset.train[self.store.scored]))
        self.registry.set("sandbox_level", self.executor.level)
        where = self.registry.setting("state") or {}  # a resume that only finalises stands where the last engine stood
        self.round, self.phase = int(where.get("round", self.round)), where.get("phase", self.phase)

    @property
    def fold_of(self) -> NDArray[np.int8]:
        """Folds (0-based) of the scored rows, aligned with `truth` and every OOF array."""
        return self.store.fold_of

    @property
    def n_folds(self) -> int:
        return int(self.fold_of.max()) + 1

    def spent(self) -> str | None:
        """Which budget is used up: "time" or "experiments"; None while there is more to spend.

        A round that was built is brought to its end in any case: what ran is scored and kept."""
        if self.registry.journal.find(f"R{self.registry.journal.last_finished_round() + 1:02d}_build") is not None:
            return None
        if self.purse.work_left_s() <= 0:
            return "time"
        left = self.options.experiments
        return "experiments" if left is not None and self.registry.experiments.count() >= left else None

    def enter(self, round_: int, phase: Phase) -> None:
        """Where the campaign is, for those who watch. Also the place where the engine listens."""
        self.round, self.phase = round_, phase
        self.set_state(paused=False)
        self.event("phase", phase=phase)
        self.attend()

    def set_state(self, *, paused: bool, finished: str | None = None) -> None:
        """Where it is, for those who watch; `finished`: why it ended."""
        self.registry.set("state", {"round": self.round, "phase": self.phase, "paused": paused, "finished": finished})

    def event(self, kind: str, **payload: Any) -> None:
        self.registry.events.add(self.clock.alive_s(), self.round, kind, payload)

    def attend(self) -> None:
        """Consume the inbox, where `hearing` says how. Raises Stopped, and Yielded where a pause outlasts the time given."""
        from podium.campaign import hearing  # which imports the engine

        hearing.attend(self)

    def rest(self) -> None:
        """Called while runs are waited for. Raises Yielded when nobody waits any longer."""
        if time.monotonic() >= self.until:
            raise Yielded("runs are under way")

    def solution_path(self, experiment: str) -> Path:
        return self.campaign / "runs" / experiment / "solution.py"

    def label_frame(self, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Truth columns y0…yk and label-side columns (`side:` prefix) of training rows, as a run is given them."""
        frame = labels_dealt(self.task, self.dataset.labels(rows))
        side = self.dataset.label_side(rows)
        if not side.width:
            return frame
        return frame.hstack(side.rename({name: f"side:{name}" for name in side.columns}))

    def pace(self) -> Pace:
        """Measured over estimated seconds of the newest fits; as estimated where time must not decide."""
        if not self.purse.timed:
            return Pace()
        fits = {family: Fits(*one) for family, one in self.registry.runs.fit_seconds().items()}
        return Pace.of_fits(fits, self.n_folds, self.purse.threads)
