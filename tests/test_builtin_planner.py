"""The planner: what it chooses, in what order, within what time; and whole campaigns by simulation."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team_world import QUALITY, FakeCatalog, Simulation, brief, data, experiment, facts, recipe, spec

from podium.records import (
    BlendFact,
    Budget,
    Check,
    DataFacts,
    ExperimentFact,
    ExperimentSpec,
    Facts,
    Hypothesis,
    Plan,
    Recipe,
    Reopened,
    Review,
)
from podium.team.builtin import batch, cost, history, planner
from podium.team.builtin.candidates import candidates
from podium.team.builtin.expectation import Evidence
from podium.team.builtin.stock import Catalog

CATALOG = FakeCatalog()


def planned(known: Facts, catalog: Catalog = CATALOG) -> Plan:
    return planner.plan(brief("plan", known), catalog)


def under_way(**changes: object) -> Facts:
    tried = tuple(
        experiment(f"E{k:03d}", family, score=QUALITY[family], round=1, recipe=recipe(family))
        for k, family in enumerate(QUALITY, start=1)
    )
    known = facts(
        round=2, experiments=tried, champion="E007", blends=(BlendFact(1, 0.865, 0.003, {"E005": 0.4, "E007": 0.6}),)
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def test_the_cheapest_sound_baseline_comes_first() -> None:
    first = planned(facts()).experiments
    assert first[0].recipe == CATALOG.portfolio(data(), facts().competition, facts().hardware)[0]
    assert {s.operator for s in first} == {"draft"}
    assert batch.wall_s(first, facts()) <= batch.FIRST_ROUND_S


class OneNet(FakeCatalog):
    """Beside the seven families a net that is tuned for few epochs, 60 seconds each over all folds."""

    def portfolio(self, *known: Any) -> tuple[Recipe, ...]:
        return (*super().portfolio(*known), Recipe("text", "tuned", {}, {"epochs": 3}))

    def cost_s(self, recipe: Recipe, facts: DataFacts, rows: int) -> float:
        return 12.0 * recipe.params["epochs"] if recipe.model == "tuned" else super().cost_s(recipe, facts, rows)


@pytest.mark.parametrize(("left", "epochs"), [(400.0, 3), (290.0, 3), (260.0, 2), (170.0, 1)])
def test_a_net_not_tried_gets_as_many_epochs_as_its_share_of_the_time_holds(left: float, epochs: int) -> None:
    known = under_way(budget=Budget(left, 420.0, None, 2, 1))
    offered = [s for s in candidates(known, OneNet(), random.Random(0)) if s.family == "tuned"]
    assert [s.recipe.params["epochs"] for s in offered if s.recipe] == [epochs]
    tried = experiment("E009", "tuned", recipe=Recipe("text", "tuned", {}, {"epochs": 1}))
    again = replace(known, experiments=(*known.experiments, tried))
    offered = [
        s for s in candidates(again, OneNet(), random.Random(0)) if s.family == "tuned" and s.operator == "draft"
    ]
    assert all(s.recipe and s.recipe.params["epochs"] >= 2 for s in offered), "once tried, it competes on its worth"


def test_a_draft_with_fewer_epochs_keeps_its_place_in_the_portfolio() -> None:
    known = under_way(budget=Budget(260.0, 420.0, None, 2, 1))
    assert planned(known, OneNet()).experiments[0].recipe == Recipe("text", "tuned", {}, {"epochs": 2})


@pytest.mark.parametrize(
    ("left", "weight", "name", "epochs"),
    [
        (400.0, 0.3, "tuned, quick", 3),
        (150.0, 0.3, "tuned, quick", 2),
        (100.0, 0.3, "tuned, quick", None),
        (400.0, 0.05, "tuned, quick", None),
        (400.0, 0.3, "tuned", None),
    ],
)
def test_a_net_that_carries_weight_with_too_few_epochs_gets_more(
    left: float, weight: float, name: str, epochs: int | None
) -> None:
    had = Recipe("text", "tuned", {}, {"epochs": 1})
    tried = experiment("E009", "tuned", score=0.86, recipe=had, name=name, blend_weight=weight)
    known = under_way(budget=Budget(left, 420.0, None, 2, 1))
    known = replace(
        known,
        experiments=(*known.experiments, tried),
        blends=(BlendFact(1, 0.87, 0.003, {"E007": 0.6, "E009": weight}),),
    )
    offered = [s for s in candidates(known, OneNet(), random.Random(0)) if "for want of time" in s.hypothesis]
    assert [s.recipe for s in offered] == ([] if epochs is None else [replace(had, params={"epochs": epochs})])
    lead = planned(known, OneNet()).experiments[0]
    assert (lead.parents == ("E009",)) == (epochs is not None) == (lead.recipe in [s.recipe for s in offered])


def test_what_a_model_reads_with_is_not_taken_away() -> None:
    read = recipe("linear", {"weights": "folder:x", "length": 64, "sums": True})
    tried = experiment("E001", "linear", recipe=read, score=0.9)
    failed = experiment("E002", "linear", recipe=read, status="failed", score=None, message="odd")
    offered = candidates(facts(round=2, experiments=(tried, failed), champion="E001"), CATALOG, random.Random(0))
    plainer = [s.recipe.features for s in offered if s.operator in ("ablate", "debug") and s.recipe]
    assert plainer and all({"weights", "length"} <= features.keys() for features in plainer)


def test_what_a_model_of_texts_does_unasked_it_is_told_not_to() -> None:
    read = Recipe("text", "linear", {"weights": "w", "together": True, "pairs": False}, {})
    tried = experiment("E001", "linear", recipe=read, score=0.9)
    offered = candidates(facts(round=2, experiments=(tried,), champion="E001"), CATALOG, random.Random(0))
    without = [s.recipe.features for s in offered if s.operator == "ablate" and s.recipe]
    assert without == [{"weights": "w", "together": False, "pairs": False}]


def test_a_dear_baseline_comes_alone_and_with_less_effort() -> None:
    large = facts(data=data(n_train=3_000_000))
    chosen = planned(large).experiments
    assert [s.family for s in chosen] == ["linear"]
    assert batch.wall_s(chosen, large) < 2 * batch.FIRST_ROUND_S
    assert chosen[0].name.endswith("quick")


def test_a_lone_slot_is_not_crowded() -> None:
    assert len(planned(facts(budget=Budget(100.0, 120.0, None, 1, 1))).experiments) <= batch.PER_SLOT


def test_breadth_comes_before_improvement() -> None:
    tried = (experiment("E001", "linear", score=0.80), experiment("E002", "lightgbm", score=0.86))
    known = facts(round=2, experiments=tried, families={"linear": 1, "lightgbm": 1})
    families = [s.family for s in planned(known).experiments]
    assert families[0] not in ("linear", "lightgbm")


def test_a_family_starts_with_its_first_setting_in_the_portfolio() -> None:
    class Twice(FakeCatalog):
        def portfolio(self, *args: object) -> tuple[Recipe, ...]:  # type: ignore[override]
            return (recipe("linear"), recipe("mlp"), recipe("mlp", rounds=40), recipe("linear", leaves=7))

    drafts = [s.recipe for s in candidates(facts(), Twice(), random.Random(0)) if s.operator == "draft"]
    assert drafts == [recipe("linear"), recipe("mlp")]
    known = facts(round=2, experiments=(experiment("E001", "linear", score=0.8, recipe=recipe("linear")),))
    drafts = [s.recipe for s in candidates(known, Twice(), random.Random(0)) if s.operator == "draft"]
    assert drafts == [recipe("mlp"), recipe("linear", leaves=7)]


def test_nothing_tried_is_tried_again() -> None:
    known = under_way()
    seen = {CATALOG.fingerprint(e.recipe) for e in known.experiments if e.recipe}
    for seed in range(5):
        for s in planned(replace(known, seed=seed)).experiments:
            assert s.recipe is not None
            assert CATALOG.fingerprint(s.recipe) not in seen


def test_fingerprints_of_experiments_that_the_brief_no_longer_lists_count() -> None:
    everything = tuple(CATALOG.fingerprint(recipe(family)) for family in QUALITY)
    assert planned(facts(fingerprints=everything)).experiments == ()


def test_what_does_not_fit_the_time_left_is_made_cheaper_or_dropped() -> None:
    tight = facts(budget=Budget(3.0, 120.0, None, 2, 1))
    chosen = planned(tight).experiments
    assert chosen
    assert cost.SAFETY * batch.wall_s(chosen, tight) <= 2.0
    quick = [s for s in candidates(tight, CATALOG, random.Random(0)) if s.name.endswith("quick")]
    assert {s.family for s in quick} >= {"lightgbm", "mlp"}
    assert all(s.recipe is not None and s.recipe.params["rounds"] < 400 for s in quick)
    assert "catboost" not in {
        s.family for s in candidates(facts(budget=Budget(1.5, 120.0, None, 2, 1)), CATALOG, random.Random(0))
    }


def test_no_time_no_plan() -> None:
    for left in (0.0, 0.9, 1.05):
        empty = planned(facts(budget=Budget(left, 120.0, None, 2, 1)))
        assert empty.experiments == ()
        assert "the campaign can end" in empty.text


def test_a_slow_machine_plans_less() -> None:
    def seconds(speed: float) -> float:
        known = under_way(budget=Budget(100.0, 120.0, None, 2, 1, speed))
        return sum(s.cost_s for s in planned(known).experiments)

    assert seconds(8.0) < seconds(1.0)


def test_dear_rounds_are_filled_and_leave_time_for_themselves() -> None:
    def known(left: float) -> Facts:
        """Ten rounds have gone, of which seven experiments of 2 CPU-s explain little."""
        return under_way(round=11, budget=Budget(left, 120.0, None, 2, 1))

    quick, slow = known(105.0), known(50.0)
    assert cost.round_overhead_s(quick) < 1 < 5 < cost.round_overhead_s(slow) < 7
    assert batch.round_s(slow) > batch.round_s(quick)
    assert cost.left_s(slow) < 50 - 5
    assert cost.round_overhead_s(under_way(round=11, budget=Budget(None, None, 9, 2, 1))) == 0


def test_counted_experiments_are_not_exceeded_and_ignore_time() -> None:
    for left in (0, 1, 2, 20):
        known = under_way(budget=Budget(None, None, left, 2, 1))
        assert len(planned(known).experiments) == min(left, 3)
    slow = facts(data=data(n_train=1_000_000), budget=Budget(None, None, 20, 2, 1))
    assert planned(slow).experiments


def test_a_hypothesis_is_planned_with_its_sources() -> None:
    idea = Hypothesis(
        "R02.H1", "ratios help", "lightgbm", 0.005, "why", ("P13", "E005"), recipe("lightgbm", {"crosses": 5})
    )
    chosen = planned(under_way(hypotheses=(idea,))).experiments
    found = next(s for s in chosen if s.recipe == idea.recipe)
    assert found.sources == ("P13", "E005")
    assert found.parents == ("E005",)
    assert "P13" in found.hypothesis


def test_a_plateau_brings_something_bold() -> None:
    flat = tuple(BlendFact(k, 0.865, 0.003, {"E005": 1.0}) for k in (1, 2, 3))
    known = under_way(round=4, blends=flat)
    assert any(batch.bold(s, known) for s in planned(known).experiments)


def test_replicates_average_and_are_never_ideas() -> None:
    flat = tuple(BlendFact(k, 0.865, 0.003, {"E005": 0.5, "E007": 0.5}) for k in (1, 2, 3))
    found = candidates(under_way(round=4, blends=flat), CATALOG, random.Random(0))
    copies = [s for s in found if s.operator == "replicate"]
    assert {s.parents for s in copies} == {("E005",), ("E007",)}
    assert all(s.seed_offset == 1 and "bagging" in s.hypothesis for s in copies)
    assert all(s.seed_offset == 0 for s in found if s.operator != "replicate")
    climbing = candidates(under_way(), CATALOG, random.Random(0))
    assert not [s for s in climbing if s.operator == "replicate"], "while ideas pay, no time goes to bagging"


def test_a_failure_for_want_of_memory_is_tried_with_less() -> None:
    failed = experiment(
        "E009", "mlp", status="failed", verdict=None, score=None, message="memory: 900 MB over the limit"
    )
    found = candidates(under_way(experiments=(*under_way().experiments, failed)), CATALOG, random.Random(0))
    debug = [s for s in found if s.operator == "debug"]
    assert [s.parents for s in debug] == [("E009",)]
    assert debug[0].recipe is not None
    assert debug[0].recipe.params["rounds"] == 200


def test_options_that_lost_are_mutated_less() -> None:
    known = under_way()
    worse = tuple(
        experiment(
            f"E1{k}",
            "lightgbm",
            score=0.84,
            round=2,
            parents=("E005",),
            operator="improve",
            recipe=recipe("lightgbm", {"sums": True}, leaves=31 + k),
        )
        for k in range(3)
    )
    after = replace(known, round=3, experiments=(*known.experiments, *worse))
    for seed in range(10):
        rng = random.Random(seed)
        improved = [s for s in candidates(after, CATALOG, rng) if s.operator == "improve" and s.parents == ("E005",)]
        assert not any(s.recipe and s.recipe.features.get("sums") for s in improved)


@given(
    costs=st.lists(st.floats(0.01, 100), min_size=1, max_size=8),
    slots=st.integers(1, 8),
    folds=st.integers(1, 10),
    speed=st.floats(0.2, 5),
)
def test_wall_time_is_between_the_work_and_its_sum(costs: list[float], slots: int, folds: int, speed: float) -> None:
    wall = cost.wall_s(costs, folds, Budget(None, None, None, slots, 1, speed))
    assert wall >= speed * sum(costs) / slots * (1 - 1e-9)
    assert wall <= speed * sum(costs) * (1 + 1e-9)
    assert wall <= cost.wall_s([*costs, 1.0], folds, Budget(None, None, None, slots, 1, speed)) * (1 + 1e-9)


def test_pack_leaves_out_twins_and_crowds() -> None:
    twins = [replace(spec(), operator="improve", parents=("E001",), name=f"{k}") for k in range(4)]
    assert len(batch.pack(twins, facts())) == batch.TWINS
    crowd = [replace(spec(), name=f"{k}") for k in range(4)]
    assert len(batch.pack(crowd, facts(budget=Budget(1000.0, 5000.0, None, 4, 1)))) == batch.FAMILY_CAP


@pytest.mark.parametrize("rounds", [60, 300])
def test_a_quick_baseline_says_little_of_its_family(rounds: int) -> None:
    """Far behind with a seventh of the rounds, the portfolio's own setting is promised as much as a first draft."""
    quick = experiment("E001", score=0.80, recipe=recipe("lightgbm", rounds=rounds))
    known = facts(round=2, experiments=(quick, experiment("E002", "linear", 0.86)), champion="E002")
    (draft,) = [
        s for s in candidates(known, CATALOG, random.Random(0)) if s.family == "lightgbm" and s.operator == "draft"
    ]
    promised = Evidence.of(known).operators["draft"] * 0.001
    assert (draft.expected_gain > 0.7 * promised) == (rounds == 60)


