"""A campaign's folder: found or made, and what a later command may change of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from podium import whole
from podium.campaign.disk import told_plainly
from podium.campaign.options import DEFAULT_TIME_S, Options, SeatOptions
from podium.cli import fixed
from podium.cli.compose import held
from podium.cli.source import Source
from podium.errors import CampaignError, Unplayable, UserError
from podium.records import Competition, Findings, Role, from_json, to_json
from podium.registry import Registry
from podium.registry.database import Database
from podium.registry.lock import EngineLock

EXECUTORS = ("local",)
CONFIG = "config.json"
LEAST_TIME_S = 15.0  # intake, audit, one experiment and its test predictions take 8 s on two cores for small tables


def open_or_create(
    path: str | None,
    *,
    campaign: Path | None = None,
    time_s: float | None = None,
    experiments: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    team: Mapping[str, str] | None = None,
    executor: str = "local",
    seats: Mapping[str, Any] | None = None,
    overrides: Mapping[str, str] | None = None,
    answers: Mapping[str, str] | None = None,
    memory: bool = True,
) -> Path:
    """The campaign folder for `path` (a competition's folder, or a campaign's), made where there is none. `seats`: what is asked
    of `SeatOptions`; the rest stays as the campaign has it.

    Raises UserError: the folder does not exist, cannot be understood, belongs to another competition, or was edited.
    """
    if path is not None and Path(path).name == CONFIG and Path(path).is_file():
        path = str(Path(path).parent)  # the same competition, however it was named
    if path is not None and (Path(path) / Registry.FILE).is_file():
        folder = Path(path)
    else:
        folder = campaign or Source.of(path or "campaign").campaign
    players, outside = settled(team or {}, Path.cwd()), SeatOptions(**(seats or {}))
    asked = Options(time_s, experiments, seed or 0, threads, players, executor, seats=outside, memory=memory)
    _check_parts(asked)
    if (folder / Registry.FILE).is_file() and _is_created(folder):
        with told_plainly(folder):
            _reopen(folder, path, asked, seats or {}, seed, overrides or {})
        return folder.resolve()
    if path is None:
        raise CampaignError(f"{folder} is not a campaign", remedy="name the competition's folder: podium run PATH")
    source = Source.of(path)
    if str(folder.resolve()) == source.identity:
        if (folder / Registry.FILE).is_file():
            raise CampaignError(
                f"{folder} is a campaign whose making was interrupted",
                remedy="give the command that began it: podium run PATH --campaign DIR",
            )
        raise CampaignError(f"{folder} is the competition's own folder", remedy="choose another with --campaign DIR")
    _check_file_system(folder)
    _check_time(time_s)
    with told_plainly(folder):
        _create(folder, source, asked, overrides or {}, answers or {})
    return folder.resolve()


def _check_file_system(folder: Path) -> None:
    """SQLite's write-ahead log is not safe on a network file system. Raises CampaignError."""
    from podium.execution.doctor import network_filesystem

    kind = network_filesystem(folder)
    if kind is not None:
        raise CampaignError(
            f"{folder} is on a network file system",
            expected="a local disk, for the database's write-ahead log",
            found=kind,
            remedy="choose another with --campaign DIR",
        )


def _check_time(time_s: float | None) -> None:
    """A campaign that could not even submit once is not begun. Raises UserError."""
    if time_s is not None and time_s < LEAST_TIME_S:
        raise UserError(
            f"--time {time_s:g}s is too short for one experiment and its submission",
            expected=f"{LEAST_TIME_S:g}s at least",
            remedy="give more; the same command later extends it",
        )


def settled(team: Mapping[str, str], base: Path) -> dict[str, str]:
    """Role → seat, where a script's folder does not hang on the working directory of whoever resumes."""
    script = "script:"
    return {
        role: f"{script}{(base / name.removeprefix(script)).resolve()}" if name.startswith(script) else name
        for role, name in team.items()
    }


def _check_parts(asked: Options) -> None:
    """What a campaign keeps for good is checked before it is made. Raises UserError."""
    from podium.team import choose, policy

    for role, name in asked.team.items():
        if role != "*" and role not in get_args(Role):
            raise UserError(f"no role {role!r}", expected=", ".join(get_args(Role)), remedy="use --team ROLE=SEAT")
        choose.check_name(name, role)
    policy.check_name(asked.seats.search)
    if asked.executor not in EXECUTORS:
        raise UserError(f"no executor {asked.executor!r}", expected=", ".join(EXECUTORS), remedy="leave --executor out")


