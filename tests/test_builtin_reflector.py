"""Reflector, retro and uploader: figures that trace to the registry, evidence for and against learnings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team_world import FakeCatalog, Simulation, brief, experiment, facts, recipe

from podium.records import BlendFact, Facts
from podium.team.builtin import conditions, history, planner, reflector, retro, uploader
from podium.team.builtin.learnings import SEEDED
from podium.team.citations import CITATION, cite, problems

CATALOG = FakeCatalog()


def two_rounds(second: float = 0.87) -> Facts:
    tried = (
        experiment("E001", score=0.86, blend_weight=0.7, recipe=recipe("lightgbm")),
        experiment("E002", "linear", score=0.80, round=2, recipe=recipe("linear")),
        experiment("E003", "mlp", score=0.865, round=2, blend_weight=0.3, parents=("E001",), recipe=recipe("mlp")),
        experiment("E004", "knn", score=None, status="failed", verdict=None, round=2, message="MemoryError: 2 GB"),
    )
    blends = (BlendFact(1, 0.86, 0.003, {"E001": 1.0}), BlendFact(2, second, 0.003, {"E001": 0.7, "E003": 0.3}))
    return facts(round=2, experiments=tried, blends=blends, champion="E003")


def test_findings_cite_every_figure_and_the_figures_are_right() -> None:
    known = two_rounds()
    text = reflector.learn(brief("learn", known)).text
    assert "0.865 [E003.score] against 0.86 [E001.score]: worked" in text
    assert "[blend.R02.score]" in text
    assert "MemoryError" in text
    assert len(CITATION.findall(text)) >= 6
    assert problems(text, known) == []


def test_the_champion_is_no_highest_score_and_each_is_compared_with_its_best_parent() -> None:
    known = two_rounds()
    higher = experiment("E005", score=0.866, round=2, parents=("E002", "E003"), recipe=recipe("xgboost"))
    known = replace(known, experiments=(*known.experiments, higher), noise_floor=0.002)
    text = reflector.learn(brief("learn", known)).text
    assert "Champion: mlp with 0.865 [E003.score]." in text and "Highest: lightgbm with 0.866 [E005.score]" in text
    assert "0.866 [E005.score] against 0.865 [E003.score]: made no difference" in text, "not against the poorest"
    assert problems(text, known) == []


def test_a_loss_is_not_told_as_a_small_gain() -> None:
    assert "no gain" in uploader.recommend(two_rounds(0.85))[1]
    assert "less than the noise floor" in uploader.recommend(replace(two_rounds(0.8605), noise_floor=0.002))[1]


def test_a_changed_figure_in_the_registry_is_noticed() -> None:
    text = reflector.learn(brief("learn", two_rounds())).text
    other = replace(two_rounds(), experiments=tuple(replace(e, score=0.5) for e in two_rounds().experiments))
    assert any("[E003.score]: expected 0.5, found 0.865" in problem for problem in problems(text, other))


def test_families_earn_or_lose_evidence_once() -> None:
    learned = {u.id: u for u in reflector.learn(brief("learn", two_rounds())).learnings}
    helped = learned["F:binary_classification:mlp"]
    assert (helped.support, helped.contradicted) == (1, 0)
    assert "F:binary_classification:linear" not in learned, "one quick model says little of a family"
    for round_ in range(3, 8):
        again = replace(two_rounds(), round=round_, learnings=(*SEEDED, *learned.values()))
        told = {u.id: u for u in reflector.learn(brief("learn", again)).learnings if u.id.startswith("F:")}
        assert set(told) == ({"F:binary_classification:linear"} if round_ == 5 else set())
        assert all((vain.support, vain.contradicted) == (0, 1) for vain in told.values())
    assert "F:binary_classification:knn" not in learned, "a failure to run says nothing of a family"


def test_a_family_that_earns_its_weight_late_speaks_for_itself() -> None:
    known = two_rounds()
    late = BlendFact(4, 0.88, 0.003, {"E001": 0.6, "E002": 0.4})
    told = reflector.learn(brief("learn", replace(known, round=4, blends=(*known.blends, late)))).learnings
    (found,) = [u for u in told if u.id.startswith("F:")]
    assert found.id.endswith("linear") and (found.support, found.contradicted) == (1, 0)


def test_evidence_adds_to_what_is_known() -> None:
    known = replace(reflector.learn(brief("learn", two_rounds())).learnings[0], support=4, contradicted=2)
    update = reflector.learn(brief("learn", replace(two_rounds(), learnings=(*SEEDED, known)))).learnings
    found = next(u for u in update if u.id == known.id)
    assert found.support + found.contradicted == 7


def test_a_weak_member_that_carries_weight_contradicts_l2() -> None:
    known = two_rounds()
    useful = replace(known.blends[1], weights={"E001": 0.5, "E002": 0.2, "E003": 0.3})
    updates = reflector.learn(brief("learn", replace(known, blends=(known.blends[0], useful)))).learnings
    rule = next(u for u in updates if u.id == "L2")
    assert rule.contradicted == 1
    assert "E002" in rule.evidence
    assert not any(u.id == "L2" for u in reflector.learn(brief("learn", known)).learnings)


@pytest.mark.parametrize(("second", "submit"), [(0.87, True), (0.8605, False), (0.85, False)])
def test_submission_waits_for_a_gain_above_the_noise_floor(second: float, submit: bool) -> None:
    known = two_rounds(second)
    for findings in (uploader.wish(brief("submit", known)), reflector.learn(brief("learn", known))):
        assert findings.submit is submit
        assert problems(findings.text, known) == []


def test_the_first_blend_is_submitted_and_none_is_not() -> None:
    known = two_rounds()
    assert uploader.recommend(replace(known, blends=known.blends[:1]))[0]
    assert not uploader.recommend(replace(known, blends=()))[0]


def test_lower_is_better_where_the_metric_says_so() -> None:
    known = two_rounds(0.85)
    lower = replace(known, competition=replace(known.competition, metric_direction="lower"))
    assert uploader.recommend(lower)[0]


def test_retro_finds_false_negatives_and_names_the_next_five() -> None:
    killed = experiment("E005", score=None, status="killed", verdict=None, round=2, notes={"behind": 0.0005})
    far = experiment("E006", score=None, status="killed", verdict=None, round=2, notes={"behind": 0.06})
    known = two_rounds()
    known = replace(known, round=10, experiments=(*known.experiments, killed, far), n_experiments=6)
    found = retro.retro(brief("retro", known), CATALOG)
    text = found.text
    section = text.split("## False negatives")[1].split("##")[0]
    assert "E004" in section
    assert "E005" in section
    assert "E006" not in section
    assert len([line for line in text.split("## Next five experiments")[1].splitlines() if line.startswith("1. ")]) == 5
    assert "**not tried**" in text
    assert problems(text, known) == []


def test_what_the_retro_reopens_is_planned_next_with_other_parameters() -> None:
    killed = experiment(
        "E005",
        score=None,
        status="killed",
        verdict=None,
        round=2,
        notes={"behind": 0.0005},
        recipe=recipe("mlp", leaves=7),
    )
    known = two_rounds()
    known = replace(known, round=10, experiments=(*known.experiments, killed), n_experiments=5)
    reopened = retro.retro(brief("retro", known), CATALOG).reopened
    assert {one.experiment for one in reopened} == {"E004", "E005"}
    again = next(one.recipe for one in reopened if one.experiment == "E005")
    assert again is not None and again.model == "mlp" and again != killed.recipe
    first = planner.plan(brief("plan", replace(known, reopened=reopened)), CATALOG).experiments
    assert first[0].parents == ("E004",), "one a round leads, the surest first"
    planned = planner.plan(brief("plan", replace(known, reopened=reopened[1:])), CATALOG).experiments
    spec = next(one for one in planned if one.parents == ("E005",))
    assert (spec.operator, spec.recipe) == ("debug", again)
    assert not any(one.parents == ("E005",) for one in planner.plan(brief("plan", known), CATALOG).experiments)
    done = experiment("E006", "mlp", score=0.86, operator="debug", parents=("E005",), round=10, recipe=again)
    later = replace(known, round=20, experiments=(*known.experiments, done))
    assert "E005" not in {one.experiment for one in retro.retro(brief("retro", later), CATALOG).reopened}


def test_a_family_tried_once_that_came_close_is_reopened() -> None:
    known = replace(two_rounds(), round=10)
    close = tuple(replace(e, score=0.8645, blend_weight=0.0) if e.id == "E002" else e for e in known.experiments)
    assert "E002" not in {one.experiment for one in retro.retro(brief("retro", known), CATALOG).reopened}
    found = retro.retro(brief("retro", replace(known, experiments=close)), CATALOG).reopened
    assert "tried once" in next(one.why for one in found if one.experiment == "E002")


def test_a_whole_campaigns_findings_hold() -> None:
    campaign = Simulation(time_s=60.0)
    for number in range(1, 12):
        if not campaign.round(number):
            break
        known = campaign.facts(number)
        assert problems(campaign.findings[-1].text, known) == []
        assert problems(retro.retro(brief("retro", known), CATALOG).text, known) == []


# ---------------------------------------------------------------- citations


@given(score=st.floats(-1e9, 1e9, allow_nan=False))
def test_a_cited_figure_is_its_own_proof(score: float) -> None:
    known = facts(experiments=(experiment("E001", score=score),))
    assert problems(cite(score, "E001"), known) == []


@given(score=st.floats(0.1, 10), off=st.floats(1.001, 2))
def test_another_figure_is_not(score: float, off: float) -> None:
    known = facts(experiments=(experiment("E001", score=score),))
    assert len(problems(cite(score * off, "E001"), known)) == 1


@pytest.mark.parametrize("text", ["0.9 [E009.score]", "[blend.R07.score]", "0.9 [E001.beauty]", "[E001.message]"])
def test_citations_of_nothing_are_problems(text: str) -> None:
    assert len(problems(text, facts(experiments=(experiment("E001"),)))) == 1


def test_a_blend_of_one_family_that_stopped_gaining_is_told() -> None:
    words = "Homogeneous: nearly all of the blend's weight is lightgbm"
    known = two_rounds(second=0.8601)
    assert words not in reflector.learn(brief("learn", known)).text, "two families"
    same = replace(
        known, experiments=tuple(replace(e, family="lightgbm") if e.id == "E003" else e for e in known.experiments)
    )
    assert words in reflector.learn(brief("learn", same)).text
    gaining = replace(same, blends=two_rounds().blends)
    assert words not in reflector.learn(brief("learn", gaining)).text


def boosted(scores: list[float], **more: float) -> Facts:
    """Boosting in two libraries, by turns, and other families' scores."""
    tried = [
        experiment(f"E{n:03d}", family, score=score, round=n, recipe=recipe(family, leaves=n))
        for n, (family, score) in enumerate(zip(["lightgbm", "xgboost"] * 9, scores, strict=False), start=1)
    ]
    tried += [
        experiment(f"E9{n:02d}", family, score=s, round=9, recipe=recipe(family))
        for n, (family, s) in enumerate(more.items())
    ]
    return facts(round=9, experiments=tuple(tried), champion="E001", noise_floor=0.002)