def test_a_revision_has_a_last_try_as_the_plan_has() -> None:
    """With what a round takes beside its runs nothing fits any more; idle time is all that can be lost."""
    tried = tuple(experiment(f"E{n:03d}", "linear", 0.8, cost_s=1.0) for n in range(1, 4))
    known = facts(round=4, experiments=tried, budget=Budget(4.0, 120.0, None, 2, 1))
    assert not batch.pack(planner._ranked(brief("plan", known), CATALOG), known)
    first = planner.plan(brief("plan", known), CATALOG).experiments
    assert first
    review = Review("REVISE", "again", (Check("forgotten_learnings", False, 0.5, "missed"),), "")
    revised = planner.revise(brief("revise", replace(known, plan=first, review=review)), CATALOG)
    assert revised.experiments


def test_revise_without_a_review_is_the_plan() -> None:
    known = under_way()
    assert (
        planner.revise(brief("revise", known), CATALOG).experiments
        == planner.plan(brief("revise", known), CATALOG).experiments
    )


@pytest.mark.parametrize("missed", ["poor_return", "narrow_search", "forgotten_learnings", "weak_ensemble"])
def test_a_revision_holds_each_recipe_once(missed: str) -> None:
    """What a check wants first may be what was planned, said in other words."""
    known = facts(round=2, experiments=(experiment("E001", "linear", score=0.8, recipe=recipe("linear")),))
    review = Review("REVISE", "again", (Check(missed, False, 0.5, "missed"),), "")  # type: ignore[arg-type]
    for k in range(6):
        first = planner.plan(brief("plan", replace(known, seed=k)), CATALOG).experiments
        said = tuple(replace(s, name=f"{s.name}, as planned", expected_gain=s.expected_gain / 2) for s in first)
        revised = planner.revise(brief("revise", replace(known, seed=k + 9, plan=said, review=review)), CATALOG)
        marks = [CATALOG.fingerprint(s.recipe) for s in revised.experiments if s.recipe and s.operator != "replicate"]
        assert len(marks) == len(set(marks)) > 0


