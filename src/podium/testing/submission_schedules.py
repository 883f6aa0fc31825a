"""Whole sequences of submit phases, kills and resumes against a platform that fails, in simulated time, and what must hold.

A schedule deals a platform (zone, daily limit, how it counts, how its list lags), a machine's clock, and a row of steps: the
next round's blend with its submit phase, an engine that dies at some effect, a night without one, a clock that jumps,
somebody else's submission. Then the end, and at last quiet: no faults any more, time enough, a resume a day. `play` returns
what came of it; `Toll.broken` names what should never be.
"""

from __future__ import annotations

import dataclasses
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from podium.campaign.engine import Engine
from podium.campaign.estimates.finalists import choose_finalist
from podium.campaign.finalise import finalise, standing_row, submit_last
from podium.campaign.submission.final_two import final_two
from podium.campaign.submission.reconcile import reconcile
from podium.campaign.submission.submit import submit
from podium.platforms.platform import Platform
from podium.registry import Registry
from podium.registry.database import Database
from podium.testing.faulty_platform import Accepted, FaultyPlatform, Killed, World
from podium.testing.submission_campaign import N_TEST, engine_of, take_blends, template

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")
MOMENTS = (  # of which a schedule starts at one: some hours before clocks change, and an ordinary day
    datetime(2026, 3, 7, 20, tzinfo=UTC), datetime(2026, 10, 31, 18, tzinfo=UTC), datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 15, tzinfo=UTC), datetime(2026, 4, 4, 3, tzinfo=UTC), datetime(2026, 6, 1, 9, tzinfo=UTC),
)  # fmt: skip


@dataclass
class Toll:
    """What a schedule came to. `broken`: which invariants did not hold, in words."""

    seed: int
    kind: str
    phases: int = 0
    kills: int = 0
    sends: int = 0
    accepted: int = 0
    quotas: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class Rig(Platform, Protocol):
    """A platform that fails, and what a schedule asks of it beside: see `FaultyPlatform`."""

    world: World
    limit: int
    zone: str
    counting: Any
    faults: float
    others: float
    injected: Counter[str]
    sends: int
    beyond: int
    hasty: int

    @property
    def accepted(self) -> list[Accepted]: ...

    @property
    def doubled(self) -> int: ...

    def arrive(self) -> None: ...

    def somebody_submits(self) -> None: ...

    def fullest_day(self) -> int: ...