def test_boostings_ceiling_is_told_and_what_passes_it() -> None:
    flat = [0.860, 0.861, 0.8601, 0.8605, 0.861, 0.8612]
    told = reflector.learn(brief("learn", boosted(flat))).text
    assert "Ceiling: boosting gains no more than noise beyond 0.8612 [E006.score]" in told and "Passed" not in told
    passed = reflector.learn(brief("learn", boosted(flat, mlp=0.87)))
    assert "Passed by" in passed.text and problems(passed.text, boosted(flat, mlp=0.87)) == []
    assert "Passed" not in reflector.learn(brief("learn", boosted(flat, mlp=0.8615))).text, "noise passes nothing"


@pytest.mark.parametrize(
    "scores", [[0.80, 0.81, 0.83, 0.84, 0.85, 0.86], [0.86, 0.861, 0.86, 0.861], []], ids=["rising", "few", "none"]
)
def test_no_ceiling_is_told_too_early(scores: list[float]) -> None:
    known = boosted(scores, mlp=0.85)
    assert history.ceiling(known) is None and "Ceiling" not in reflector.learn(brief("learn", known)).text


def test_the_newest_tries_are_the_newest_beyond_the_thousandth() -> None:
    known = boosted([0.860, 0.861, 0.8601, 0.8605, 0.8609, 0.87])
    ids = [f"E{n}" for n in range(996, 1002)]
    late = replace(known, experiments=tuple(replace(e, id=id_) for e, id_ in zip(known.experiments, ids, strict=True)))
    assert history.ceiling(late) is None, "the last of them gained"


