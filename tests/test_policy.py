"""Search policies and operators: what a builder that writes code is asked for."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from team_world import experiment, facts

from podium.errors import UserError
from podium.records import ExperimentFact, Facts
from podium.team import policy
from podium.team.policy import POLICIES, lineage, operators, suggest


def world(*experiments: ExperimentFact) -> Facts:
    families: dict[str, int] = {}
    for one in experiments:
        families[one.family] = families.get(one.family, 0) + 1
    return replace(facts(), experiments=experiments, families=families, n_experiments=len(experiments))


def one(
    id_: str, score: float | None, family: str = "lightgbm", parents: tuple[str, ...] = (), **changes: Any
) -> ExperimentFact:
    return experiment(id_, score=score, family=family, parents=parents, **changes)


def test_a_young_campaign_drafts() -> None:
    found = suggest("greedy", world(), "s")
    assert [s.operator for s in found] == ["draft"]
    assert found[0].complexity == "minimal"


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_facts_and_stream_give_the_same_suggestions(name: str) -> None:
    seen = world(*(one(f"E{i:03d}", 0.8 + i / 100, family) for i, family in enumerate("abcd", 1)))
    assert suggest(name, seen, "0:R04") == suggest(name, seen, "0:R04")
    assert 0 < len(suggest(name, seen, "0:R04")) <= policy.SUGGESTIONS


def test_a_failure_is_mended_first_and_shows_what_its_line_failed_with() -> None:
    seen = world(
        one("E001", None, status="failed", verdict=None, message="KeyError: 'x'"),
        one("E002", None, parents=("E001",), status="failed", verdict=None, message="shape (3,)", operator="debug"),
        one("E003", 0.8),
    )
    first = suggest("greedy", seen, "s")[0]
    assert first.operator == "debug" and first.parents == ("E002",)
    assert first.failures == ("E002: shape (3,)", "E001: KeyError: 'x'")


def test_a_line_that_failed_too_often_is_left_alone() -> None:
    line = [one("E001", None, status="failed", verdict=None)]
    for n in range(2, 6):
        line.append(one(f"E{n:03d}", None, parents=(f"E{n - 1:03d}",), status="failed", verdict=None))
    assert not list(operators.debug(world(*line)))


def test_an_invalid_experiment_counts_as_a_failure() -> None:
    seen = world(one("E001", 0.99, verdict="invalid", message="QA check 'p' failed: predict probabilities"))
    assert [s.operator for s in operators.debug(seen)] == ["debug"]


def test_greedy_takes_the_best_until_its_children_bring_nothing() -> None:
    best, second = one("E001", 0.9), one("E002", 0.8)
    chosen = POLICIES["greedy"](world(best, second), random.Random(0))
    assert chosen is not None and chosen.id == "E001"
    tired = [one(f"E{n:03d}", 0.7, parents=("E001",)) for n in range(3, 7)]
    chosen = POLICIES["greedy"](world(best, second, *tired), random.Random(0))
    assert chosen is not None and chosen.id == "E002"


def test_evolution_lets_others_than_the_best_have_children() -> None:
    seen = world(*(one(f"E{i:03d}", 0.8 + i / 100) for i in range(1, 10)))
    chosen = [POLICIES["evolution"](seen, random.Random(i)) for i in range(40)]
    assert len({e.id for e in chosen if e is not None}) > 3


def test_tree_search_returns_to_what_was_visited_little() -> None:
    crowded = [one("E001", 0.9), *(one(f"E{n:03d}", 0.5, parents=("E001",)) for n in range(3, 16))]
    chosen = POLICIES["tree"](world(*crowded, one("E002", 0.89)), random.Random(0))
    assert chosen is not None and chosen.id == "E002"


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_without_anything_valid_has_no_parent(name: str) -> None:
    failed = one("E001", None, status="failed", verdict=None)
    assert POLICIES[name](world(failed), random.Random(0)) is None


def test_complexity_grows_with_depth() -> None:
    assert [operators.complexity(level) for level in (0, 2, 5)] == ["minimal", "moderate", "advanced"]
    line = [one("E001", 0.8)]
    for n in range(2, 8):
        line.append(one(f"E{n:03d}", 0.8, parents=(f"E{n - 1:03d}",)))
    seen = world(*line)
    assert lineage.depth(seen, line[-1]) == 6
    assert operators.improve(seen, line[-1]).complexity == "advanced"
    assert [s.operator for s in operators.ablation(seen, line[-1])] == ["ablate"]


def test_improve_targets_what_the_ablation_says_matters() -> None:
    seen = world(
        one("E001", 0.9),
        one("E002", 0.89, parents=("E001",), operator="ablate", hypothesis="without the training schedule"),
        one("E003", 0.7, parents=("E001",), operator="ablate", hypothesis="without its features"),
    )
    assert operators.improve(seen, seen.experiments[0]).target == "features"


def test_one_component_after_the_other_is_taken_out_and_then_no_more() -> None:
    line = [one("E001", 0.8), one("E002", 0.81, parents=("E001",)), one("E003", 0.82, parents=("E002",))]
    asked = []
    for n in range(4, 9):
        found = list(operators.ablation(world(*line), line[2]))
        asked += [s.target for s in found]
        if found:
            words = f"without its {found[0].target}"
            line.append(one(f"E{n:03d}", 0.7, parents=found[0].parents, operator="ablate", hypothesis=words))
    assert asked == list(operators.COMPONENTS[: operators.ABLATIONS])


def test_a_child_goes_by_its_parents_ablations() -> None:
    line = [one("E001", 0.8), one("E002", 0.81, parents=("E001",)), one("E003", 0.82, parents=("E002",))]
    stopped = one("E004", None, parents=("E003",), operator="ablate", status="killed", hypothesis="without its model")
    better = one("E005", 0.9, parents=("E003",), operator="ablate", hypothesis="without its features")
    child = one("E006", 0.83, parents=("E003",))
    seen = world(*line, stopped, better, child)
    assert operators.improve(seen, child).target == "model", "stopped after a fold: it lost most"
    assert operators.component(world(*line, better, child), child) == "", "what is better without does not matter most"


def test_crossover_joins_what_disagrees() -> None:
    seen = world(one("E001", 0.9, "lightgbm"), one("E002", 0.88, "mlp"), one("E003", 0.87, "extra_trees"))
    apart = {"E001": {"E002": 0.999, "E003": 0.9}}
    found = list(operators.crossover(replace(seen, correlations=apart), seen.experiments[0]))
    assert [s.parents for s in found] == [("E001", "E003")]


def test_an_unknown_policy_is_told_in_one_line() -> None:
    with pytest.raises(UserError, match="greedy, evolution, tree"):
        policy.check_name("random")
