"""A program of the user's own in a seat: a brief on stdin, a deliverable back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from cli_world import BOOK, Team, World, brief, confined, roles, world

from podium.errors import SeatError, UserError
from podium.execution import confine
from podium.records import Findings, Usage, to_json
from podium.team.command import CommandSeat
from podium.team.desk import Allowance
from podium.team.roles import DELIVERABLE_OF
from podium.testing import seat_conformance

__all__ = ["world"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands are confined on Linux alone")


def seat(world: World, *acts: str, role: Any = "researcher", **changes: Any) -> CommandSeat:
    return CommandSeat(str(world.install("program", *acts)), world.desk(role, **changes))


def written(world: World, source: str, role: Any = "researcher") -> CommandSeat:
    """A seat played by this Python source."""
    file = world.root / "own" / "player.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"import json, os, sys\ndocument = json.load(sys.stdin)\n{source}\n")
    return CommandSeat(f"{sys.executable} {file}", world.desk(role))


@confined
def test_conforms_and_asks_once_for_each_brief(world: World) -> None:
    path = str(world.install("program"))
    conforming = Team({role: CommandSeat(path, world.desk(role)) for role in roles()})
    seat_conformance.conform(conforming)
    assert sum(world.calls(role) for role in roles()) == 2 * len(DELIVERABLE_OF)


@confined
@pytest.mark.parametrize("fault", ["empty", "broken", "exit", "babble", "wrong_type"])
def test_a_fault_costs_an_attempt(world: World, fault: str) -> None:
    assert to_json(seat(world, fault, "play").play(brief()).deliverable) == BOOK["R01_research"]
    assert world.calls() == 2


@confined
@pytest.mark.parametrize("manner", ["fenced", "file"])
def test_ways_to_say_it(world: World, manner: str) -> None:
    assert to_json(seat(world, manner).play(brief()).deliverable) == BOOK["R01_research"]


@confined
def test_what_was_wrong_is_said(world: World) -> None:
    source = """
told = {"hypotheses": [], "brief": document["problem"], "raw": str(document["attempt"])}
print(json.dumps(told) if document["attempt"] else '{"colour": 1}')"""
    reply = written(world, source).play(brief())
    assert "unknown field 'colour'" in to_json(reply.deliverable)["brief"]
    assert to_json(reply.deliverable)["raw"] == "1"


@confined
def test_gives_up(world: World) -> None:
    with pytest.raises(SeatError, match="exit 3: panic") as failed:
        seat(world, "exit").play(brief())
    assert world.calls() == 3
    assert failed.value.usage is not None and failed.value.usage.cost_usd is None


@confined
def test_says_what_it_spent(world: World) -> None:
    source = """
json.dump({"tokens_in": 7, "tokens_out": 3, "cost_usd": 0.5}, open("usage.json", "w"))
print(json.dumps({"hypotheses": [], "brief": "b", "raw": "r"}))"""
    usage = written(world, source).play(brief()).usage
    assert (usage.tokens_in, usage.tokens_out, usage.cost_usd) == (7, 3, 0.5)
    for said in ("[]", '{"tokens_in": -1}', '{"colour": 1}', "x" * 20_000):
        odd = (
            f"open('usage.json', 'w').write({said!r})\nprint(json.dumps({{'hypotheses': [], 'brief': 'b', 'raw': ''}}))"
        )
        usage = written(world, odd, "researcher").play(brief(round_=2 + len(said) % 30)).usage
        assert usage == Usage(usage.wall_s, cost_usd=None)


@confined
def test_a_recorded_answer_is_not_asked_for_again(world: World) -> None:
    first = seat(world).play(brief())
    world.install("program", "exit")
    assert CommandSeat(str(world.root / "bin" / "program"), world.desk("researcher")).play(brief()) == first
    world.allowance = Allowance(tokens=0)
    with pytest.raises(SeatError, match="is spent"):
        seat(world).play(brief(round_=2))


@confined
def test_it_sees_its_role_and_the_files_it_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("checks/R01.json", "data/labels.npz", "rounds/R01_review.md", "answers.csv"):
        (world.campaign / name).parent.mkdir(exist_ok=True)
        (world.campaign / name).write_text(f"CANARY-{name}")
    (world.root / "beside").write_text("CANARY-beside")
    (world.root / "user" / "secret").write_text("CANARY-home")
    monkeypatch.setenv("SOME_KEY", "given")
    monkeypatch.setenv("OTHER_KEY", "CANARY-environment")
    monkeypatch.setenv("PODIUM_COMMAND_ENV", "SOME_KEY, MISSING")
    world.places = [str(world.campaign), str(world.root), str(world.root / "user")]
    seat(world, "spy", role="builder").play(brief("plan"))
    seen = (world.campaign / "seats" / "builder" / "work" / "seen.txt").read_text()
    assert "CANARY-rounds/R01_review.md" in seen and "SOME_KEY=given" in seen
    assert seen.count("CANARY-") == seen.count("CANARY-rounds/R01_review.md")
    assert "secret-of-" not in seen


@confined
def test_its_home_remembers(world: World) -> None:
    source = """
file = os.path.expanduser("~/count")
count = len(open(file).read()) if os.path.exists(file) else 0
open(file, "a").write("x")
print(json.dumps({"hypotheses": [], "brief": str(count), "raw": ""}))"""
    player = written(world, source)
    said = [to_json(player.play(brief(round_=number)).deliverable)["brief"] for number in (1, 2, 3)]
    assert said == ["0", "1", "2"]


def test_mistakes_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = world.desk("builder")
    for line in ("", "no-such-program"):
        with pytest.raises(UserError, match="no program"):
            CommandSeat(line, desk)
    monkeypatch.setattr(confine, "why_not", lambda: None)
    for place in (world.campaign, world.root, world.campaign / "podium.db"):
        with pytest.raises(UserError, match="would show it the campaign"):
            CommandSeat(f"python3 {place}", desk)
    monkeypatch.setattr(confine, "why_not", lambda: "it needs Linux (bubblewrap)")
    with pytest.raises(UserError, match="cannot be confined"):
        CommandSeat("python3", desk)


def test_with_leave_it_runs_unconfined(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "why_not", lambda: "bubblewrap (bwrap) is not installed")
    assert to_json(seat(world, unconfined=True).play(brief()).deliverable) == BOOK["R01_research"]


PAGE = (Path(__file__).parents[1] / "docs" / "seats" / "command.md").read_text()


def test_the_page_names_all_that_is_said(world: World) -> None:
    for name in (
        "schema_version",
        "brief",
        "deliverable_schema",
        "attempt",
        "problem",
        "usage.json",
        "deliverable.json",
    ):
        assert f"`{name}`" in PAGE, name


@confined
def test_the_example_on_the_page_plays(world: World) -> None:
    file = world.root / "seat" / "player.py"
    file.parent.mkdir()
    file.write_text(PAGE.split("<<'PY'\n")[1].split("\nPY\n")[0])
    reply = CommandSeat(f"python3 {file}", world.desk("uploader")).play(brief("submit"))
    assert reply.deliverable == Findings("0 experiments tried: submit.", submit=True)
    with pytest.raises(SeatError, match="I play submit alone"):
        CommandSeat(f"python3 {file}", world.desk("reflector")).play(brief("learn"))