def test_boosting_that_the_gate_stopped_was_tried_too() -> None:
    rising = boosted([0.80, 0.84, 0.86])
    stopped = tuple(
        experiment(
            f"E{n:03d}", status="killed", verdict=None, score=None, recipe=recipe("lightgbm", leaves=n), notes=notes
        )
        for n, notes in enumerate([{"behind": 0.01}] * 4, start=20)
    )
    assert history.ceiling(rising) is None
    known = replace(rising, experiments=rising.experiments + stopped)
    top = history.ceiling(known)
    assert top is not None and top.id == "E003"
    seeds = tuple(replace(e, operator="replicate") for e in stopped)
    assert history.ceiling(replace(rising, experiments=rising.experiments + seeds)) is None
    failed = tuple(replace(e, notes={}) for e in stopped)  # no gate saw what these predict
    assert history.ceiling(replace(rising, experiments=rising.experiments + failed)) is None


def test_at_the_ceiling_a_round_begins_with_another_kind_of_model() -> None:
    known = boosted([0.860, 0.861, 0.8601, 0.8605, 0.861, 0.8612])
    first = planner.plan(brief("plan", known), CATALOG).experiments[0]
    assert first.family not in history.BOOSTED or first.recipe is None or first.recipe.features
    cited = conditions.parse("ceiling").holds(known)
    assert cited == ("E006",)
