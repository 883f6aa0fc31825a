"""One role's turn: what is charged, who plays in whose place, what a brief shows, and QA's checks on real runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from engine_world import add_experiments, copy_of, engine_of, telling

from podium.campaign import briefs, phases, quality
from podium.campaign.engine import Engine
from podium.campaign.options import SeatOptions
from podium.errors import SeatError
from podium.execution.local import LocalExecutor
from podium.records import (
    Brief,
    Charter,
    Checks,
    ExperimentSpec,
    Phase,
    Plan,
    QaCheck,
    Reply,
    Requirement,
    ResearchBrief,
    Role,
    Usage,
)
from podium.report.seats import seat_values
from podium.team.builtin import BuiltinSeat
from podium.team.roles import ROLE_OF, SCOPES
from podium.team.scripted import ScriptedSeat
from podium.testing.fake_executor import FakeExecutor


class Answering:
    """A seat that does what a function says, and counts how often it was asked."""

    name = "answering"

    def __init__(self, answer: Callable[[Brief], Reply]) -> None:
        self.answer, self.asked = answer, 0

    def play(self, brief: Brief) -> Reply:
        self.asked += 1
        return self.answer(brief)


def seated(engine: Engine, role: Role, seat: Any) -> Engine:
    engine.seats = {**engine.seats, role: seat}
    return engine


def failing(brief: Brief) -> Reply:
    raise SeatError("no answer", Usage(tokens_in=10, tokens_out=5, cost_usd=0.25))


@pytest.fixture
def engine(made: Path, tmp_path: Path) -> Engine:
    return engine_of(copy_of(made, tmp_path / "c"))


def warnings(engine: Engine) -> list[str]:
    return [e.payload["message"] for e in engine.registry.events.newest(50) if e.kind == "warning"]


def test_a_failed_seat_is_charged_and_the_built_in_one_plays(engine: Engine) -> None:
    charter = phases.charter(seated(engine, "manager", Answering(failing)))
    assert charter.requirements
    assert engine.registry.ledger.known()["usd"] == 0.25
    assert engine.registry.ledger.known()["tokens_in"] == 10
    assert any("manager (answering) could not play charter: no answer; built-in plays" in w for w in warnings(engine))


def test_who_fell_back_and_what_it_cost_is_shown(engine: Engine) -> None:
    engine.registry.set("options", replace(engine.options, team={"manager": "openai:gpt-5", "qa": "host"}))
    phases.charter(seated(engine, "manager", Answering(failing)))
    manager, qa = seat_values(engine.registry)
    assert (manager["seat"], manager["briefs"], manager["fell_back"]) == ("openai:gpt-5", 1, {"charter": 1})
    assert (manager["tokens_in"], manager["tokens_out"], manager["usd"]) == (10, 5, 0.25)
    assert (qa["role"], qa["briefs"], qa["usd"]) == ("qa", 0, 0.0)
    engine.registry.ledger.charge_usage(0, "manager:charter", Usage(1.0, 90, 20, None))
    assert seat_values(engine.registry)[0]["usd"] is None, "one unknown price makes the sum unknown"


def test_a_recorded_turn_is_neither_asked_nor_charged_again(engine: Engine) -> None:
    seat = Answering(lambda brief: replace(BuiltinSeat().play(brief), usage=Usage(1.0, 100, 50, 0.5)))
    phases.charter(seated(engine, "manager", seat))
    phases.charter(engine)
    assert seat.asked == 1
    assert engine.registry.ledger.known()["usd"] == 0.5


def test_no_outside_mind_is_asked_once_the_money_is_spent(engine: Engine) -> None:
    seat = Answering(lambda brief: replace(BuiltinSeat().play(brief), usage=Usage(1.0, 100, 50, 2.0)))
    engine.options = replace(engine.options, seats=SeatOptions(money_usd=1.5))
    engine.purse.options = engine.options
    seated(seated(engine, "manager", seat), "cto", seat)
    phases.terms(engine)
    assert seat.asked == 1
    assert any("1.5 USD that seats may spend are spent" in w for w in warnings(engine))


def test_tokens_are_capped_where_nobody_knows_the_price(engine: Engine) -> None:
    engine.options = replace(engine.options, seats=SeatOptions(tokens=100))
    engine.purse.options = engine.options
    engine.registry.ledger.charge_usage(0, "manager:charter", Usage(1.0, 90, 20, None))
    assert engine.purse.seats_left(engine.registry.ledger).tokens == 0
    assert "tokens" in (engine.purse.seats_spent(engine.registry.ledger) or "")


def test_the_managers_other_reading_is_shown_and_changes_nothing(engine: Engine) -> None:
    reading = {"metric": "Area under the ROC curve", "metric_direction": "lower", "target_column": "died"}
    script = {"charter": Charter("win", (Requirement("Q1", "finite"),), reading)}
    phases.charter(seated(engine, "manager", ScriptedSeat(script)))
    assert engine.registry.setting("disagreements") == [["metric_direction", "higher", "lower"]]
    assert any("metric_direction as 'lower'; intake fixed 'higher', and that stands" in w for w in warnings(engine))


@pytest.mark.parametrize("phase", ROLE_OF)
def test_a_brief_shows_what_the_scope_allows_and_nothing_else(engine: Engine, phase: Phase) -> None:
    phases.eda(engine)
    phases.terms(engine)
    add_experiments(engine, 2)
    shown = briefs.brief(engine, 1, phase, ROLE_OF[phase]).facts
    scope = SCOPES[ROLE_OF[phase]]
    assert bool(shown.experiments) == ("experiments" in scope.facts)
    assert bool(shown.charter) == ("charter" in scope.facts)
    assert bool(shown.fingerprints) == ("fingerprints" in scope.facts)
    assert bool(shown.suggestions) == (phase in ("plan", "revise"))


@pytest.mark.parametrize("role", get_args(Role))
def test_files_named_to_a_role_are_files_it_may_read(engine: Engine, role: Role) -> None:
    phases.eda(engine)
    phases.charter(engine)
    (engine.campaign / "checks").mkdir()
    (engine.campaign / "checks" / "R01.json").write_text("canary")
    named = briefs.named(engine.campaign, SCOPES[role])
    assert all(SCOPES[role].may_read(path) for path in named)
    assert ("checks/R01.json" in named) == (role == "qa")
    assert "podium.db" not in named


def test_what_is_refused_of_the_own_plan_is_left_out_and_told(engine: Engine) -> None:
    good, bad = (
        ExperimentSpec("one", "it may", "draft", "lightgbm"),
        ExperimentSpec("two", "it may", "draft", "x", ("E404",)),
    )
    engine.fallback = Answering(lambda brief: Reply(Plan((bad, good), "two of them")))
    seated(engine, "builder", engine.fallback)
    assert phases.plan(engine, 1, ResearchBrief((), "", "")).experiments == (good,)
    assert any("two: experiments[0].parents: no experiment 'E404'; left out of round 1" in w for w in warnings(engine))


def test_a_builder_that_cannot_build_leaves_the_next_round_to_the_built_in_one(engine: Engine) -> None:
    class Planner(Answering):
        name = "planner"

    def answer(brief: Brief) -> Reply:
        if brief.phase == "build":
            raise SeatError("no code", Usage(tokens_in=1))
        return Reply(Plan((ExperimentSpec("idea", f"a net of round {brief.round}", "draft", "net"),), "plan"))

    seat = Planner(answer)
    seated(engine, "builder", seat)
    found = ResearchBrief((), "brief", "raw")
    by: list[bool] = []
    for round_ in (1, 2, 3):
        planned = phases.plan(engine, round_, found)
        by.append(planned.experiments[0].family == "net")
        phases.build(engine, round_, planned)
    assert by == [True, False, True]
    assert any("planned round 1 and did not build it; built-in plays" in w for w in warnings(engine))


# ---------------------------------------------------------------- QA on experiments


def verified(engine: Engine, checks: tuple[QaCheck, ...], predictions: Callable[..., Any]) -> tuple[str, ...]:
    """Messages of the blocking findings of one experiment whose runs gave these predictions."""
    engine.executor = FakeExecutor(predictions=predictions)
    experiments = add_experiments(engine, 1)
    engine.registry.journal.step(1, "checks", Checks, lambda: Checks(checks, "text"))
    phases.run(engine, 1, experiments)
    found = phases.verify(engine, 1)
    phases.verdicts(engine, 1, found)
    return tuple(alarm.message for one in found for alarm in one.alarms if alarm.severity == "block")


VARIES = QaCheck("predictions differ", "use the features", "varies")


def test_a_failed_check_makes_an_experiment_invalid_and_says_name_and_message_alone(engine: Engine) -> None:
    messages = verified(engine, (VARIES,), lambda run: np.full((len(run.rows), 1), 0.5))
    assert messages == ("QA check 'predictions differ' failed: use the features",)
    (experiment,) = engine.registry.experiments.all()
    assert (experiment.verdict, experiment.message) == ("invalid", messages[0])


def test_a_passed_check_changes_nothing(engine: Engine) -> None:
    assert verified(engine, (VARIES,), telling(engine)) == ()
    assert engine.registry.experiments.all()[0].verdict == "champion"


SOURCE = """
import numpy as np

