"""The composition root: the only place that chooses seats, executors and platforms."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from podium.campaign.budget import slots_of
from podium.campaign.disk import told_plainly
from podium.campaign.options import Options
from podium.errors import NoSubmission
from podium.records import Competition, Hardware, Role, from_json
from podium.registry import Registry
from podium.registry.clock import Clock
from podium.registry.lock import EngineLock

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.platforms.platform import Platform
    from podium.team.seat import Seat


@dataclass(frozen=True)
class Outcome:
    """How `run` ended, with the figures of what was submitted. `submission` None never happens with exit code 0."""

    campaign: Path
    finished: str
    submission: Path | None
    score: float | None
    stderr: float | None
    vault_score: float | None


def run(campaign: Path, *, started: float | None = None, until: float = math.inf) -> Outcome:
    """Play the campaign to its end. `started`: the monotonic time from which this call is charged to its budget; `until`:
    the monotonic time from which it waits for no run any more, and leaves those under way to the next engine.

    Raises EngineBusy, NoSubmission, UserError; resumable: Stopped, AwaitingHost, Yielded.
    """
    with told_plainly(campaign), held(campaign):
        outcome = _play(campaign, started, until)
    if outcome.submission is None:
        raise NoSubmission(f"{campaign}: finished without a valid submission; see {campaign / 'report.html'}")
    return outcome


def _play(campaign: Path, started: float | None, until: float) -> Outcome:
    from podium.campaign import loop, memory

    engine = make_engine(campaign, started, warm=until == math.inf)
    engine.until = until
    try:
        engine.clock.start()
        try:
            submission = loop.play(engine)
        finally:
            engine.clock.stop()
            engine.executor.close()
        memory.remember(engine)
        outcome = _outcome(engine, submission)
        engine.clock.beat()
        return outcome
    finally:
        engine.registry.close()


@contextmanager
def held(campaign: Path) -> Iterator[None]:
    """The campaign's lock. Raises EngineBusy."""
    lock = EngineLock(campaign)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_engine(campaign: Path, started: float | None = None, *, warm: bool = True) -> Engine:
    """All parts of a live campaign, from what it stored. The caller holds the lock. `warm`: start the executor's warm
    parent at once; where a run may never come, it is started by the first one."""
    from podium import tasks, weights
    from podium.campaign import environment
    from podium.campaign.engine import Engine
    from podium.competition.dataset import Dataset
    from podium.execution.local import LocalExecutor
    from podium.execution.warm import PRELOAD
    from podium.recipes import catalog

    registry = Registry.create(campaign)
    clock = Clock(registry.database, started=started)
    _charge_adopted(campaign, registry, clock)  # the runner charges those that are still under way, as they end
    environment.note(registry)
    competition = from_json(Competition, registry.setting("competition"))
    options = from_json(Options, registry.setting("options"))
    hardware = from_json(Hardware, registry.setting("hardware"))
    dataset = Dataset.open(campaign / "data")
    slots = slots_of(options.threads or hardware.cores)
    preload = (*PRELOAD, *catalog.modules(dataset.facts, competition))
    mounted = weights.roots(competition.brought.weights)
    executor = LocalExecutor(slots, home=campaign, files=dataset.files, preload=preload, weights=mounted)
    if warm:
        executor.warm_up()  # its imports go on while the rest is made and round 0 is played
    platform = _platform(campaign, registry, competition)
    builtin, seats = _seats(options, campaign, registry, clock, hardware, platform)
    return Engine(
        campaign=campaign,
        registry=registry,
        clock=clock,
        options=options,
        competition=competition,
        dataset=dataset,
        task=tasks.for_competition(competition),
        hardware=hardware,
        executor=executor,
        platform=platform,
        seats=seats,
        fallback=builtin,
    )


def _platform(campaign: Path, registry: Registry, competition: Competition) -> Platform:
    """Where the competition lives, by what the campaign remembers of it."""
    from podium.platforms.choose import address_of, platform_at
    from podium.platforms.folder import Folder

    address = address_of(str(registry.setting("source")))
    return platform_at(address) if address else Folder(Path(competition.data_dir), campaign / "outbox")


def _seats(
    options: Options, campaign: Path, registry: Registry, clock: Clock, hardware: Hardware, platform: Platform
) -> tuple[Seat, dict[Role, Seat]]:
    """The built-in seat, and role → seat; `*` names the default. Raises UserError where a seat cannot be had here."""
    from podium.campaign import checks
    from podium.campaign.budget import Purse
    from podium.team import choose
    from podium.team.builtin import BuiltinSeat
    from podium.team.desk import Desk
    from podium.team.tools import notebooks

    builtin: Seat = BuiltinSeat()
    purse = Purse(options, clock, hardware)
    seats: dict[Role, Seat] = {}
    for role in get_args(Role):
        name = options.team.get(role, options.team.get("*", "builtin"))
        desk = Desk(
            role=role,
            campaign=campaign,
            transcripts=registry.transcripts,
            check=checks.check,
            left=lambda: purse.seats_left(registry.ledger),
            unconfined=options.seats.unconfined,
            respawn_rounds=options.seats.respawn_rounds,
            notebooks=notebooks.of(platform),
        )
        seats[role] = builtin if name == "builtin" else choose.seat(name, desk)
    return builtin, seats


def _charge_adopted(campaign: Path, registry: Registry, clock: Clock) -> None:
    """Runs that went on after their engine died are charged: from its last heartbeat to their end."""
    latest = 0.0
    for folder, started_s in registry.runs.open_attempts():
        path = campaign / folder / "exit.json"
        if path.is_file():
            latest = max(latest, started_s + float(json.loads(path.read_text()).get("wall_s", 0.0)))
    before = clock.alive_s()
    if latest > before:
        clock.charge(latest - before)


def _outcome(engine: Engine, submission: Path | None) -> Outcome:
    from podium.campaign.blending import best_blend
    from podium.report.standing import standing_values

    state = engine.registry.setting("state") or {}
    finished = str(state.get("finished"))
    found = standing_values(engine.registry, best_blend(engine))
    if found is None:
        return Outcome(engine.campaign, finished, submission, None, None, None)
    return Outcome(engine.campaign, finished, submission, found["score"], found["stderr"], found["vault_score"])
