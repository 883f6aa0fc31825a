"""What carried blends, remembered from one data set to the next."""

from __future__ import annotations

import multiprocessing
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team_world import FakeCatalog, brief, facts, recipe

from podium.errors import UserError
from podium.records import Recalled
from podium.team.builtin import planner, recalling
from podium.team.builtin.candidates import candidates
from podium.team.memory import recipes
from podium.team.memory.recipes import Carried, Played, Traits

TRAITS = Traits("binary_classification", 8000, 12, 2, 0.6, 0.4, 0.0)
CATALOG = FakeCatalog()


def played(data: str, *families: str, traits: Traits = TRAITS) -> Played:
    share = round(1 / len(families), 4)
    return Played(
        data, "c1", f"contest {data}", traits, tuple(Carried(recipe(one, leaves=9), share) for one in families)
    )


traits = st.builds(
    Traits, st.sampled_from(["regression", "binary_classification"]), st.integers(1, 10**7), st.integers(1, 2000),
    st.integers(1, 100), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip


@given(traits, traits)
def test_likeness_is_a_distance(a: Traits, b: Traits) -> None:
    assert recipes.apart(a, a) == 0
    assert recipes.apart(a, b) == pytest.approx(recipes.apart(b, a), abs=1e-12)
    assert 0 <= recipes.apart(a, b) <= 1 + 1e-9
    if a.task_type != b.task_type or (a.texts < 0.5 <= b.texts):
        assert recipes.apart(a, b) == 1


def test_the_nearest_data_speak_first_and_the_same_data_not_at_all() -> None:
    near = played("near", "catboost", traits=replace(TRAITS, rows=7000))
    further = played("further", "mlp", traits=replace(TRAITS, rows=400))
    other = played("other", "knn", traits=replace(TRAITS, task_type="regression"))
    same = played("same", "linear")
    found = recipes.recall([other, further, near, same], TRAITS, without="same")
    assert [one.recipe.model for one in found] == ["catboost", "mlp"]
    assert found[0].source == "contest near (7,000 rows)" and found[0].weight > found[1].weight


def test_what_carried_several_blends_leads_and_no_family_fills_the_list() -> None:
    many = [played(f"d{k}", "xgboost", "lightgbm") for k in range(3)] + [played("d9", "catboost", "lightgbm")]
    crowd = tuple(Carried(recipe("mlp", leaves=k), 0.25) for k in range(4))
    found = recipes.recall([*many, Played("d8", "c", "contest", TRAITS, crowd)], TRAITS)
    assert found[0].recipe.model == "lightgbm"
    assert sum(one.recipe.model == "mlp" for one in found) == recipes.PER_FAMILY
    assert len(found) <= recipes.RECALLED


def test_a_later_campaign_at_the_same_data_replaces_what_is_known(tmp_path: Path) -> None:
    recipes.keep(tmp_path, played("a", "mlp"))
    recipes.keep(tmp_path, played("b", "knn"))
    recipes.keep(tmp_path, played("a", "linear"))
    assert [(one.data, one.carried[0].recipe.model) for one in recipes.read(tmp_path)] == [
        ("b", "knn"),
        ("a", "linear"),
    ]


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "MOST", 3)
    for name in "abcde":
        recipes.keep(tmp_path, played(name, "mlp"))
    assert [one.data for one in recipes.read(tmp_path)] == ["c", "d", "e"]


def test_campaigns_that_end_at_once_lose_nothing(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(recipes.keep, [(tmp_path, played(str(k), "mlp")) for k in range(12)])
    assert {one.data for one in recipes.read(tmp_path)} == {str(k) for k in range(12)}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 1}', '{"version": 1, "played": [{"data": 3}]}', '{"version": 9, "played": []}']
)
def test_a_damaged_file_is_told_of(tmp_path: Path, text: str) -> None:
    (tmp_path / recipes.FILE).write_text(text)
    with pytest.raises(UserError, match="recipes"):
        recipes.read(tmp_path)


def test_recalled_recipes_take_turns_with_the_portfolio_behind_its_baseline() -> None:
    remembered = (Recalled(recipe("catboost", {"target": True}, leaves=5), 0.4, "contest a (7,000 rows)"),)
    known = facts(recalled=remembered)
    first = planner.plan(brief("plan", known), CATALOG).experiments
    assert first[0].recipe == CATALOG.portfolio(known.data, known.competition, known.hardware)[0]
    offered = [s for s in candidates(known, CATALOG, random.Random(0)) if s.recipe == remembered[0].recipe]
    assert len(offered) == 1 and offered[0].operator == "draft"
    assert "contest a" not in offered[0].hypothesis, "names from elsewhere are told fenced, or not at all"
    baseline = CATALOG.portfolio(known.data, known.competition, known.hardware)[0]
    behind = facts(
        recalled=(*remembered, Recalled(recipe(baseline.model, leaves=99), 0.3, "b"), Recalled(baseline, 0.2, "c"))
    )
    assert planner.plan(brief("plan", behind), CATALOG).experiments[0].recipe == baseline


def test_what_is_of_the_other_data_stays_there() -> None:
    there = recipe("lightgbm", {"files": "prepare", "parts": True, "sums": True})
    gone = Recalled(recipe("transformer"), 0.9, "elsewhere")
    (fitted,) = recalling.fitted(facts(recalled=(gone, Recalled(there, 0.5, "a"))), CATALOG)
    assert fitted[0].features == {"sums": True}