class Schedule:
    """One schedule over one copy of the template."""

    def __init__(self, made: Path, folder: Path, seed: int, platform: Rig | None = None) -> None:
        self.rng = random.Random(seed)
        self.campaign = Path(shutil.copytree(made, folder))
        self.blends = take_blends(self.campaign)
        self.rng.shuffle(self.blends)
        self.world = World(0.0) if platform is None else platform.world
        self.world.now_s = self.rng.choice(MOMENTS).timestamp() + self.rng.uniform(0, 36 * 3600)
        self.world.skew_s = self.rng.choice((0.0, 0.0, 240.0, -240.0, 5 * 3600.0, -5 * 3600.0))
        self.platform = platform or self._dealt()
        self.time_s = self.rng.choice((None, 4 * 3600.0, 48 * 3600.0))
        self.round = 0
        self.toll = Toll(seed, f"{self.platform.counting}{'' if self.platform.has_list else ', no list'}")

    def _dealt(self) -> FaultyPlatform:
        counting: Any = self.rng.choice(("exact", "listed", "untold"))
        has_list = counting == "listed" or self.rng.random() < 0.8
        return FaultyPlatform(
            self.world, random.Random(self.rng.random()), self.rng.choice((1, 2, 3, 5)), self.rng.choice(ZONES), counting,
            has_list, self.rng.random() < 0.5, self.rng.choice((60.0, 300.0, 1800.0)), self.rng.uniform(0.1, 0.8),
            0.0 if counting == "untold" and not has_list else 0.05,
        )  # fmt: skip

    # ---------------------------------------------------------------- steps

    def play(self) -> Toll:
        for _ in range(len(self.blends)):
            self._between()
            self.round += 3  # far enough apart for another submission where experiments are counted
            self._live(self._phase)
            self._look("after a phase")
        for _ in range(
            self.rng.randint(1, 4)
        ):  # a finished campaign may be resumed at any time: its end waits for no pace
            self._live(close if self.rng.random() < 0.9 else lambda engine: finalise(engine, "time"))
            self._look("after the end")
            self.world.go_on(self.rng.choice((5.0, 60.0, 900.0)))
            self.platform.arrive()
        self._quieten()
        self._settled()
        toll, platform = self.toll, self.platform
        toll.sends, toll.accepted, toll.injected = (
            platform.sends,
            sum(one.own for one in platform.accepted),
            platform.injected,
        )
        return toll

    def _phase(self, engine: Engine) -> None:
        row = dataclasses.replace(self.blends[self.round // 3 - 1], round=self.round)
        engine.registry.blends.add(row)
        submit(engine, self.round)
        self.toll.phases += 1

    def _between(self) -> None:
        """Time goes by without an engine; clocks jump; others submit."""
        self.world.go_on(self.rng.choice((20.0, 200.0, 4000.0, 4 * 3600.0, 20 * 3600.0)) * self.rng.uniform(0.5, 1.5))
        if self.rng.random() < 0.15:
            self.world.jump(self.rng.choice((3600.0, -3600.0, 90.0, -7200.0)))
            self.toll.injected["clock jumped"] += 1
        if self.rng.random() < 0.2 and self.platform.others:
            self.platform.somebody_submits()
        self.platform.arrive()

    def _live(self, work: Callable[[Engine], object]) -> None:
        """Engines, one after the other, until one comes to the end of `work`; the last one is not killed."""
        for life in range(5):
            if life < 4 and self.rng.random() < 0.35:
                self.world.fuse = self.rng.randint(1, 40)
            try:
                with self._engine() as engine:
                    reconcile(engine)
                    self.world.go_on(self.rng.choice((5.0, 120.0, 3000.0)) * self.rng.random())  # the round's own work
                    self.platform.arrive()
                    work(engine)
                return
            except Killed:
                self.toll.kills += 1
                self.world.go_on(self.rng.choice((1.0, 60.0, 3000.0, 30000.0)))
                self.platform.arrive()
                self._look("after a kill", resumed=False)
            finally:
                self.world.fuse = None

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        zone = self.platform.zone
        changes: dict[str, Any] = {}
        if self.platform.counting == "untold":
            changes = {"max_submissions_per_day": self.platform.limit}
        engine = engine_of(self.campaign, self.platform, self.world)
        brought = dataclasses.replace(engine.competition.brought, submission_time_zone=zone)
        engine.competition = dataclasses.replace(engine.competition, brought=brought, **changes)
        engine.options = dataclasses.replace(
            engine.options, time_s=self.time_s, experiments=None if self.time_s else engine.options.experiments
        )
        engine.purse.options = engine.options
        _with_points(engine.registry.database, self.world)
        try:
            yield engine
            engine.clock.beat()
        finally:
            engine.registry.close()

    def _quieten(self) -> None:
        """No faults any more, the clock is right, and a resume on each of three days finalises again."""
        platform, world = self.platform, self.world
        platform.faults = platform.others = world.skew_s = 0.0
        for _ in range(3):
            world.go_on(26 * 3600.0)
            platform.arrive()
            with self._engine() as engine:
                reconcile(engine)
                world.go_on(platform.settles_s + 1.0)
                close(engine)
                world.go_on(3 * 3600.0)  # until every score is there
                reconcile(engine)

    # ---------------------------------------------------------------- what must hold

    def _look(self, when: str, *, resumed: bool = True) -> None:
        broken = self.toll.broken
        if self.platform.doubled:
            broken.append(f"{when}: a file was accepted twice")
        if self.platform.beyond:
            broken.append(f"{when}: sent beyond the quota")
        if self.platform.fullest_day() > self.platform.limit:
            broken.append(f"{when}: the platform holds more than its limit")
        if self.platform.hasty:
            broken.append(f"{when}: asked before the time that the platform had named")
        path = self.campaign / "submission.csv"
        if path.exists() and not _is_valid(path):
            broken.append(f"{when}: submission.csv is not valid")
        self.platform.beyond = self.platform.hasty = 0

    def _settled(self) -> None:
        """After the quiet, registry and platform agree, and what is best is there."""
        broken, platform = self.toll.broken, self.platform
        self._look("in the end")
        registry = Registry.open(self.campaign)
        rows = {row.tag: row for row in registry.submissions.all()}
        stands, higher = registry.submissions.standing(), False
        best = registry.blends.best(higher)
        registry.close()
        own = {one.tag: one for one in platform.accepted if one.own}
        if platform.has_list:
            for tag, there in own.items():
                row = rows.get(tag)
                state = "failed" if there.score is None else "confirmed"
                if row is None or row.state != state or row.remote_id != there.id or row.public_score != there.score:
                    broken.append(f"{tag} was accepted and is not recorded so: {row}")
            lost = [tag for tag, row in rows.items() if row.state == "confirmed" and tag not in own]
            if lost:
                broken.append(f"{lost} are recorded and were never accepted")
            if any(row.state in ("intent", "sent", "ambiguous") for row in rows.values()):
                broken.append("something is still open")
            spoiled = any(one.score is None for one in own.values())
            if not spoiled and (best is None or stands is None or stands.expected != best.score):
                broken.append("the best blend was never submitted")
        elif set(own) - set(rows):
            broken.append("something was accepted and never recorded")
        if not (self.campaign / "submission.csv").exists():
            broken.append("there is no submission.csv")


def close(engine: Engine) -> None:
    """What `finalise` sends and chooses, without its figures."""
    reconcile(engine, at_the_end=True)
    chosen = choose_finalist(engine, lambda: 0.0)
    if chosen is not None:
        submit_last(engine, chosen, lambda: 3600.0)
        final_two(engine, standing_row(engine, chosen), lambda: 3600.0)


def play(made: Path, folder: Path, seed: int) -> Toll:
    return Schedule(made, folder, seed).play()


def play_kaggle(made: Path, folder: Path, seed: int) -> Toll:
    """The same through the real Kaggle client, against the fake Kaggle on loopback."""
    from podium.testing.kaggle_under_faults import kaggle_under_faults

    with kaggle_under_faults(seed, World(0.0)) as platform:
        return Schedule(made, folder, seed, platform).play()


def _with_points(database: Database, world: World) -> None:
    """The engine may die just before, and just after, each of its transactions."""
    real = database.write

    @contextmanager
    def write() -> Iterator[sqlite3.Connection]:
        if database._connection.in_transaction:
            with real() as inner:
                yield inner
            return
        world.point()
        with real() as outer:
            yield outer
        world.point()

    database.write = write  # type: ignore[method-assign]


def _is_valid(path: Path) -> bool:
    lines = path.read_text().splitlines()
    return lines[0] == "id,won" and len(lines) == N_TEST + 1 and lines[-1].startswith(f"{200 + N_TEST - 1},")


__all__ = ["Rig", "Schedule", "Toll", "close", "play", "play_kaggle", "template"]
