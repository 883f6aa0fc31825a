"""The reviewer's six checks: change one figure of the registry, and the verdict changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from team_world import FakeCatalog, brief, experiment, facts, recipe, spec

from podium.records import BlendFact, Budget, Check, ExperimentSpec, Facts, Learning, Review
from podium.team.builtin import planner, reviewer
from podium.team.builtin.learnings import SEEDED

CATALOG = FakeCatalog()


def judged(known: Facts) -> Review:
    return reviewer.review(brief("review", known), CATALOG)


def check(known: Facts, name: str) -> Check:
    return next(c for c in judged(known).checks if c.name == name)


def assert_flips(passing: Facts, failing: Facts, name: str) -> None:
    """APPROVED on one set of figures, REVISE for this check on the other, and the revised plan passes it."""
    approved, revised = judged(passing), judged(failing)
    assert approved.verdict == "APPROVED", approved.reason
    assert revised.verdict == "REVISE"
    assert [c.name for c in revised.checks if not c.passed] == [name], revised.reason
    again = planner.revise(brief("revise", replace(failing, review=revised)), CATALOG)
    assert again.experiments, "a better plan exists"
    assert again.experiments != failing.plan
    assert judged(replace(failing, plan=again.experiments)).verdict == "APPROVED"


def mutated(leaves: int, parent: str = "E001", family: str = "lightgbm", **changes: object) -> ExperimentSpec:
    plain = spec(
        family, operator="improve", parents=(parent,), recipe=recipe(family, leaves=leaves), name=f"leaves {leaves}"
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def tunnel(family: str) -> Facts:
    """Two rounds of LightGBM but for E003, whose family is given, and a plan of LightGBM."""
    tried = (
        experiment("E001", score=0.86, round=1, recipe=recipe("lightgbm")),
        experiment("E002", score=0.861, round=2, recipe=recipe("lightgbm", leaves=40)),
        experiment("E003", family, score=0.861, round=2, recipe=recipe(family, leaves=60)),
    )
    return facts(
        round=3,
        experiments=tried,
        families={"lightgbm": 2, family: 1} if family != "lightgbm" else {"lightgbm": 3},
        plan=(mutated(200, expected_gain=0.01, cost_s=1.0),),
    )


def test_tunnel_vision_flips_with_one_experiments_family() -> None:
    assert_flips(tunnel("xgboost"), tunnel("lightgbm"), "tunnel_vision")


def test_tunnel_vision_needs_a_family_that_waits() -> None:
    covered = dict.fromkeys(CATALOG.families(facts().data, facts().competition), 1)
    assert check(replace(tunnel("lightgbm"), families=covered), "tunnel_vision").passed


def forgotten(leaves: int) -> Facts:
    tried = (
        experiment("E001", score=0.86, recipe=recipe("lightgbm")),
        experiment(
            "E002", status="failed", verdict=None, score=None, recipe=recipe("lightgbm", leaves=leaves), message="NaN"
        ),
    )
    wide = spec("mlp", recipe=recipe("mlp"), expected_gain=0.01, cost_s=1.0)
    return facts(round=2, experiments=tried, plan=(mutated(200, expected_gain=0.01, cost_s=1.0), wide))


def test_forgotten_learnings_flips_with_what_a_failed_experiment_had_tried() -> None:
    assert_flips(forgotten(leaves=20), forgotten(leaves=200), "forgotten_learnings")
    assert "E002" in check(forgotten(200), "forgotten_learnings").message


def test_a_learning_contradicted_often_enough_is_remembered() -> None:
    against = Learning("F:binary_classification:knn", "knn helps", "elsewhere", support=1, contradicted=2)
    known = facts(
        learnings=(*SEEDED, against), plan=(spec("knn", recipe=recipe("knn"), expected_gain=1.0, cost_s=1.5),)
    )
    assert check(known, "forgotten_learnings").passed
    worse = replace(known, learnings=(*SEEDED, replace(against, contradicted=3)))
    assert not check(worse, "forgotten_learnings").passed
    assert "F:binary_classification:knn" in judged(worse).reason


def test_improving_what_is_far_behind_contradicts_l2_until_l2_is_overturned() -> None:
    def known(score: float, contradicted: int = 0) -> Facts:
        tried = (experiment("E001", score=0.86), experiment("E002", "linear", score=score))
        learned = tuple(replace(rule, contradicted=contradicted) if rule.id == "L2" else rule for rule in SEEDED)
        return facts(
            round=2,
            experiments=tried,
            champion="E001",
            learnings=learned,
            plan=(mutated(5, "E002", "linear", expected_gain=0.01, cost_s=0.5),),
        )

    assert check(known(0.855), "forgotten_learnings").passed
    assert not check(known(0.845), "forgotten_learnings").passed
    assert check(known(0.845, contradicted=2), "forgotten_learnings").passed


def narrow(leaves: int) -> Facts:
    tried = (
        experiment("E001", score=0.86, recipe=recipe("lightgbm", leaves=100)),
        experiment("E002", "linear", score=0.859, recipe=recipe("linear")),
    )
    return facts(round=2, experiments=tried, plan=(mutated(leaves, expected_gain=0.01, cost_s=1.0),))


def test_narrow_search_flips_with_one_parameter() -> None:
    assert_flips(narrow(leaves=250), narrow(leaves=101), "narrow_search")
    assert check(narrow(101), "narrow_search").figure == pytest.approx(0.2 * 0.00432 / 2, rel=0.01)


def ensemble(correlation: float) -> Facts:
    tried = (
        experiment("E001", score=0.86),
        experiment("E002", score=0.861),
        experiment("E003", "xgboost", score=0.858),
    )
    weights = {"E001": 0.4, "E002": 0.4, "E003": 0.2}
    return facts(
        round=2,
        experiments=tried,
        champion="E002",
        correlations={
            "E001": {"E002": correlation, "E003": 0.98},
            "E002": {"E001": correlation},
            "E003": {"E001": 0.98},
        },
        blends=(BlendFact(1, 0.865, 0.003, weights),),
        plan=(mutated(500, expected_gain=0.01, cost_s=1.0),),
    )


def test_weak_ensemble_flips_with_one_correlation() -> None:
    assert_flips(ensemble(0.99), ensemble(0.997), "weak_ensemble")
    assert check(ensemble(0.997), "weak_ensemble").figure == 0.997


def test_weak_ensemble_flips_with_one_weight() -> None:
    known = ensemble(0.99)
    lone = replace(known, blends=(BlendFact(1, 0.865, 0.003, {"E001": 0.95, "E003": 0.05}),))
    assert check(known, "weak_ensemble").passed
    assert not check(lone, "weak_ensemble").passed


def stuck(last_blend: float) -> Facts:
    tried = tuple(
        experiment(f"E00{k}", family, score=0.86, round=k, recipe=recipe(family, leaves=31 + k))
        for k, family in enumerate(("lightgbm", "xgboost", "lightgbm", "xgboost", "lightgbm"), start=1)
    )
    blends = tuple(
        BlendFact(k, score, 0.003, {}) for k, score in enumerate((0.86, 0.861, 0.861, 0.861, last_blend), start=1)
    )
    return facts(
        round=6,
        experiments=tried,
        blends=blends,
        plan=(
            mutated(9, expected_gain=0.01, cost_s=1.0),
            mutated(300, "E002", "xgboost", cost_s=1.0, expected_gain=0.01),
        ),
    )


def test_missing_bold_moves_flips_with_one_blend_score() -> None:
    assert_flips(stuck(0.864), stuck(0.8612), "missing_bold_moves")
    assert check(stuck(0.8612), "missing_bold_moves").figure == 4


def returns(cost_s: float) -> Facts:
    tried = (experiment("E001", score=0.86, recipe=recipe("lightgbm")), experiment("E002", "linear", score=0.859))
    planned = spec("mlp", recipe=recipe("mlp"), expected_gain=0.002, cost_s=cost_s)
    return facts(round=2, experiments=tried, plan=(planned,))


def test_poor_return_flips_with_one_cost() -> None:
    assert_flips(returns(cost_s=2.0), returns(cost_s=80.0), "poor_return")


def test_poor_return_flips_with_the_time_left() -> None:
    def known(left: float) -> Facts:
        planned = spec("mlp", recipe=recipe("mlp"), expected_gain=0.00005, cost_s=3.0)
        tried = tuple(
            experiment(f"E{k:03d}", family)
            for k, family in enumerate(CATALOG.families(facts().data, facts().competition))
        )
        return replace(
            returns(2.0), round=60, experiments=tried, budget=Budget(left, 120.0, None, 2, 1), plan=(planned,)
        )

    assert check(known(100.0), "poor_return").figure is not None
    assert not check(known(8.0), "poor_return").passed


def test_promising_much_does_not_buy_an_approval() -> None:
    honest = check(returns(80.0), "poor_return")
    boast = replace(returns(80.0), plan=(replace(returns(80.0).plan[0], expected_gain=1000.0),))
    assert not check(boast, "poor_return").passed
    assert honest.figure is not None
    assert (check(boast, "poor_return").figure or 0) < 10 * honest.figure


def test_an_empty_plan_and_a_first_round_are_approved() -> None:
    assert judged(facts()).verdict == "APPROVED"
    first = planner.plan(brief("plan"), CATALOG)
    review = judged(facts(plan=first.experiments))
    assert review.verdict == "APPROVED", review.reason
    assert [c.name for c in review.checks] == [
        "tunnel_vision",
        "forgotten_learnings",
        "narrow_search",
        "weak_ensemble",
        "missing_bold_moves",
        "poor_return",
    ]


def test_reason_and_text_name_the_figures() -> None:
    review = judged(ensemble(0.997))
    assert "0.997" in review.reason
    assert "| weak ensemble | NO | 0.997 |" in review.text
