"""Every refusal of a deliverable, and that it names the field at fault."""

from __future__ import annotations

import dataclasses
import math

import pytest
from team_world import experiment, facts, recipe

from podium.campaign import checks
from podium.errors import BadDeliverable
from podium.recipes import catalog
from podium.records import (
    BlendFact,
    Brief,
    Build,
    Check,
    ExperimentSpec,
    Findings,
    Plan,
    Reopened,
    ResearchBrief,
    Review,
)

SOLUTION = "def fit(train, ctx): ...\ndef predict(model, rows, ctx): ...\n"


def brief(**changes: object) -> Brief:
    known = (experiment("E001"), experiment("E002"))
    return Brief("R03_plan", 3, "plan", "builder", "c", facts(**{"experiments": known, **changes}))


def spec(**changes: object) -> ExperimentSpec:
    plain = ExperimentSpec("deeper", "depth helps", "improve", "lightgbm", ("E001",), recipe=recipe("lightgbm"))
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def refused(*specs: ExperimentSpec, **changes: object) -> str:
    with pytest.raises(BadDeliverable) as caught:
        checks.plan(Plan(specs, ""), brief(**changes))
    return str(caught.value)


def test_a_sound_plan_passes() -> None:
    other = recipe("lightgbm", leaves=7)
    replicate = spec(operator="replicate", seed_offset=1)
    checks.plan(Plan((spec(), spec(recipe=other), replicate, spec(recipe=None, parents=())), ""), brief())
    checks.plan(Plan((), ""), brief())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parents": ("E009",)}, "experiments[0].parents: no experiment 'E009'"),
        ({"seed_offset": 1}, "experiments[0].seed_offset: another seed is a replicate, not a improve"),
        ({"seed_offset": -1, "operator": "replicate"}, "experiments[0].seed_offset: expected 0..10000"),
        ({"seed_offset": 10**12, "operator": "replicate"}, "experiments[0].seed_offset: expected 0..10000"),
        ({"cost_s": math.nan}, "experiments[0].cost_s"),
        ({"cost_s": -1.0}, "experiments[0].cost_s"),
        ({"expected_gain": math.inf}, "experiments[0].expected_gain"),
        ({"recipe": dataclasses.replace(recipe("lightgbm"), kind="quantum")}, "experiments[0].recipe.kind"),
    ],
)
def test_a_plan_is_refused_by_the_field_at_fault(changes: dict[str, object], field: str) -> None:
    assert refused(spec(**changes)).startswith(field)


def test_another_seed_of_ones_own_code_is_refused() -> None:
    assert "another seed is no idea" in refused(spec(operator="replicate", seed_offset=3, recipe=None))


def test_a_repair_mends_what_failed() -> None:
    assert "debug mends" in refused(spec(operator="debug", recipe=None))
    broken = experiment("E001", score=None, status="failed", verdict=None)
    mending = Plan((spec(operator="debug", recipe=None),), "")
    checks.plan(mending, brief(experiments=(broken,)))
    checks.plan(mending, brief(experiments=(experiment("E001", verdict="invalid"),)))
    checks.plan(mending, brief(experiments=(experiment("E001"),), reopened=(Reopened("E001", "stopped by a hair"),)))


def test_one_solution_for_two_experiments_is_refused() -> None:
    other = SOLUTION.replace("ctx", "context")
    planned = brief(plan=(spec(recipe=None), spec(recipe=None, name="another")))
    with pytest.raises(BadDeliverable, match=r"solutions\[1\]: the same solution"):
        checks.build(Build((SOLUTION, other)), planned)


def test_an_idea_is_tried_once() -> None:
    assert "tried before" in refused(spec(), spec(name="the same under another name"))
    assert "tried before" in refused(spec(), fingerprints=(catalog.fingerprint(recipe("lightgbm")),))


def test_a_plan_has_a_length() -> None:
    specs = tuple(spec(recipe=recipe("lightgbm", leaves=leaves)) for leaves in range(2, 12))
    assert refused(*specs) == f"experiments: expected at most {checks.PLAN_LIMIT}; found 10"


def test_a_research_brief_is_short() -> None:
    checks.research(ResearchBrief((), "word " * 500, "raw " * 9000), brief())
    with pytest.raises(BadDeliverable, match="brief: expected at most 500 words; found 501"):
        checks.research(ResearchBrief((), "word " * 501, ""), brief())


def test_a_revise_needs_a_check_that_failed() -> None:
    failed = Check("tunnel_vision", False, 0.9, "one family alone")
    checks.review(Review("REVISE", "", (failed,), ""), brief())
    checks.review(Review("APPROVED", "", (failed,), ""), brief())
    for passed in ((), (dataclasses.replace(failed, passed=True),)):
        with pytest.raises(BadDeliverable, match="verdict"):
            checks.review(Review("REVISE", "", passed, ""), brief())


def built(*solutions: str) -> None:
    checks.build(Build(solutions), brief(plan=(spec(),)))


def test_a_sound_build_passes() -> None:
    built(SOLUTION)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("def fit(train, ctx):", "not Python"),
        ("\0", "not Python"),
        ("\ud800", "not Python"),
        ("x = " + "-" * 150_000 + "1", "not Python"),
        ("x = " + "(" * 5_000 + ")" * 5_000, "not Python"),
        ("def predict(model, rows, ctx): ...", "no function 'fit'"),
        ("def fit(train, ctx): ...", "no function 'predict'"),
        ("if True:\n    def fit(): ...\n    def predict(): ...", "no function 'fit'"),
        (SOLUTION + "#" * checks.SOLUTION_BYTES, f"at most {checks.SOLUTION_BYTES} bytes"),
    ],
)
def test_a_build_is_refused_with_the_reason(source: str, what: str) -> None:
    with pytest.raises(BadDeliverable, match=what) as caught:
        built(source)
    assert str(caught.value).startswith("solutions[0]: ")


@pytest.mark.parametrize("count", [0, 2])
def test_a_build_has_one_solution_for_each_experiment(count: int) -> None:
    with pytest.raises(BadDeliverable, match=f"solutions: expected 1, .* found {count}"):
        built(*[SOLUTION] * count)


def test_findings_cite_what_there_is() -> None:
    blends = (BlendFact(2, 0.8, 0.1, {}),)
    checks.findings(
        Findings(
            "[E001.score] beats [E002.stderr], see [blend.R02.score]; E009 is text, and [0.03] a list of one number"
        ),
        brief(blends=blends),
    )


@pytest.mark.parametrize("text", ["[E009.score]", "[E001.accuracy]", "[E001.__class__]", "[blend.R07.score]"])
def test_findings_that_cite_what_there_is_not_are_refused(text: str) -> None:
    with pytest.raises(BadDeliverable, match="expected a figure of the registry"):
        checks.findings(Findings(text), brief())