# ---------------------------------------------------------------- whole campaigns


@pytest.fixture(scope="module")
def campaign() -> Simulation:
    return Simulation().play(60)


def test_a_campaign_covers_every_family_before_it_tunes(campaign: Simulation) -> None:
    first = {family: min(e.round for e in campaign.done if e.family == family) for family in QUALITY}
    assert max(first.values()) <= 4
    assert campaign.done[0].family == "linear"


def test_a_campaign_repeats_nothing(campaign: Simulation) -> None:
    marks = [CATALOG.fingerprint(e.recipe) for e in campaign.done if e.recipe and e.operator != "replicate"]
    assert len(marks) == len(set(marks))


def test_a_campaign_ends_by_itself_within_its_time(campaign: Simulation) -> None:
    assert campaign.plans[-1].experiments == ()
    assert 0.8 * 120 < campaign.spent_s < 121 + 1.0


@pytest.mark.parametrize("seed", [0, 1])
def test_a_campaign_improves_and_uses_its_operators(seed: int) -> None:
    """Long enough for a plateau: until then no time goes to bagging."""
    campaign = Simulation(time_s=240.0, seed=seed).play(60)
    assert campaign.blends[-1].score > campaign.blends[0].score
    assert {"draft", "improve", "crossover", "replicate"} <= {e.operator for e in campaign.done}


