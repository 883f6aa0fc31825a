"""The composition root: a campaign is made once, found again, extended, and never bent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_world import copy_of, engine_of

from podium.campaign import loop, phases
from podium.campaign.options import DEFAULT_TIME_S, Options, SeatOptions
from podium.cli import compose, making
from podium.cli.run import parse_team
from podium.errors import CampaignError, EngineBusy, IntakeError, UserError
from podium.records import Findings, Plan, from_json
from podium.registry import Registry
from podium.registry.clock import Clock
from podium.registry.lock import EngineLock


@pytest.fixture
def campaign(made: Path, tmp_path: Path) -> Path:
    return copy_of(made, tmp_path / "c")


def options(folder: Path) -> dict[str, Any]:
    registry = Registry.open(folder)
    found: dict[str, Any] = registry.setting("options") or {}
    registry.close()
    return found


def begin(folder: Path) -> None:
    engine = engine_of(folder)
    phases.eda(engine)
    engine.registry.close()


def test_a_campaign_is_made_once_and_found_again(contest: Path, campaign: Path) -> None:
    before = (campaign / "data" / "dataset.json").stat().st_mtime_ns
    assert making.open_or_create(str(contest / "public"), campaign=campaign, experiments=4) == campaign
    assert making.open_or_create(str(campaign)) == campaign
    assert making.open_or_create(None, campaign=campaign) == campaign
    assert (campaign / "data" / "dataset.json").stat().st_mtime_ns == before


def test_a_slug_finds_its_default_folder(
    contest: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copy_of(made, tmp_path / "campaigns" / "crashes")
    assert making.open_or_create("crashes") == folder
    assert making.open_or_create(str(contest / "public")) == folder
    with pytest.raises(CampaignError, match="another competition"):
        making.open_or_create("elsewhere/crashes")


def test_without_a_budget_there_is_a_default_one(contest: Path, tmp_path: Path) -> None:
    folder = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c")
    assert options(folder)["time_s"] == DEFAULT_TIME_S
    making.open_or_create(str(folder), time_s=120.0, threads=1)
    assert (options(folder)["time_s"], options(folder)["threads"]) == (120.0, 1), "nothing has been played yet"
    making.open_or_create(str(folder), experiments=3)
    assert (options(folder)["time_s"], options(folder)["experiments"]) == (None, 3)
    making.open_or_create(str(folder))
    assert options(folder)["experiments"] == 3


def test_once_begun_a_budget_only_grows(campaign: Path) -> None:
    begin(campaign)
    making.open_or_create(str(campaign), experiments=9)
    assert options(campaign)["experiments"] == 9
    making.open_or_create(str(campaign), experiments=2)
    assert options(campaign)["experiments"] == 9
    with pytest.raises(CampaignError, match=r"--time.*larger --experiments"):
        making.open_or_create(str(campaign), time_s=60.0)


def test_a_budget_is_not_extended_under_a_live_engine(campaign: Path) -> None:
    begin(campaign)
    lock = EngineLock(campaign)
    lock.acquire()
    try:
        making.open_or_create(str(campaign), experiments=4)  # nothing to change: nothing to lock
        with pytest.raises(EngineBusy):
            making.open_or_create(str(campaign), experiments=9)
    finally:
        lock.release()
    assert options(campaign)["experiments"] == 4


def test_an_extension_reopens_what_ended_for_want_of_a_plan(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(phases, "plan", nothing_planned(phases.plan))
        engine = engine_of(campaign)
        assert loop.play(engine) is None
        assert (engine.registry.setting("state") or {})["finished"] == "plan_empty"
        engine.registry.close()
    making.open_or_create(str(campaign), experiments=4)
    assert loop.play(engine_of(campaign)) is None, "the same budget changes nothing"
    making.open_or_create(str(campaign), experiments=5)
    engine = engine_of(campaign)
    assert loop.play(engine) is not None
    assert {e.round for e in engine.registry.experiments.all()} >= {2}
    assert engine.registry.experiments.count() == 5


def nothing_planned(real: Callable[..., Plan]) -> Callable[..., Plan]:
    def plan(engine: Any, round_: int, found: Any) -> Plan:
        return engine.registry.journal.step(round_, "plan", Plan, lambda: Plan((), "nothing"))  # type: ignore[no-any-return]

    return plan


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_the_config_is_frozen(contest: Path, campaign: Path, change: str) -> None:
    config = campaign / "config.json"
    if change == "edit":
        config.write_text(config.read_text().replace('"auc"', '"log_loss"'))
    else:
        config.unlink()
    with pytest.raises(CampaignError, match=r"frozen.*--campaign"):
        making.open_or_create(str(contest / "public"), campaign=campaign)


def test_the_config_is_the_competition_as_registered(campaign: Path) -> None:
    registry = Registry.open(campaign)
    assert json.loads((campaign / "config.json").read_text()) == registry.setting("competition")


def test_a_campaign_belongs_to_its_competition(campaign: Path, tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="another competition"):
        making.open_or_create(str(tmp_path), campaign=campaign)


def test_a_campaign_does_not_live_in_its_competition(contest: Path) -> None:
    before = sorted((contest / "public").iterdir())
    with pytest.raises(CampaignError, match="competition's own folder"):
        making.open_or_create(str(contest / "public"), campaign=contest / "public")
    assert sorted((contest / "public").iterdir()) == before


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"team": {"builder": "oracle"}}, "no seat 'oracle' for builder"),
        ({"team": {"coach": "builtin"}}, "no role 'coach'"),
        ({"executor": "ray"}, "no executor 'ray'"),
    ],
)
def test_a_part_that_there_is_not_is_refused_before_anything_is_made(
    contest: Path, tmp_path: Path, asked: dict[str, Any], what: str
) -> None:
    with pytest.raises(UserError, match=what):
        making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", **asked)
    assert not (tmp_path / "c").exists()


def test_a_team_is_parsed_by_role() -> None:
    assert parse_team("") == {}
    assert parse_team("*=builtin, builder=builtin,") == {"*": "builtin", "builder": "builtin"}
    for wrong in ("builder", "builder=", "coach=builtin"):
        with pytest.raises(UserError, match=r"ROLE=SEAT.*found"):
            parse_team(wrong)


def test_no_competition_makes_no_campaign(tmp_path: Path) -> None:
    with pytest.raises(IntakeError):
        making.open_or_create(str(tmp_path / "nowhere"), campaign=tmp_path / "c")
    assert not (tmp_path / "c").exists()
    with pytest.raises(CampaignError, match="not a campaign"):
        making.open_or_create(None, campaign=tmp_path / "c")


@pytest.mark.parametrize("where", ["before any table", "before the dataset", "before it was said to be whole"])
def test_a_making_that_was_killed_is_completed_by_the_same_command(
    contest: Path, made: Path, tmp_path: Path, where: str
) -> None:
    folder = tmp_path / "c"
    if where == "before any table":
        folder.mkdir()
        sqlite3.connect(folder / Registry.FILE).close()
        (folder / Registry.FILE).touch()
    elif where == "before the dataset":
        folder.mkdir()
        Registry.create(folder).close()
    else:
        copy_of(made, folder)
        registry = Registry.create(folder)
        with registry.database.write() as db:
            db.execute("DELETE FROM meta WHERE key='created'")
        registry.close()
    with pytest.raises(CampaignError, match="interrupted"):
        making.open_or_create(str(folder))
    making.open_or_create(str(contest / "public"), campaign=folder, experiments=2)
    assert options(folder)["experiments"] == 2
    begin(folder)


def test_a_file_that_is_no_database_is_one_line(contest: Path, tmp_path: Path) -> None:
    (tmp_path / Registry.FILE).write_bytes(b"no database, but long enough to be taken for one" * 40)
    with pytest.raises(CampaignError, match="cannot be used"):
        making.open_or_create(str(contest / "public"), campaign=tmp_path)


def test_runs_that_outlived_their_engine_are_charged_once(campaign: Path) -> None:
    registry = Registry.create(campaign)
    clock = Clock(registry.database)
    for name, started_s, wall_s in (("fold_1", 10.0, 100.0), ("fold_2", 20.0, 30.0)):
        folder = campaign / "runs" / "E001" / name
        folder.mkdir(parents=True)
        (folder / "exit.json").write_text(json.dumps({"outcome": "done", "wall_s": wall_s}))
        registry.runs.open_attempt(name, "E001", f"runs/E001/{name}", started_s)
    for _ in range(2):
        compose._charge_adopted(campaign, registry, clock)
        assert 110.0 <= clock.alive_s() < 115.0, "until the last of them ended; side by side counts once"


def test_a_finished_campaign_is_found_finished(campaign: Path) -> None:
    loop.play(engine_of(campaign))
    before = Registry.open(campaign).export()
    assert loop.play(engine_of(campaign)) == campaign / "submission.csv"
    after = Registry.open(campaign)
    assert after.export() == before
    assert (after.setting("state") or {})["round"] > 0


def test_the_configs_team_plays_and_a_flag_comes_first(contest: Path, tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    for file in (contest / "public").iterdir():
        (tmp_path / "public" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "public" / "script").mkdir()
    team = {"builder": "script:script", "qa": "host", "*": "builtin"}
    (tmp_path / "public" / "config.json").write_text(json.dumps({"team": team}))
    made = making.open_or_create(
        str(tmp_path / "public"), campaign=tmp_path / "c", experiments=2, team={"qa": "builtin"}
    )
    assert kept_options(made).team == {"builder": f"script:{tmp_path}/public/script", "qa": "builtin", "*": "builtin"}
    (tmp_path / "public" / "config.json").write_text(json.dumps({"team": {"builder": "oracle"}}))
    with pytest.raises(UserError, match="no seat 'oracle' for builder"):
        making.open_or_create(str(tmp_path / "public"), campaign=tmp_path / "d", experiments=2)
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"overrides": {"metric": "accuracy"}}, r"begun with metric = auc; .*found metric = accuracy; leave it out"),
        ({"overrides": {"target_column": "speed"}}, "target_column ="),
        ({"overrides": {"folds": "7"}}, "folds = what intake found"),
        ({"seed": 5}, "begun with --seed 3; .*found --seed 5"),
        ({"threads": 1}, "begun with --threads 2"),
        ({"memory": False}, "memory: True"),
    ],
)
def test_what_a_campaign_keeps_is_not_passed_over(
    contest: Path, tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    """Else a person would believe that it plays by what was asked for."""
    began = {"seed": 3, "threads": 2, "overrides": {"metric": "auc"}}
    folder = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=2, **began)  # type: ignore[arg-type]
    begin(folder)
    with pytest.raises(CampaignError, match=told):
        making.open_or_create(str(folder), **asked)
    making.open_or_create(str(contest / "public"), campaign=folder, experiments=2, **began)  # type: ignore[arg-type]


def test_a_resume_may_say_what_intake_found_by_itself(contest: Path, tmp_path: Path) -> None:
    folder = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=2)
    known = engine_of(folder).competition
    said = {"metric": known.metric, "target_column": ",".join(known.target_columns), "id_column": known.id_column or ""}
    making.open_or_create(str(folder), seed=0, overrides=said)
    registry = Registry.create(folder)
    registry.set("overrides", None)  # as an older engine left it
    registry.close()
    making.open_or_create(str(folder), overrides={"folds": "7"})


def test_a_resume_may_change_who_plays_and_keeps_other_limits(contest: Path, tmp_path: Path) -> None:
    seats = {"search": "tree", "tokens": 500, "respawn_rounds": 4}
    made = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=2, seats=seats)
    registry = Registry.create(made)
    registry.journal.step(0, "eda", Findings, lambda: Findings("done"))
    registry.close()
    making.open_or_create(str(made), team={"builder": "host"}, seats={"money_usd": 3.0})
    kept = kept_options(made)
    assert kept.team == {"builder": "host"}
    assert kept.seats == SeatOptions("tree", 3.0, 500, respawn_rounds=4)
    making.open_or_create(str(made))
    assert kept_options(made) == kept
    making.open_or_create(str(made), seats={"search": "greedy", "respawn_rounds": 15})
    assert kept_options(made).seats == SeatOptions("greedy", 3.0, 500), "the defaults, asked for"


def kept_options(campaign: Path) -> Options:
    registry = Registry.open(campaign)
    try:
        return from_json(Options, registry.setting("options"))
    finally:
        registry.close()
