"""What won by far on one model is worn by the drafts that are still to come."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from team_world import QUALITY, FakeCatalog, brief, experiment, facts, recipe

from podium.records import BlendFact, ExperimentFact, Facts
from podium.team.builtin import carried, history, planner
from podium.team.builtin.candidates import candidates
from podium.team.builtin.expectation import Evidence

CATALOG = FakeCatalog()
LEAP = 0.02  # twenty noise floors


def on(
    id: str,
    features: dict[str, Any],
    score: float,
    family: str = "lightgbm",
    parents: tuple[str, ...] = (),
    **params: Any,
) -> ExperimentFact:
    return experiment(id, family, score=score, recipe=recipe(family, features, **params), parents=parents)


def known(*tried: ExperimentFact, weight: str = "E002") -> Facts:
    blends = (BlendFact(2, 0.86, 0.003, {weight: 1.0}),)
    return facts(round=3, experiments=tried, champion=weight, noise_floor=0.001, blends=blends)


PLAIN, LEAPT = on("E001", {"sums": True}, 0.84), on("E002", {"combos": 8}, 0.84 + LEAP)


def test_what_wins_by_far_with_all_else_the_same_is_seen() -> None:
    found = carried.won(known(PLAIN, LEAPT))
    assert set(found) == {"combos"} and found["combos"].value == 8
    assert found["combos"].gain == pytest.approx(LEAP)
    assert (found["combos"].winner.id, found["combos"].control.id) == ("E002", "E001")


@pytest.mark.parametrize(
    "tried",
    [
        (PLAIN, on("E002", {"combos": 8}, 0.844)),  # four noise floors
        (on("E001", {"sums": True}, 0.848, leaves=7), LEAPT),  # other parameters, twelve noise floors
        (on("E001", {"sums": True}, 0.84, rounds=50), LEAPT),  # twenty, but a quick model
        (PLAIN, LEAPT, on("E003", {}, 0.87, leaves=7)),  # beaten by one that lacks it
        (on("E001", {"sums": True}, 0.84, "xgboost"), LEAPT),  # another model
        (PLAIN, on("E002", {"numbers": "rank"}, 0.86)),  # a model's own way of seeing
        (PLAIN, on("E002", {"combos": 0}, 0.86)),  # an option that is off
        (LEAPT,),
        (),
    ],
    ids=["little", "parameters", "quick", "beaten", "model", "view", "off", "alone", "nothing"],
)
def test_nothing_else_counts_as_won(tried: tuple[ExperimentFact, ...]) -> None:
    assert carried.won(known(*tried)) == {}


def test_a_winner_without_weight_in_the_blend_proves_nothing() -> None:
    assert carried.won(known(PLAIN, LEAPT, on("E003", {}, 0.9, "catboost"), weight="E003")) == {}


def test_a_leap_is_too_far_for_parameters_alone() -> None:
    """Where the gate stopped the one with the same parameters, the best of the model says it too."""
    found = carried.won(known(on("E001", {"sums": True}, 0.84, leaves=7), LEAPT))
    assert set(found) == {"combos"} and found["combos"].control.id == "E001"


def test_another_value_of_what_won_takes_nothing_back() -> None:
    found = carried.won(known(PLAIN, LEAPT, on("E003", {"combos": 4}, 0.8605), weight="E003"))
    assert found["combos"].value == 4 and found["combos"].control.id == "E001"


def test_of_other_kinds_nothing_is_carried() -> None:
    """`pairs` of texts are no pairs of categories."""
    texts = [replace(e, recipe=replace(e.recipe, kind="text")) for e in (PLAIN, LEAPT) if e.recipe]
    assert carried.won(known(*texts)) == {}


def test_options_of_target_means_bring_the_means_along() -> None:
    plain, values = on("E001", {"target": True}, 0.84), on("E002", {"target": True, "values": True}, 0.86)
    found = carried.won(known(plain, values))
    assert {name: one.value for name, one in found.items()} == {"values": True, "target": True}


def test_drafts_wear_what_won_and_keep_what_they_say_themselves() -> None:
    before = known(PLAIN, LEAPT)
    drafts = [s for s in candidates(before, CATALOG, random.Random(0)) if s.operator == "draft"]
    assert {s.family for s in drafts} == QUALITY.keys() - {"lightgbm"}, "dressed, the leader's own is what it was"
    assert all(s.recipe is not None and s.recipe.features == {"combos": 8} for s in drafts)
    assert all("combos [E001, E002], which won here" in s.hypothesis for s in drafts)
    found = carried.won(before)
    assert carried.dressed(recipe("knn", {"combos": 4}), found).features == {"combos": 4}
    texts = replace(recipe("knn"), kind="text")
    assert carried.dressed(texts, found) == texts, "another kind reads something else"


def test_a_family_is_held_back_by_its_columns_where_it_was_no_worse_than_what_won_was_on_them() -> None:
    others = enumerate(("xgboost", "mlp", "extra_trees", "linear"), start=5)
    tried = (PLAIN, LEAPT, on("E003", {}, 0.838, "catboost"), on("E004", {}, 0.7, "knn"),
             *(on(f"E{n:03d}", {}, 0.861, family) for n, family in others))  # fmt: skip
    before = known(*tried)
    assert {e.family for e in carried.held_back(before, carried.won(before))} >= {"catboost", "xgboost"}
    again = [s for s in candidates(before, CATALOG, random.Random(0)) if s.operator == "crossover"]
    worn = [s.recipe.features for s in again if s.recipe and s.family == "catboost" and s.parents[0] == "E003"]
    assert worn[:1] == [{"combos": 8}] and not any(s.family == "knn" for s in again)
    assert carried.held_back(known(PLAIN), {}) == []


def test_what_was_tried_is_no_draft_again_for_its_clothes() -> None:
    tried = (PLAIN, LEAPT, on("E003", {}, 0.83, "mlp"), on("E004", {"combos": 8}, 0.83, "knn"))
    drafts = [s.family for s in candidates(known(*tried), CATALOG, random.Random(0)) if s.operator == "draft"]
    assert "mlp" not in drafts and "knn" not in drafts and "catboost" in drafts


def test_what_was_tried_in_other_clothes_is_no_draft_again() -> None:
    """What won may change from round to round: two options now, one then, none for want of a control."""
    tried = (PLAIN, on("E002", {"combos": 8, "near": 10}, 0.86), on("E004", {"combos": 8}, 0.83, "knn"))
    for before in (known(*tried), known(*tried[1:])):
        drafts = [s.family for s in candidates(before, CATALOG, random.Random(0)) if s.operator == "draft"]
        assert "knn" not in drafts and "catboost" in drafts


def test_leaders_of_other_families_lead_the_next_plan_on_what_won() -> None:
    tried = known(PLAIN, LEAPT, on("E003", {"target": True}, 0.835, "catboost"))
    first = planner.plan(brief("plan", tried), CATALOG).experiments[0]
    assert first.recipe == recipe("catboost", {"target": True, "combos": 8})
    assert (first.operator, first.parents) == ("crossover", ("E003", "E002"))
    assert "E003 was tried without what won by far; with combos [E001, E002]" in first.hypothesis
    assert first.expected_gain > 1.5 * 0.001, "how far it was behind on the old columns says little"
    done = on("E004", {"target": True, "combos": 8}, 0.85, "catboost")
    after = candidates(replace(tried, experiments=(*tried.experiments, done)), CATALOG, random.Random(0))
    assert not [s for s in after if s.operator == "crossover" and "won by far" in s.hypothesis], "once each"
    better = on("E005", {"sums": True}, 0.855, "catboost")
    again = candidates(replace(tried, experiments=(*tried.experiments, done, better)), CATALOG, random.Random(0))
    assert not [s for s in again if "won by far" in s.hypothesis], "its own evidence counts now"


def test_taking_back_what_won_is_known_to_lose() -> None:
    """A crossover that puts the leader on the old columns is no better than what it comes from."""
    evidence = Evidence.of(known(PLAIN, LEAPT))
    assert LEAPT.recipe is not None and PLAIN.recipe is not None
    assert evidence.of_changes(LEAPT.recipe, recipe("lightgbm")) > 1.2
    assert evidence.of_changes(PLAIN.recipe, LEAPT.recipe) < 0.8
    assert evidence.of_changes(recipe("lightgbm", leaves=63), recipe("lightgbm")) == 1.0, "nothing is known of leaves"


def test_pairs_are_child_and_parent_and_one_body_on_two_views_each_both_ways() -> None:
    child = on("E003", {}, 0.85, "catboost", parents=("E001",))
    pairs = [(a.id, b.id) for a, b in history.compared(known(PLAIN, LEAPT, child))]
    assert pairs == [("E001", "E002"), ("E001", "E003"), ("E002", "E001"), ("E003", "E001")]