def test_a_campaign_hears_its_reviewer(campaign: Simulation) -> None:
    assert "REVISE" in {r.verdict for r in campaign.reviews}
    assert "APPROVED" in {r.verdict for r in campaign.reviews}


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_machine_is_found_out_in_time(seed: int) -> None:
    slow = Simulation(speed=3.0, seed=seed).play(60)
    assert slow.plans[-1].experiments == ()
    assert slow.spent_s < 125


def test_counted_campaigns_play_every_experiment() -> None:
    counted = Simulation(time_s=None, experiments=25).play(60)
    assert len(counted.done) == 25


def test_the_same_seed_gives_the_same_campaign_and_another_another() -> None:
    one, same, other = (Simulation(time_s=40.0, seed=seed).play(15) for seed in (1, 1, 2))
    assert one.plans == same.plans
    assert one.reviews == same.reviews
    assert one.findings == same.findings
    assert one.plans != other.plans


def test_expected_gains_are_finite_and_not_negative(campaign: Simulation) -> None:
    gains = [s.expected_gain for p in campaign.plans for s in p.experiments]
    assert all(math.isfinite(g) and g >= 0 for g in gains)
    assert all(isinstance(s, ExperimentSpec) and s.cost_s > 0 for p in campaign.plans for s in p.experiments)


