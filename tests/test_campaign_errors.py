"""Mistakes around a campaign: each a row of docs/errors.md, one line, exit code 2 (or the one named), nothing lost."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_competitions import toy

from podium.cli.main import main
from podium.registry import Registry
from podium.registry.lock import EngineLock

DOCS = Path(__file__).parents[1] / "docs" / "errors.md"
Case = Callable[[Path, Path], list[str]]
CASES: dict[str, tuple[Case, int, tuple[str, ...]]] = {}


def case(code: int, *words: str) -> Callable[[Case], Case]:
    """Registers a mistake: given a competition and a fresh campaign of it, the arguments of the command that makes it."""

    def register(arguments: Case) -> Case:
        CASES[arguments.__name__] = (arguments, code, words)
        return arguments

    return register


@case(2, "too short", "15s at least")
def budget_too_short(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--campaign", str(contest.parent / "new"), "--time", "2s"]


@case(2, "not a duration", "90s")
def time_without_unit(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--time", "5"]


@case(2, "exclude each other")
def two_budgets(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--time", "5m", "--experiments", "3"]


@case(2, "cannot be written", "--campaign")
def unwritable_campaign(contest: Path, campaign: Path) -> list[str]:
    blocked = contest.parent / "blocked"
    blocked.write_text("a file, not a folder")
    return ["run", str(contest), "--campaign", str(blocked / "c")]


@case(2, "competition's own folder", "--campaign")
def campaign_in_the_competition(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--campaign", str(contest)]


@case(2, "campaign at another competition", "--campaign")
def campaign_of_another_competition(contest: Path, campaign: Path) -> list[str]:
    other = shutil.copytree(contest, contest.parent / "other")
    return ["run", str(other), "--campaign", str(campaign)]


@case(2, "edited after the campaign began", "put it back")
def edited_config(contest: Path, campaign: Path) -> list[str]:
    (campaign / "config.json").write_text("{}")
    return ["run", str(contest), "--campaign", str(campaign)]


@case(2, "cannot be extended", "--experiments")
def budget_of_another_kind(contest: Path, campaign: Path) -> list[str]:
    registry = Registry.create(campaign)
    registry.journal.step(0, "eda", dict, dict)
    registry.close()
    return ["run", str(contest), "--campaign", str(campaign), "--time", "10m"]


@case(2, "begun with metric", "--campaign DIR")
def another_metric_on_resume(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--campaign", str(campaign), "--experiments", "2", "--metric", "mcc"]


@case(2, "database", "start a new campaign")
def database_is_garbage(contest: Path, campaign: Path) -> list[str]:
    (campaign / "podium.db").write_bytes(os.urandom(4096))
    return ["status", str(campaign)]


@case(2, "not a campaign", "podium run")
def not_a_campaign(contest: Path, campaign: Path) -> list[str]:
    return ["status", str(contest)]


@case(2, "no seat 'gpt'", "PROVIDER:MODEL")
def unknown_seat(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--team", "builder=gpt"]


@case(2, "--team cannot be understood", "reviewer")
def unknown_role(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--team", "boss=builtin"]


@case(2, "no search policy", "greedy, evolution, tree")
def unknown_policy(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--search", "random"]


@case(2, "no executor", "local")
def unknown_executor(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--executor", "moon"]


@case(2, "unknown option 'metricc'", "did you mean 'metric'")
def misspelled_override(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--campaign", str(contest.parent / "new"), "--set", "metricc=auc"]


@case(2, "--set cannot be understood", "KEY=VALUE")
def override_without_value(contest: Path, campaign: Path) -> list[str]:
    return ["run", str(contest), "--set", "metric"]


@case(4, "another engine")
def a_second_engine(contest: Path, campaign: Path) -> list[str]:
    lock = EngineLock(campaign)
    lock.acquire()
    HELD.append(lock)
    return ["run", str(contest), "--campaign", str(campaign)]


HELD: list[EngineLock] = []


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_one_line_and_loses_nothing(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from podium.cli import making

    monkeypatch.chdir(tmp_path)
    contest = toy(tmp_path / "toy")
    campaign = making.open_or_create(str(contest), campaign=tmp_path / "c", experiments=1)
    arguments, code, words = CASES[name]
    before = sorted(p.name for p in contest.iterdir())
    try:
        found = main(arguments(contest, campaign))
    finally:
        for lock in HELD:
            lock.release()
        HELD.clear()
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("podium: ")]
    assert found == code
    assert len(said) == 1, said
    missing = [word for word in words if word not in said[0]]
    assert not missing, said[0]
    assert sorted(p.name for p in contest.iterdir()) == before
    assert (campaign / "data").is_dir()


def test_the_docs_have_every_case() -> None:
    documented = re.findall(r"^\| `campaign/(\w+)` \|", DOCS.read_text("utf-8"), re.M)
    assert documented == list(CASES)