def _create(
    folder: Path, source: Source, asked: Options, overrides: Mapping[str, str], answers: Mapping[str, str]
) -> None:
    """Intake, data, settings. A crash on the way leaves a folder that the same command completes."""
    from podium import tasks
    from podium.campaign import knowledge, memory
    from podium.campaign.external import sources
    from podium.campaign.imports import import_predictions
    from podium.campaign.notices import notices
    from podium.campaign.submission import deadline
    from podium.competition import build, intake
    from podium.execution.doctor import hardware

    path = source.files(folder)
    competition = intake(path, overrides, answers, own=source.address is None)
    obstacle = tasks.obstacle(competition)
    if obstacle:
        raise Unplayable(competition, obstacle)
    options = asked if _has_budget(asked) else dataclasses.replace(asked, time_s=DEFAULT_TIME_S)
    time_s, cut = deadline.capped(options.time_s, competition.brought.deadline)
    options = dataclasses.replace(
        options, time_s=time_s, team={**settled(competition.brought.team, path), **asked.team}
    )
    _check_parts(options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = EngineLock(folder)
        lock.acquire()
    except OSError as problem:
        raise CampaignError(
            f"the campaign folder {folder} cannot be written ({problem.strerror})",
            remedy="choose another with --campaign DIR",
        ) from problem
    try:
        registry = Registry.create(folder)
        dataset = build(competition, folder / "data", options.seed)
        knowledge.bring(folder, registry, dataset.competition)
        with registry.database.write():
            registry.set("competition", dataset.competition)
            registry.set("source", source.identity)
            registry.set(fixed.ASKED, dict(overrides))
            registry.set("data", dataset.facts)
            registry.set("hardware", hardware())
            registry.set("options", options)
            registry.set("config_sha", _write_config(folder, dataset.competition))
            registry.set("state", {"round": 0, "phase": "eda", "paused": False, "finished": None})
            memory.bring(registry, dataset.competition, dataset.facts, options)
            if dataset.competition.brought.existing_oof_dir is not None:
                import_predictions(folder, registry, dataset, tasks.of_data(dataset))
            sources.bring(folder, registry, dataset)
            for text in (*filter(None, [cut]), *notices(registry)):
                registry.events.add(0.0, 0, "warning", {"message": text})
            registry.set("created", True)
        registry.close()
    finally:
        lock.release()


def _reopen(
    folder: Path,
    path: str | None,
    asked: Options,
    seats: Mapping[str, Any],
    seed: int | None,
    overrides: Mapping[str, str],
) -> None:
    """Check that it is the same competition, unedited, on the same terms; extend the budget where a larger one is asked for."""
    registry = Registry.open(folder)
    try:
        _check_unchanged(folder, path, registry)
        fixed.check(registry, asked, seed, overrides)
        options = from_json(Options, registry.setting("options"))
        begun = registry.journal.last_finished_round() >= 0
        wanted, cut = _before_deadline(registry, _extended(options, asked, seats, begun=begun))
    finally:
        registry.close()
    if wanted != options:
        with held(folder):
            _store_options(folder, wanted, cut)


def _before_deadline(registry: Registry, options: Options) -> tuple[Options, str]:
    """The budget, and why it was cut where the competition's deadline comes first."""
    from podium.campaign.submission import deadline

    competition = from_json(Competition, registry.setting("competition"))
    alive = float(registry.setting("alive_s") or 0.0)
    more = None if options.time_s is None else max(0.0, options.time_s - alive)
    time_s, cut = deadline.capped(more, competition.brought.deadline)
    if not cut or time_s is None:
        return options, ""
    return dataclasses.replace(options, time_s=alive + time_s), cut


def _check_unchanged(folder: Path, path: str | None, registry: Registry) -> None:
    """The same competition, and its frozen config as it was. Raises CampaignError."""
    config = folder / "config.json"
    if not config.is_file() or _sha(config.read_bytes()) != registry.setting("config_sha"):
        raise CampaignError(
            f"{config} was edited after the campaign began; it is frozen",
            remedy="put it back, or start a new campaign with --campaign DIR",
        )
    source = str(registry.setting("source"))
    by_slug = path == folder.name and not Path(path).exists()
    if path is not None and not by_slug and Source.of(path).identity not in (source, str(folder.resolve())):
        raise CampaignError(
            f"{folder} is a campaign at another competition",
            expected=source,
            found=path,
            remedy="use --campaign DIR",
        )


def _has_budget(options: Options) -> bool:
    return options.time_s is not None or options.experiments is not None


def _extended(options: Options, asked: Options, seats: Mapping[str, Any], *, begun: bool) -> Options:
    """What the campaign goes on with. Before its first round (`podium init`) nothing rests on the options yet, so what
    is asked for replaces them. Raises CampaignError for a budget of the other kind."""
    if not begun:
        budget = asked if _has_budget(asked) else options
        return dataclasses.replace(
            options,
            time_s=budget.time_s,
            experiments=budget.experiments,
            threads=asked.threads or options.threads,
            team=asked.team or options.team,
            seats=dataclasses.replace(options.seats, **seats),
            memory=options.memory and asked.memory,
        )
    for mine, other, name, remedy in (
        (options.time_s, asked.experiments, "--experiments", "give a larger --time"),
        (options.experiments, asked.time_s, "--time", "give a larger --experiments"),
    ):
        if mine is not None and other is not None:
            raise CampaignError(
                f"this campaign's budget cannot be extended by {name}",
                expected="the kind that it was started with",
                remedy=f"{remedy}, or start another campaign with --campaign DIR",
            )
    longer = options.extended(asked.time_s, asked.experiments)
    players = dataclasses.replace(options.seats, **seats)
    return dataclasses.replace(longer, seats=players, team={**options.team, **asked.team})


def _store_options(folder: Path, options: Options, notice: str = "") -> None:
    """Keep a larger budget, or one that a deadline cut.

    A round that ended the campaign for want of a plan is closed: the next may find one."""
    registry = Registry.create(folder)
    try:
        with registry.database.write():
            registry.set("options", options)
            if notice:
                registry.events.add(float(registry.setting("alive_s") or 0.0), 0, "warning", {"message": notice})
            state = registry.setting("state") or {}
            if state.get("finished") == "plan_empty":
                text = "Nothing was planned in this round; then the budget was extended."
                registry.journal.step(int(state["round"]), "learn", Findings, lambda: Findings(text))
    finally:
        registry.close()


def _is_created(folder: Path) -> bool:
    """False where its making was interrupted, even before the database had tables."""
    database = Database(folder / Registry.FILE)
    try:
        version = database.row("PRAGMA user_version")
        return version is not None and version[0] > 0 and Registry(database).setting("created") is True
    finally:
        database.close()


def _write_config(folder: Path, competition: Competition) -> str:
    data = json.dumps(to_json(competition), indent=2, ensure_ascii=False).encode()
    whole.write(folder / "config.json", data)
    return _sha(data)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