def stopped_as_twin(id: str, of: str, **changes: object) -> ExperimentFact:
    return experiment(id, status="killed", score=None, twin=of, **changes)


def test_an_option_that_changes_nothing_is_left_out_of_what_is_tried_on_that_model() -> None:
    leader = experiment("E001", "lightgbm", recipe=recipe("lightgbm", {"sums": True, "target": True}))
    without = stopped_as_twin("E002", "E001", recipe=recipe("lightgbm", {"target": True}), parents=("E001",))
    other = experiment("E003", "mlp", score=0.85, recipe=recipe("mlp", {"sums": True, "target": True}))
    known = facts(round=2, experiments=(leader, without, other), champion="E001")
    assert history.void(known) == {("lightgbm", True, "sums", "True")}
    tried = [s for seed in range(9) for s in candidates(known, CATALOG, random.Random(seed)) if s.recipe]
    of_leader = [s for s in tried if s.recipe and s.family == "lightgbm" and s.operator == "improve"]
    assert of_leader and not any(
        s.recipe and s.recipe.features.get("sums") for s in of_leader if s.recipe.features.get("target")
    )
    assert any(s.recipe and s.recipe.features.get("sums") for s in tried if s.family == "mlp")


def test_options_are_void_where_they_were_added_or_alone() -> None:
    first = experiment("E001", recipe=recipe("lightgbm"))
    one = stopped_as_twin("E002", "E001", recipe=recipe("lightgbm", {"sums": True}))
    two = stopped_as_twin("E003", "E001", recipe=recipe("lightgbm", {"values": True, "sums": True}))
    model = stopped_as_twin("E004", "E001", family="mlp", recipe=recipe("mlp", {"values": True}))
    target = stopped_as_twin("E005", "E001", recipe=recipe("lightgbm", {"target": True}))
    scored = experiment("E006", fold_scores=(0.5,), parents=("E001",), recipe=recipe("lightgbm", {"values": True}))
    other = experiment("E007", fold_scores=(0.6,), recipe=recipe("lightgbm", {"near": 10}))
    instead = stopped_as_twin("E008", "E007", recipe=recipe("lightgbm", {"values": True}))
    sums, values = ("lightgbm", False, "sums", "True"), ("lightgbm", False, "values", "True")
    assert history.void(facts(experiments=(first, one))) == {sums}
    assert history.void(facts(experiments=(first, two))) == {sums, values}
    assert history.void(facts(experiments=(first, model, target, scored, other, instead))) == frozenset()


