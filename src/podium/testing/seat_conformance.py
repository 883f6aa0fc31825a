"""What every seat must do, whatever plays behind it. `conform` runs it all; a failure is an AssertionError that names it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from podium.campaign import checks
from podium.errors import SeatError
from podium.protocol import Column
from podium.records import (
    BlendFact,
    Brief,
    Budget,
    Competition,
    DataFacts,
    Deliverable,
    ExperimentFact,
    ExperimentSpec,
    Facts,
    Hardware,
    Learning,
    Phase,
    Recipe,
    Reply,
    Usage,
    from_json,
    to_json,
)
from podium.team.roles import DELIVERABLE_OF, ROLE_OF
from podium.team.seat import Seat


@dataclass(frozen=True)
class Played:
    """How a phase went. `problem`: why the seat declined; "" where it handed in a valid deliverable."""

    brief_id: str
    usage: Usage
    problem: str = ""


def conform(seat: Seat, *, deterministic: bool = True, may_decline: bool = False, at_least: int = 0) -> list[Played]:
    """Every phase that a seat plays, in a young campaign and in one under way.

    `deterministic`: the same brief twice, or the same brief read back from JSON, gives the same deliverable.
    `may_decline`: a phase may end in a SeatError that says what it cost; `at_least` so many must not.
    """
    assert seat.name, "name: expected some text"
    briefs = [brief(phase, facts) for facts in (young(), under_way()) for phase in DELIVERABLE_OF]
    played = [play_phase(seat, asked, deterministic, may_decline) for asked in briefs]
    check_unknown_phase(seat)
    valid = sum(not one.problem for one in played)
    assert valid >= at_least, f"valid: expected {at_least} of {len(played)}, found {valid}"
    return played


def play_phase(seat: Seat, asked: Brief, deterministic: bool = True, may_decline: bool = False) -> Played:
    """A valid deliverable; or, where the seat may decline, a SeatError whose usage can be charged."""
    try:
        return Played(asked.id, check_phase(seat, asked, deterministic))
    except SeatError as problem:
        if not may_decline:
            raise
        assert problem.usage is not None, f"{asked.id}: declined without saying what it cost"
        check_usage(asked.id, problem.usage)
        return Played(asked.id, problem.usage, str(problem) or "it did not say why")


def check_phase(seat: Seat, asked: Brief, deterministic: bool) -> Usage:
    """The phase's type, the engine's own check, JSON there and back, and usage that can be charged, which comes back."""
    reply = seat.play(asked)
    kind, where = DELIVERABLE_OF[asked.phase], asked.id
    assert isinstance(reply, Reply), f"{where}: expected a Reply"
    assert isinstance(reply.deliverable, kind), f"{where}: expected {kind.__name__}, found {type(reply.deliverable)}"
    checks.check(reply.deliverable, asked)
    again: Deliverable = from_json(kind, to_json(reply.deliverable))
    assert to_json(again) == to_json(reply.deliverable), f"{where}: the deliverable changes on its way through JSON"
    check_usage(where, reply.usage)
    if deterministic:
        check_same(seat, asked, reply.deliverable)
    return reply.usage


def check_usage(where: str, usage: Usage) -> None:
    spent = (usage.wall_s, usage.tokens_in, usage.tokens_out, usage.cost_usd or 0.0)
    assert min(spent) >= 0, f"{where}: usage is negative: {spent}"


def check_same(seat: Seat, asked: Brief, first: Deliverable) -> None:
    """A brief is given again after a crash: then it comes from the journal, as JSON."""
    read_back = from_json(Brief, to_json(asked))
    for name, again in (("the same brief", asked), ("the brief read back from JSON", read_back)):
        found = to_json(seat.play(again).deliverable)
        assert found == to_json(first), f"{asked.id}: {name} gives another deliverable"


def check_unknown_phase(seat: Seat) -> None:
    """The engine's own phases are nobody's to play."""
    engines: tuple[Phase, ...] = ("eda", "run", "verify", "decide")
    for phase in engines:
        asked = Brief(f"R01_{phase}", 1, phase, "manager", ".", young())
        try:
            seat.play(asked)
        except SeatError:
            continue
        raise AssertionError(f"phase {phase!r}: expected a SeatError")


def brief(phase: Phase, facts: Facts) -> Brief:
    """A brief of this phase with what the phases before it have left: build has a plan, revise a review."""
    if phase in ("review", "revise", "checks", "build"):
        facts = replace(facts, plan=(_spec(),))
    return Brief(f"R{facts.round:02d}_{phase}", facts.round, phase, ROLE_OF[phase], ".", facts)


def young() -> Facts:
    """Round 1: nothing has been tried."""
    columns = (
        Column("age", "numeric", n_unique=80),
        Column("fare", "numeric", n_unique=600, missing=0.1),
        Column("stops", "numeric", n_unique=9),
        Column("town", "categorical", n_unique=40),
    )
    return Facts(
        competition=_competition(),
        data=DataFacts(2000, 0, 500, 5, columns, n_outputs=1, target_cardinality=2),
        audit=(),
        hardware=Hardware(2, 4000),
        budget=Budget(None, None, 20, 2, 1),
        round=1,
        seed=0,
        experiments=(),
        n_experiments=0,
        families={},
        champion=None,
        noise_floor=0.0,
        correlations={},
        blends=(),
        learnings=(Learning("L7", "Ask of every failure: exhausted, or tried with wrong parameters?", "conformance"),),
    )


def under_way() -> Facts:
    """Round 4 of a timed campaign: a champion, a blend, a failure."""
    tried = (
        _experiment("E001", 1, "linear", 0.81),
        _experiment("E002", 1, "lightgbm", 0.86),
        _experiment("E003", 2, "extra_trees", 0.84),
        replace(
            _experiment("E004", 3, "mlp", None),
            status="failed",
            verdict=None,
            message="MemoryError: 8 GB over the limit",
        ),
    )
    blends = (
        BlendFact(1, 0.861, 0.004, {"E001": 0.1, "E002": 0.9}),
        BlendFact(2, 0.864, 0.004, {"E002": 0.7, "E003": 0.3}),
        BlendFact(3, 0.864, 0.004, {"E002": 0.7, "E003": 0.3}),
    )
    return replace(
        young(),
        round=4,
        budget=Budget(300.0, 600.0, None, 2, 1),
        experiments=tried,
        n_experiments=len(tried),
        families={e.family: 1 for e in tried},
        champion="E002",
        noise_floor=0.001,
        correlations={"E002": {"E003": 0.96}, "E003": {"E002": 0.96}},
        blends=blends,
    )


def _competition() -> Competition:
    return Competition(
        competition="conformance",
        data_dir="data",
        task_type="binary_classification",
        metric="auc",
        metric_direction="higher",
        target_columns=("late",),
        id_column="id",
        submission_columns=("id", "late"),
        submission_kind="probability",
        classes=("0", "1"),
    )


def _spec() -> ExperimentSpec:
    recipe = Recipe("tabular", "lightgbm", {}, {"rounds": 300, "num_leaves": 11})
    return ExperimentSpec("LightGBM", "boosting adds to the blend", "draft", "lightgbm", cost_s=3.0, recipe=recipe)


def _experiment(id: str, number: int, family: str, score: float | None) -> ExperimentFact:
    return ExperimentFact(
        id=id,
        round=number,
        name=family,
        family=family,
        operator="draft",
        hypothesis=f"{family} adds a view",
        parents=(),
        status="done",
        verdict="champion" if id == "E002" else "pooled",
        score=score,
        stderr=0.004,
        fold_scores=(),
        cost_s=3.0,
        expected_gain=0.001,
        recipe=Recipe("tabular", family),
    )