def check(frame, predictions):
    assert len(frame) == len(predictions)
    assert {condition}, "the canary of the check"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "fails"),
    [("predictions.min() >= 0", False), ("np.nanmax(predictions) < 0.2", True), ("1 / 0", None)],
)
def test_a_check_in_code_runs_in_the_sandbox(engine: Engine, condition: str, fails: bool | None) -> None:
    raw = np.clip(np.random.default_rng(0).random((len(engine.store.scored), 1)), 0, 1)
    experiment = add_experiments(engine, 1)[0]
    engine.executor.close()
    engine.executor = LocalExecutor(1, engine.campaign, files=None)
    try:
        check = QaCheck("small", "predict small numbers", "source", source=SOURCE.replace("{condition}", condition))
        found = quality.failures(engine, experiment, raw, (check,))
    finally:
        engine.executor.close()
    assert [f.message for f in found] == (["QA check 'small' failed: predict small numbers"] if fails else [])
    assert "canary" not in repr(found)
    assert bool(warnings(engine)) == (fails is None)


SPY = """
def check(frame, predictions):
    for path in {paths}:
        try:
            open(path, "rb").read(1)
        except OSError:
            continue
        raise AssertionError(path)
"""


@pytest.mark.slow
def test_a_check_in_code_reads_nothing_of_the_campaign(engine: Engine) -> None:
    home = engine.campaign
    paths = [str(home / name) for name in ("podium.db", "config.json", "data/labels.arrow", "data/ids.arrow")]
    paths.append(str(Path(engine.competition.data_dir) / "train.csv"))
    assert all(Path(path).is_file() for path in paths)
    experiment = add_experiments(engine, 1)[0]
    engine.executor.close()
    engine.executor = LocalExecutor(1, engine.campaign, files=None)
    try:
        check = QaCheck("spy", "nothing to see", "source", source=SPY.replace("{paths}", repr(paths)))
        found = quality.failures(engine, experiment, np.zeros((len(engine.store.scored), 1)), (check,))
    finally:
        engine.executor.close()
    assert found == [] and warnings(engine) == []  # it ran, and every path was closed to it