def test_what_scores_the_same_on_all_folds_repeats_without_a_gate() -> None:
    """Cheap experiments have no gate that could find it."""
    first = experiment("E001", fold_scores=(0.81, 0.83), merit=-0.4, recipe=recipe("lightgbm"))
    same = experiment("E002", fold_scores=(0.81, 0.83), merit=-0.4, recipe=recipe("lightgbm", {"combos": 8}))
    near = experiment("E003", fold_scores=(0.81, 0.83), merit=-0.41, recipe=recipe("lightgbm", {"sums": True}))
    assert history.void(facts(experiments=(first, same, near))) == {("lightgbm", False, "combos", "8")}


@pytest.mark.parametrize(
    "notes", [{"best_iteration": []}, {"best_iteration": ["7"]}, {"best_iteration": [None]}, {"twin": ["E001"]}]
)
def test_notes_of_a_solution_are_read_with_care(notes: dict[str, object]) -> None:
    known = facts(
        round=2, experiments=(experiment("E001", recipe=recipe("lightgbm", patience=9), notes=notes),), champion="E001"
    )
    assert planned(known).experiments


@pytest.mark.parametrize(
    ("reached", "patience", "expected"), [(400, 30, 800), (388, 30, 800), (300, 30, None), (400, 0, None)]
)
def test_boosting_that_used_up_its_rounds_is_given_more(reached: int, patience: int, expected: int | None) -> None:
    tried = recipe("lightgbm", patience=patience)
    known = facts(
        round=2, experiments=(experiment("E001", recipe=tried, notes={"best_iteration": [reached]}),), champion="E001"
    )
    found = {
        s.recipe.params["rounds"]
        for s in candidates(known, CATALOG, random.Random(0))
        if s.recipe and s.parents == ("E001",)
    }
    assert max(found) == (expected or 400)
    if expected:
        offered = [
            s for s in candidates(known, CATALOG, random.Random(0)) if s.recipe and s.recipe.params["rounds"] == 800
        ]
        lead = planned(known).experiments[0].recipe
        assert lead is not None and lead.params["rounds"] == 800, "it leads its round"
        assert "still gaining" in offered[0].hypothesis
        assert offered[0].expected_gain > max(
            s.expected_gain
            for s in candidates(known, CATALOG, random.Random(0))
            if s not in offered and s.operator == "improve"
        )


@pytest.mark.parametrize(("rounds", "leads"), [(400, True), (150, False)])
def test_a_quick_baseline_is_not_made_longer_while_the_portfolio_has_a_longer_one(rounds: int, leads: bool) -> None:
    tried = recipe("lightgbm", patience=9, rounds=rounds)  # the portfolio's has 400
    short = experiment("E001", recipe=tried, notes={"best_iteration": [rounds]})
    lead = planned(facts(round=2, experiments=(short,), champion="E001")).experiments[0]
    assert (lead.recipe is not None and lead.recipe.params["rounds"] == 2 * rounds) == leads


@pytest.mark.parametrize("score", [0.4, 0.86])
def test_boosting_far_behind_is_not_led_by_its_rounds(score: float) -> None:
    short = experiment("E001", score=score, recipe=recipe("lightgbm", patience=30), notes={"best_iteration": [400]})
    known = facts(round=2, experiments=(short, experiment("E002", "linear", 0.8601)), champion="E002")
    assert ("rounds 800" in planned(known).experiments[0].name) == (score == 0.86)


def test_what_was_reopened_and_is_no_longer_listed_is_no_parent() -> None:
    """In a long campaign an experiment leaves the brief between the retro that re-opens it and the plan."""
    again = (
        Reopened("E001", "tried once", recipe("lightgbm", leaves=9)),
        Reopened("E404", "tried once", recipe("mlp", leaves=9)),
    )
    known = facts(
        round=9, experiments=(experiment("E001", recipe=recipe("lightgbm")),), champion="E001", reopened=again
    )
    debugs = [s.parents for s in candidates(known, CATALOG, random.Random(0)) if s.operator == "debug"]
    assert debugs == [("E001",)]
