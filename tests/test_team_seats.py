"""Seats: the conformance suite on the built-in and the scripted seat, and that the suite can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from team_world import FakeCatalog, brief, facts, spec

from podium.campaign import checks
from podium.errors import BadDeliverable, SeatError
from podium.records import (
    Brief,
    Build,
    Charter,
    Checks,
    Deliverable,
    Findings,
    Phase,
    Plan,
    QaCheck,
    Reply,
    Requirement,
    ResearchBrief,
    Review,
    Stack,
    Usage,
)
from podium.team import schema
from podium.team.builtin import BuiltinSeat
from podium.team.roles import DELIVERABLE_OF
from podium.team.scripted import ScriptedSeat, write_script
from podium.testing import seat_conformance, smollm

SOLUTION = "def fit(train, ctx): ...\ndef predict(model, rows, ctx): ...\n"
SCRIPT: dict[str, Deliverable] = {
    "charter": Charter("win", (Requirement("Q1", "every row has a prediction"),)),
    "stack": Stack(("numpy",), "numpy"),
    "checks": Checks((QaCheck("all rows", "predict every row", "finite"),), "one"),
    "research": ResearchBrief((), "nothing new", "notes"),
    "plan": Plan((), "nothing"),
    "revise": Plan((), "nothing"),
    "review": Review("APPROVED", "fine", (), "fine"),
    "build": Build((SOLUTION,)),
    "learn": Findings("nothing"),
    "submit": Findings("hold"),
    "retro": Findings("nothing"),
}


def test_builtin_seat_conforms() -> None:
    seat_conformance.conform(BuiltinSeat())


def test_builtin_seat_conforms_on_another_catalog() -> None:
    seat_conformance.conform(BuiltinSeat(catalog=FakeCatalog(), source_of=lambda recipe, title, why: SOLUTION))


def test_scripted_seat_conforms(tmp_path: Path) -> None:
    for key, deliverable in SCRIPT.items():
        write_script(tmp_path, key, deliverable)
    seat_conformance.conform(ScriptedSeat(SCRIPT))
    seat_conformance.conform(ScriptedSeat(tmp_path))


class Forgetful:
    """A seat that hands back something else the second time."""

    name = "forgetful"

    def __init__(self) -> None:
        self.times = 0

    def play(self, asked: Brief) -> Reply:
        self.times += 1
        found = SCRIPT.get(asked.phase)
        if found is None:
            raise SeatError(asked.phase)
        return Reply(replace(found, text=f"{self.times}") if isinstance(found, Findings) else found)


def test_conformance_sees_a_seat_that_changes_its_mind() -> None:
    with pytest.raises(AssertionError, match="another deliverable"):
        seat_conformance.conform(Forgetful())
    seat_conformance.conform(Forgetful(), deterministic=False)


@pytest.mark.parametrize(
    ("phase", "deliverable", "problem"),
    [
        ("research", ResearchBrief((), "word " * 501, ""), "500 words"),
        ("plan", Plan((spec(parents=("E999",)),), ""), "E999"),
        ("build", Build(()), "expected 1"),
        ("learn", Findings("0.9 [E999.score]"), "E999"),
    ],
)
def test_conformance_runs_the_engines_own_checks(phase: Phase, deliverable: Deliverable, problem: str) -> None:
    with pytest.raises(BadDeliverable, match=problem):
        seat_conformance.conform(ScriptedSeat({**SCRIPT, phase: deliverable}))


def test_a_seat_that_may_decline_must_say_what_that_cost() -> None:
    class Picky:
        """Builds nothing, as a model that writes no code."""

        name = "picky"

        def __init__(self, spent: Usage | None) -> None:
            self.spent = spent

        def play(self, brief: Brief) -> Reply:
            if brief.phase == "build":
                raise SeatError("I write no code", self.spent)
            return BuiltinSeat().play(brief)

    played = seat_conformance.conform(Picky(Usage(1.0, 10, 5, None)), may_decline=True, at_least=20)
    assert [one.brief_id for one in played if one.problem] == ["R01_build", "R04_build"]
    with pytest.raises(AssertionError, match="expected 21"):
        seat_conformance.conform(Picky(Usage(1.0)), may_decline=True, at_least=21)
    with pytest.raises(AssertionError, match="without saying what it cost"):
        seat_conformance.conform(Picky(None), may_decline=True)
    with pytest.raises(SeatError):
        seat_conformance.conform(Picky(Usage(1.0)))


@pytest.mark.parametrize("phase", DELIVERABLE_OF)
def test_a_narrowed_schema_allows_nothing_that_the_schema_forbids(phase: Phase) -> None:
    """By its own terms: enums are subsets, required fields stay, lists are bounded by what is asked."""
    for known in (seat_conformance.young(), seat_conformance.under_way()):
        wide = schema.of_brief(seat_conformance.brief(phase, known))
        narrow = smollm.narrowed(wide)
        assert set(wide["required"]) <= set(narrow["required"]) <= set(wide["properties"])
        assert narrow["additionalProperties"] is False
        assert '"recipe": {"type": "null"}' in json.dumps(narrow) or "recipe" not in json.dumps(wide)


def test_conformance_wants_the_engines_phases_refused() -> None:
    class Eager(ScriptedSeat):
        def play(self, asked: Brief) -> Reply:
            return super().play(asked) if asked.phase in DELIVERABLE_OF else Reply(Findings("did it"))

    with pytest.raises(AssertionError, match="expected a SeatError"):
        seat_conformance.conform(Eager(SCRIPT))


def test_scripted_seat_prefers_the_brief_to_the_phase() -> None:
    seat = ScriptedSeat({"learn": Findings("any"), "R03_learn": Findings("third")}, usage=Usage(tokens_in=7))
    assert seat.play(brief("learn", facts(round=3))) == Reply(Findings("third"), Usage(tokens_in=7))
    assert seat.play(brief("learn", facts(round=4))).deliverable == Findings("any")


def test_scripted_seat_reads_a_folder_while_it_plays(tmp_path: Path) -> None:
    seat = ScriptedSeat(tmp_path)
    with pytest.raises(SeatError, match="neither 'R01_plan' nor 'plan'"):
        seat.play(brief("plan"))
    write_script(tmp_path, "R01_plan", Plan((spec(),), "one"))
    assert seat.play(brief("plan")).deliverable == Plan((spec(),), "one")


def test_scripted_seat_leaves_the_rest_to_another() -> None:
    seat = ScriptedSeat({"plan": Plan((), "mine")}, otherwise=ScriptedSeat(SCRIPT))
    assert seat.play(brief("plan")).deliverable == Plan((), "mine")
    assert seat.play(brief("learn")).deliverable == SCRIPT["learn"]


def test_scripted_seat_refuses_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(BadDeliverable, match="expected a Plan, found a Findings"):
        ScriptedSeat({"plan": Findings("x")}).play(brief("plan"))
    (tmp_path / "plan.json").write_text('{"experiments": 3, "text": "x"}')
    with pytest.raises(BadDeliverable, match=r"plan\.json: Plan\.experiments: expected a list"):
        ScriptedSeat(tmp_path).play(brief("plan"))
    (tmp_path / "plan.json").write_text("not json")
    with pytest.raises(BadDeliverable, match=r"plan\.json"):
        ScriptedSeat(tmp_path).play(brief("plan"))


def test_what_a_coding_seat_left_unwritten_fails_by_saying_so() -> None:
    """The built-in builder plays for a seat that planned code and could not write it: the campaign goes on."""
    asked = brief("build", facts(plan=(spec(recipe=None), spec(recipe=None))))
    reply = BuiltinSeat().play(asked)
    assert isinstance(reply.deliverable, Build)
    checks.check(reply.deliverable, asked)
    first, second = reply.deliverable.solutions
    assert first != second, "or the second would be refused as tried before"
    names: dict[str, Any] = {}
    exec(first, names)
    with pytest.raises(NotImplementedError, match="handed in no solution"):
        names["fit"](None, None)


def test_builtin_seat_builds_from_recipes_alone() -> None:
    seat = BuiltinSeat()
    with pytest.raises(SeatError, match="known to the catalog"):
        seat.play(brief("build", facts(plan=(spec("no_such_model"),))))
